#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../../../shared/models/resnet8_i8.tflite",
    [input_1_int8],
    [identity_int8]
);
