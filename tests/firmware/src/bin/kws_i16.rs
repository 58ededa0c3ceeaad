#![no_std]
#![no_main]

niello_firmware::firmware!(
    {
        fn model(input_1: i16) -> { identity: i16 } = "../../../shared/models/kws_f32.tflite",
        inputs = arena,
        dataset = "../../../shared/data/kws_calibration.npz",
        activations = int16,
    },
    [input_1],
    [identity]
);
