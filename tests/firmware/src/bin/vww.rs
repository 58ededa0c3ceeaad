#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../../../shared/models/vww_i8.tflite",
    [input_1_int8],
    [identity_int8]
);
