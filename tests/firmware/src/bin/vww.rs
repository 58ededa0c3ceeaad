#![no_std]
#![no_main]

niello_firmware::firmware!("../../../shared/models/vww_i8.tflite", [Input1Int8], [identity_int8]);
