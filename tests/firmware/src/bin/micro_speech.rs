#![no_std]
#![no_main]

niello_firmware::firmware!(
    "../../../shared/models/micro_speech_i8.tflite",
    [reshape_1],
    [labels_softmax]
);
