#![no_std]
#![no_main]

niello_firmware::firmware!("../../../shared/models/ad_i8.tflite", [Input1], [identity]);
