#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../models/photo_locator_i8.tflite",
    [hint, image],
    [photo, position, brightness_map]
);
