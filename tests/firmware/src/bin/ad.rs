#![no_std]
#![no_main]

niello_firmware::firmware!("../../../shared/models/ad_i8.tflite", [input_1], [identity]);
