//! Int8 models: every byte of every recorded run of TensorFlow Lite Micro's
//! reference kernels (or, where it lacks an operator, LiteRT's), at every level that
//! the CPU has, with all memory beside guard pages: see `operators`.
#![forbid(unsafe_code)]

use niello_tests::guard::{self, Guarded, SIDES};
use niello_tests::levels::at_every_level;
use niello_tests::{Recorded, flat, here, read_npz, sample_i8, sample_of, samples};

/// A recorded output in the type of what was computed.
fn sample_of_type<T: Recorded>(
    _: &[T],
    record: &[(String, ndarray::ArrayD<f64>)],
    key: &str,
    run: usize,
) -> Vec<T> {
    sample_of(record, key, run)
}

/// Compiles a model and compares it with its record.
macro_rules! conforms {
    ($name:ident, $model:literal, $record:expr, $($state:ident,)? [$($ty:ident $input:literal),*], [$($field:ident $output:literal),*]) => {
        mod $name {
            use super::*;

            niello::include_model! { fn $name = $model }

            #[test]
            fn every_byte() {
                let record = read_npz(&$record);
                let runs = samples(&record);
                assert!(runs > 0);
                at_every_level(|level| for &side in SIDES {
                    guard::announce(stringify!($name), level, side);
                    let mut arena = Guarded::new($name::Arena::new(), side);
                    // Runs are consecutive calls.
                    $(let mut $state = Guarded::new($name::State::default(), side);)?
                    for run in 0..runs {
                        let mut out = Guarded::new($name::Output::ZERO, side);
                        $name::run_into(
                            &mut arena,
                            $(&mut $state,)?
                            $(&Guarded::new(*$name::$ty::from_slice(&sample_i8(&record, concat!("in:", $input), run)).expect("its shape"), side),)*
                            &mut out,
                        );
                        $(
                            let got = flat(&out.$field);
                            let want = sample_of_type(&got, &record, concat!("out:", $output), run);
                            let differing = got.iter().zip(&want).filter(|(a, b)| a != b).count();
                            assert_eq!((got.len(), differing), (want.len(), 0), "{level:?}, run {run}, output {}", $output);
                        )*
                    }
                });
            }
        }
    };
}

/// The project's own models, always.
macro_rules! own {
    ($name:ident, $file:literal, $($rest:tt)*) => {
        conforms!($name, $file, here().join($file.replace(".tflite", ".npz")), $($rest)*);
    };
}

own!(digit_pair, "models/digit_pair_i8.tflite", [Left "left", Right "right"], [sum "sum", left_greater "left_greater"]);
own!(photo_locator, "models/photo_locator_i8.tflite", [Hint "hint", Image "image"], [photo "photo", position "position", brightness_map "brightness_map"]);
own!(tabular_mixture, "models/tabular_mixture_i8.tflite", [WorstFeatures "worst_features", MeanFeatures "mean_features", ErrorFeatures "error_features"], [benign "benign", logits "logits", radius "radius"]);
own!(digit_pair_tap, "models/digit_pair_tap_i8.tflite", [Input0 "input_0", Input1 "input_1"], [result_0 "result_0", result_1 "result_1", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
own!(photo_locator_tap, "models/photo_locator_tap_i8.tflite", [Input0 "input_0", Input1 "input_1"], [result_0 "result_0", result_1 "result_1", result_2 "result_2", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
own!(tabular_mixture_tap, "models/tabular_mixture_tap_i8.tflite", [Input0 "input_0", Input1 "input_1", Input2 "input_2"], [result_0 "result_0", result_1 "result_1", result_2 "result_2", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);

// Models whose scales are the point: `models/requantization.py`.
own!(requantization_ties, "models/requantization_ties_i8.tflite", [X "x"], [high "high", low "low"]);
own!(requantization_widths, "models/requantization_widths_i8.tflite", [X "x"], [depthwise_3 "depthwise_3", depthwise_24 "depthwise_24", depthwise_32 "depthwise_32", depthwise_40 "depthwise_40", depthwise_96 "depthwise_96", depthwise_144 "depthwise_144", depthwise_160 "depthwise_160"]);
own!(requantization_wide, "models/requantization_wide_i8.tflite", [X "x"], [conv_320_mixed "conv_320_mixed", conv_1280_alike "conv_1280_alike"]);

#[cfg(not(shared))]
#[test]
#[ignore = "../shared is not there: its 14 int8 models are skipped"]
fn shared_models() {}

#[cfg(shared)]
mod shared {
    use super::{Guarded, SIDES, at_every_level, guard, sample_of_type};
    use niello_tests::{flat, read_npz, sample_i8, samples, shared};

    macro_rules! shared_model {
        ($name:ident, $file:literal, $($rest:tt)*) => {
            conforms!($name, $file, shared().join(concat!("golden/", stringify!($name), "_i8.npz")), $($rest)*);
        };
    }

    shared_model!(ad, "../../shared/models/ad_i8.tflite", [Input1 "input_1"], [identity "Identity"]);
    shared_model!(ad_tap, "../../shared/models/ad_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
    shared_model!(hello_world, "../../shared/models/hello_world_i8.tflite", [DenseInput "dense_input"], [dense_2 "dense_2"]);
    shared_model!(hello_world_tap, "../../shared/models/hello_world_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1"]);
    shared_model!(kws, "../../shared/models/kws_i8.tflite", [Input1 "input_1"], [identity "Identity"]);
    shared_model!(kws_tap, "../../shared/models/kws_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
    shared_model!(micro_speech, "../../shared/models/micro_speech_i8.tflite", [Reshape1 "Reshape_1"], [labels_softmax "labels_softmax"]);
    shared_model!(micro_speech_tap, "../../shared/models/micro_speech_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1"]);
    shared_model!(resnet8, "../../shared/models/resnet8_i8.tflite", [Input1Int8 "input_1_int8"], [identity_int8 "Identity_int8"]);
    shared_model!(resnet8_tap, "../../shared/models/resnet8_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
    shared_model!(streaming_wakeword, "../../shared/models/streaming_wakeword_i8.tflite", [Input1 "input_1"], [dense "dense"]);
    shared_model!(streaming_wakeword_tap, "../../shared/models/streaming_wakeword_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
    shared_model!(wake_word_alexa, "../../shared/models/wake_word_alexa_i8.tflite", state, [InputAudio "input_audio"], [dense_1 "dense_1"]);
    shared_model!(wake_word_alexa_tap, "../../shared/models/wake_word_alexa_tap_i8.tflite", state, [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);
    shared_model!(vww, "../../shared/models/vww_i8.tflite", [Input1Int8 "input_1_int8"], [identity_int8 "Identity_int8"]);
    shared_model!(vww_tap, "../../shared/models/vww_tap_i8.tflite", [Input0 "input_0"], [result_0 "result_0", tap_0 "tap_0", tap_1 "tap_1", tap_2 "tap_2"]);

    #[cfg(shared_cases)]
    conforms!(first_conv, "../../shared/cases/levels/first_conv_avx512_i8.tflite", shared().join("cases/levels/first_conv_avx512_i8.npz"), [X "x"], [y "y"]);
}
