#![no_std]
#![no_main]

niello_firmware::firmware!("../models/digit_pair_i8.tflite", [Left, Right], [sum, left_greater]);
