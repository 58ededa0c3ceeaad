//! Every operator alone: int8 bytes of the reference's recorded runs, float
//! outputs of the evaluator, and the int8 that comes of the float twin.

use std::path::{Path, PathBuf};

use niello_compiler::evaluate::{Data, Model};
use niello_compiler::{Options, Request};
use niello_tests::{flat, here, read_npz, sample, sample_i8, samples};

fn file(name: &str, ending: &str) -> PathBuf {
    here().join(format!("models/ops/{name}{ending}"))
}

/// Compares the emitted function with the record, and both with the compiler's
/// own plain loops.
macro_rules! operators {
    ($($name:ident $path:literal)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(mod $name {
            use super::*;

            niello::include_model! { fn model = $path }

            #[test]
            fn every_byte() {
                let record = read_npz(&file(stringify!($name), ".npz"));
                let compiler = Model::read(&file(stringify!($name), "_i8.tflite"), &Options::default()).expect("a model");
                let request = Request { model: PathBuf::new(), dataset: None, options: Options::default(), cache: None };
                let quantized = compiler.quantize(&request).expect("int8 already");
                for run in 0..6 {
                    let x = sample_i8(&record, "in:x", run);
                    let want = sample_i8(&record, "out:y", run);
                    let out = model(model::X::from_slice(&x).expect("its shape"));
                    assert_eq!(flat(&out.y), want, "run {run}");
                    let plain = quantized.run_in_arena(&[Data::I8(x)]);
                    assert_eq!(plain, [Data::I8(want)], "plain loops, run {run}");
                }
            }
        })*
    };
}

operators! {
    add_column "models/ops/add_column_i8.tflite"
    add_row "models/ops/add_row_i8.tflite"
    add_self "models/ops/add_self_i8.tflite"
    average_pool "models/ops/average_pool_i8.tflite"
    concat_channels "models/ops/concat_channels_i8.tflite"
    concat_inner "models/ops/concat_inner_i8.tflite"
    conv "models/ops/conv_i8.tflite"
    conv_1x1 "models/ops/conv_1x1_i8.tflite"
    conv_dilated "models/ops/conv_dilated_i8.tflite"
    conv_strided "models/ops/conv_strided_i8.tflite"
    dense "models/ops/dense_i8.tflite"
    dense_rows "models/ops/dense_rows_i8.tflite"
    depthwise "models/ops/depthwise_i8.tflite"
    elu "models/ops/elu_i8.tflite"
    expand_dims "models/ops/expand_dims_i8.tflite"
    gelu "models/ops/gelu_i8.tflite"
    gelu_approximate "models/ops/gelu_approximate_i8.tflite"
    hard_swish "models/ops/hard_swish_i8.tflite"
    leaky_relu "models/ops/leaky_relu_i8.tflite"
    logistic "models/ops/logistic_i8.tflite"
    max_pool "models/ops/max_pool_i8.tflite"
    mean_channels "models/ops/mean_channels_i8.tflite"
    mean_keep "models/ops/mean_keep_i8.tflite"
    mean_mixed "models/ops/mean_mixed_i8.tflite"
    mul_column "models/ops/mul_column_i8.tflite"
    mul_self "models/ops/mul_self_i8.tflite"
    pad "models/ops/pad_i8.tflite"
    pad_conv "models/ops/pad_conv_i8.tflite"
    prelu "models/ops/prelu_i8.tflite"
    relu "models/ops/relu_i8.tflite"
    relu6 "models/ops/relu6_i8.tflite"
    residual "models/ops/residual_i8.tflite"
    softmax "models/ops/softmax_i8.tflite"
    softmax_flat "models/ops/softmax_flat_i8.tflite"
    squeeze "models/ops/squeeze_i8.tflite"
    sub_one "models/ops/sub_one_i8.tflite"
    sub_outer "models/ops/sub_outer_i8.tflite"
    tanh "models/ops/tanh_i8.tflite"
}

#[test]
fn the_list_above_is_the_folder() {
    let mut found: Vec<String> = std::fs::read_dir(here().join("models/ops"))
        .expect("the folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".npz").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
}

#[test]
fn float_evaluator_agrees_with_the_reference() {
    for name in NAMES {
        let record = read_npz(&file(name, ".npz"));
        let model = Model::read(&file(name, "_f32.tflite"), &Options::default()).expect("a model");
        for run in 0..samples(&record) {
            let got = model
                .run(&[&sample(&record, "float:x", run)])
                .expect("its shape");
            let want = sample(&record, "float:y", run);
            assert!(
                relative_error(got[0].iter(), &want) < 1e-5,
                "{name}, run {run}"
            );
        }
    }
}

/// The largest difference by the largest value.
fn relative_error<'a>(got: impl Iterator<Item = &'a f32>, want: &[f32]) -> f32 {
    let scale = want.iter().fold(1e-6_f32, |m, x| m.max(x.abs()));
    got.zip(want)
        .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()))
        / scale
}

#[test]
fn float_twins_quantize_well() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in NAMES {
        let record = read_npz(&file(name, ".npz"));
        let (_, x) = record
            .iter()
            .find(|(key, _)| key == "float:x")
            .expect("recorded");
        let dataset = folder.path().join(format!("{name}.npy"));
        ndarray_npy::write_npy(&dataset, x).expect("writable");
        let sqnr = quantized_sqnr(&file(name, "_f32.tflite"), &dataset);
        assert!(sqnr > 30.0, "{name}: {sqnr:.1} dB");
    }
}

fn quantized_sqnr(path: &Path, dataset: &Path) -> f64 {
    let options = Options::default();
    let model = Model::read(path, &options).expect("a model");
    let request = Request {
        model: path.to_owned(),
        dataset: Some(dataset.to_owned()),
        options: options.clone(),
        cache: None,
    };
    let quantized = model.quantize(&request).expect("a dataset");
    quantized.accuracy(dataset, &options).expect("a dataset")[0].sqnr_db
}
