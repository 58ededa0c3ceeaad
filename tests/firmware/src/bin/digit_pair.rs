#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../models/digit_pair_i8.tflite",
    [left, right],
    [sum, left_greater]
);
