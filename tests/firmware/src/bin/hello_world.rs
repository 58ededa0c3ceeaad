#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../../../shared/models/hello_world_i8.tflite",
    [dense_input],
    [dense_2]
);
