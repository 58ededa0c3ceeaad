//! The float evaluator against LiteRT's recorded outputs, and the emitted
//! functions of float models against the compiler's plain loops.

use std::path::{Path, PathBuf};

use niello_compiler::model::{Model, TensorData};
use niello_compiler::{Options, Request};
use niello_tests::{flat, here, read_npz, sample, samples};

/// The largest difference of any output by that output's largest value.
fn worst(model: &Path, data: &Path, record: &Path, limit: usize) -> f32 {
    let model = Model::read(model, &Options::default()).expect("a model");
    let (data, record) = (read_npz(data), read_npz(record));
    let mut worst = 0.0_f32;
    for run in 0..samples(&record).min(limit) {
        let inputs: Vec<Vec<f32>> = model
            .inputs()
            .iter()
            .map(|p| sample(&data, &p.name, run))
            .collect();
        let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let outputs = model.run(&slices).expect("its shapes");
        for (port, got) in model.outputs().iter().zip(outputs) {
            let want = sample(&record, &format!("out:{}", port.name), run);
            assert_eq!(got.len(), want.len());
            let scale = want.iter().fold(1e-9_f32, |m, x| m.max(x.abs()));
            for (a, b) in got.iter().zip(&want) {
                worst = worst.max((a - b).abs() / scale);
            }
        }
    }
    worst
}

#[test]
fn own_models_agree_with_the_record() {
    for name in ["digit_pair", "photo_locator", "tabular_mixture"] {
        let examples = here().join("../examples/models");
        let worst = worst(
            &examples.join(format!("{name}_f32.tflite")),
            &examples.join(format!("{name}_evaluation.npz")),
            &here().join(format!("models/{name}_f32.npz")),
            200,
        );
        assert!(worst < 1e-4, "{name}: {worst:e}");
    }
}

/// Weights of less than 8 bits, scales of blocks, int8 that says uint8.
#[test]
fn unusual_weights_are_what_they_stand_for() {
    for name in ["hybrid_uint8", "hybrid_int4", "blockwise_int4"] {
        let file = |ending: &str| here().join(format!("models/weights/{name}{ending}"));
        let record = file(".npz");
        let worst = worst(&file("_f32.tflite"), &record, &record, 6);
        assert!(worst < 1e-5, "{name}: {worst:e}");
    }
}

#[cfg(not(shared))]
#[test]
#[ignore = "../shared is not there: its 8 other float models are skipped"]
fn shared_models_agree_with_the_record() {}

#[cfg(shared)]
#[test]
fn shared_models_agree_with_the_record() {
    let shared = niello_tests::shared();
    for name in [
        "ad",
        "face_detection",
        "hand_landmark",
        "hello_world",
        "iris_landmark",
        "kws",
        "resnet8",
        "vww",
    ] {
        // kws has int8 weights on float tensors ("dynamic range"): LiteRT rounds
        // every activation to int8 while it runs, which is no property of the
        // model. Its record here is LiteRT's with the same weights in float32.
        let record = if name == "kws" {
            here().join("models/kws_real_f32.npz")
        } else {
            shared.join(format!("golden/{name}_f32.npz"))
        };
        let worst = worst(
            &shared.join(format!("models/{name}_f32.tflite")),
            &shared.join(format!("data/{name}_evaluation.npz")),
            &record,
            30,
        );
        assert!(worst < 1e-4, "{name}: {worst:e}");
    }
}

niello::include_model! { fn digit_pair = "../examples/models/digit_pair_f32.tflite", dataset = "../examples/models/digit_pair_calibration.npz" }
niello::include_model! { fn tabular = "../examples/models/tabular_mixture_f32.tflite", dataset = "../examples/models/tabular_mixture_calibration.npz" }

fn plain_loops(name: &str, inputs: &[Vec<f32>]) -> Vec<TensorData> {
    let examples = here().join("../examples/models");
    let model = Model::read(
        &examples.join(format!("{name}_f32.tflite")),
        &Options::default(),
    )
    .expect("a model");
    let request = Request {
        model: PathBuf::new(),
        dataset: Some(examples.join(format!("{name}_calibration.npz"))),
        options: Options::default(),
        cache: None,
    };
    let quantized = model.quantize(&request).expect("a dataset");
    let inputs: Vec<TensorData> = inputs.iter().map(|x| TensorData::F32(x.clone())).collect();
    let outputs = quantized.run(&inputs);
    assert_eq!(
        outputs,
        quantized.run_in_arena(&inputs),
        "tensors overlap in the arena"
    );
    outputs
}

/// Everything up to the last function of real values is integers, and the same.
fn assert_close(got: &[f32], want: &TensorData) {
    let TensorData::F32(want) = want else {
        panic!("an f32 output")
    };
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a} {b}");
    }
}

#[test]
fn emitted_functions_are_the_measured_ones() {
    let examples = here().join("../examples/models");
    let data = read_npz(&examples.join("digit_pair_evaluation.npz"));
    for run in [0, 7, 300] {
        let (left, right) = (sample(&data, "left", run), sample(&data, "right", run));
        let out = digit_pair(
            digit_pair::Left::from_slice(&left).expect("its shape"),
            digit_pair::Right::from_slice(&right).expect("its shape"),
        );
        let plain = plain_loops("digit_pair", &[left, right]);
        assert_close(&flat(&out.sum), &plain[0]);
        assert_close(&flat(&out.left_greater), &plain[1]);
    }
    let data = read_npz(&examples.join("tabular_mixture_evaluation.npz"));
    for run in 0..20 {
        let [worst, mean, error] =
            ["worst_features", "mean_features", "error_features"].map(|k| sample(&data, k, run));
        let out = tabular(
            tabular::WorstFeatures::from_slice(&worst).expect("its shape"),
            tabular::MeanFeatures::from_slice(&mean).expect("its shape"),
            tabular::ErrorFeatures::from_slice(&error).expect("its shape"),
        );
        let plain = plain_loops("tabular_mixture", &[worst, mean, error]);
        assert_close(&flat(&out.benign), &plain[0]);
        assert_close(&flat(&out.logits), &plain[1]);
        assert_close(&flat(&out.radius), &plain[2]);
    }
}
