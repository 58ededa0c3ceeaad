#![no_std]
#![no_main]

niello_firmware::firmware!(
    {
        fn model(input_1: i16) -> { identity: i16 } = "../../../shared/models/resnet8_f32.tflite",
        inputs = arena,
        dataset = "../../../shared/data/resnet8_calibration.npz",
        activations = int16,
    },
    [input_1],
    [identity]
);
