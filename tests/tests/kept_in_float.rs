//! `tensors(..: float)`: operators that stay in float.

use std::collections::BTreeSet;

use niello_compiler::model::{Model, Profile, TensorData};
use niello_compiler::{ElementType, Method, Options, PortChoice, Request};
use niello_tests::{cases, flat, here, read_npz, sample, sample_of, wide_sample};

/// Operators that cannot be kept in float.
const NEVER: &[&str] = &[
    "ADD_N",
    "CUMSUM",
    "EMBEDDING_LOOKUP",
    "FAKE_QUANT",
    "L2_NORMALIZATION",
    "ONE_HOT",
    "REDUCE_PROD",
    "RESIZE_BILINEAR",
    "SVDF",
    "TOPK_V2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
];

/// Their masks are comparisons, which have int8 operands also here.
const MASKED: &[&str] = &["select_computed", "select_constant"];

/// Their loops take the token that ARG_MAX chooses, from int8 operands also here: another one in
/// one round changes all that follow.
const CHOOSES: &[&str] = &["while_behind", "while_greedy"];

/// Every operator case, all of it in float: what is left is rounding of single
/// precision.
#[test]
fn whole_models_in_float_are_the_float_models() {
    let mut refused = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases::all() {
        let Some(path) = &case.float else { continue };
        if MASKED.contains(&case.name.as_str()) || CHOOSES.contains(&case.name.as_str()) {
            continue;
        }
        let plain = Model::read(path, &Options::default()).expect("a model");
        let mut options = Options::default();
        options.tensors = plain
            .tensors(&options)
            .expect("a model")
            .into_iter()
            .map(|name| (name, Method::Float))
            .collect();
        let model = Model::read(path, &options).expect("a model");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dataset = folder.path().join("samples.npz");
        case.write_samples(&model, &dataset, 0..20);
        let request = Request {
            model: path.clone(),
            dataset: Some(dataset),
            options,
            cache: None,
        };
        let quantized = match model.quantize(&request) {
            Ok(quantized) => quantized,
            Err(error) => {
                let text = error.to_string();
                let name = text.split_once(": ").map_or("", |(_, what)| what);
                refused.insert(name.split(' ').next().unwrap_or("").to_owned());
                continue;
            }
        };
        let calls: Vec<Vec<TensorData>> = (0..60)
            .map(|run| case.inputs(&model, "float", run))
            .collect();
        for (run, got) in quantized
            .run_sequence(&calls, Profile::Mcu, false)
            .into_iter()
            .enumerate()
        {
            for (port, got) in model.outputs().iter().zip(got) {
                let want = sample(&case.record, &format!("float:{}", port.name), run);
                let TensorData::F32(got) = got else { continue };
                let scale = want.iter().fold(1e-6_f32, |m, x| m.max(x.abs()));
                let error = got
                    .iter()
                    .zip(&want)
                    .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
                if error / scale > 1e-4 {
                    wrong.push(format!("{} run {run}: {}", case.name, error / scale));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), NEVER);
}

/// Emitted code against the compiler's plain loops.
macro_rules! kept {
    ($($name:ident $path:literal [$($ty:ident $input:ident $in_type:ident),*])*) => {
        $(mod $name {
            use super::*;

            niello::include_model! {
                fn model -> { y: f32 } = $path,
                tensors("y": float),
            }

            #[test]
            fn emitted() {
                let record = read_npz(&here().join(concat!("models/ops/", stringify!($name), ".npz")));
                let plain = plain_loops($path, &record);
                for (run, plain) in plain.into_iter().enumerate() {
                    let out = model($(
                        model::$ty::from_slice(&sample_of::<$in_type>(&record, concat!("in:", stringify!($input)), run)).expect("its shape")
                    ),*);
                    let got: Vec<f32> = flat(&out.y);
                    let TensorData::F32(want) = plain else { panic!("an f32 output") };
                    assert_eq!(got.len(), want.len());
                    let finite = want.iter().filter(|x| x.is_finite());
                    let scale = finite.fold(1.0_f32, |m, x| m.max(x.abs()));
                    for (a, b) in got.iter().zip(&want) {
                        // libm's functions are not std's to the last bit, and some sums
                        // have another order.
                        let close = (a - b).abs() <= 1e-6 * scale;
                        assert!(close || a == b || a.is_nan() && b.is_nan(), "{a} {b}");
                    }
                }
            }
        })*
    };
}

fn plain_loops(path: &str, record: &[(String, ndarray::ArrayD<f64>)]) -> Vec<TensorData> {
    let options = Options {
        tensors: vec![("y".to_owned(), Method::Float)],
        outputs: Some(vec![PortChoice {
            name: "y".to_owned(),
            element: Some(ElementType::F32),
            rename: None,
        }]),
        ..Options::default()
    };
    let path = here().join(path);
    let model = Model::read(&path, &options).expect("a model");
    let request = Request {
        model: path,
        dataset: None,
        options,
        cache: None,
    };
    let quantized = model.quantize(&request).expect("its own scales");
    (0..6)
        .map(|run| {
            let inputs: Vec<TensorData> = model
                .inputs()
                .iter()
                .map(|port| {
                    cases::data(port, wide_sample(record, &format!("in:{}", port.name), run))
                })
                .collect();
            quantized.run_in_arena(&inputs).remove(0)
        })
        .collect()
}

kept! {
    add_row "models/ops/add_row_i8.tflite" [B b i8, X x i8]
    sub_one "models/ops/sub_one_i8.tflite" [X x i8]
    mul_column "models/ops/mul_column_i8.tflite" [B b i8, X x i8]
    div_row "models/ops/div_row_i8.tflite" [B b i8, X x i8]
    maximum_row "models/ops/maximum_row_i8.tflite" [B b i8, X x i8]
    minimum_row "models/ops/minimum_row_i8.tflite" [X x i8]
    squared_difference_row "models/ops/squared_difference_row_i8.tflite" [B b i8, X x i8]
    prelu "models/ops/prelu_i8.tflite" [X x i8]
    abs "models/ops/abs_i8.tflite" [X x i8]
    ceil "models/ops/ceil_i8.tflite" [X x i8]
    cos "models/ops/cos_i8.tflite" [X x i8]
    elu "models/ops/elu_i8.tflite" [X x i8]
    exp "models/ops/exp_i8.tflite" [X x i8]
    floor "models/ops/floor_i8.tflite" [X x i8]
    gelu "models/ops/gelu_i8.tflite" [X x i8]
    gelu_approximate "models/ops/gelu_approximate_i8.tflite" [X x i8]
    hard_swish "models/ops/hard_swish_i8.tflite" [X x i8]
    leaky_relu "models/ops/leaky_relu_i8.tflite" [X x i8]
    log "models/ops/log_i8.tflite" [X x i8]
    logistic "models/ops/logistic_i8.tflite" [X x i8]
    neg "models/ops/neg_i8.tflite" [X x i8]
    pow_cube "models/ops/pow_cube_i8.tflite" [X x i8]
    relu "models/ops/relu_i8.tflite" [X x i8]
    relu6 "models/ops/relu6_i8.tflite" [X x i8]
    round "models/ops/round_i8.tflite" [X x i8]
    rsqrt "models/ops/rsqrt_i8.tflite" [X x i8]
    sign "models/ops/sign_i8.tflite" [X x i8]
    sin "models/ops/sin_i8.tflite" [X x i8]
    sqrt "models/ops/sqrt_i8.tflite" [X x i8]
    square "models/ops/square_i8.tflite" [X x i8]
    tanh "models/ops/tanh_i8.tflite" [X x i8]
    softmax "models/ops/softmax_i8.tflite" [X x i8]
    max_pool "models/ops/max_pool_i8.tflite" [X x i8]
    average_pool "models/ops/average_pool_i8.tflite" [X x i8]
    mean_keep "models/ops/mean_keep_i8.tflite" [X x i8]
    sum_last "models/ops/sum_last_i8.tflite" [X x i8]
    reduce_max_last "models/ops/reduce_max_last_i8.tflite" [X x i8]
    conv "models/ops/conv_i8.tflite" [X x i8]
    conv_grouped "models/ops/conv_grouped_i8.tflite" [X x i8]
    depthwise "models/ops/depthwise_i8.tflite" [X x i8]
    transpose_conv "models/ops/transpose_conv_i8.tflite" [X x i8]
    dense "models/ops/dense_i8.tflite" [X x i8]
    dense_run_time "models/ops/dense_run_time_i8.tflite" [B b i8, X x i8]
    batch_matmul "models/ops/batch_matmul_i8.tflite" [B b i8, X x i8]
    pad_v2 "models/ops/pad_v2_i8.tflite" [X x i8]
    concat_inner "models/ops/concat_inner_i8.tflite" [X x i8]
    pack "models/ops/pack_i8.tflite" [B b i8, X x i8]
    gather_run_time "models/ops/gather_run_time_i8.tflite" [I i i32, X x i8]
    gather_nd_run_time "models/ops/gather_nd_run_time_i8.tflite" [I i i32, X x i8]
    select_v2 "models/ops/select_v2_i8.tflite" [C c bool, B b i8, X x i8]
    space_to_batch "models/ops/space_to_batch_i8.tflite" [X x i8]
    batch_to_space "models/ops/batch_to_space_i8.tflite" [X x i8]
    strided_slice "models/ops/strided_slice_i8.tflite" [X x i8]
    tile "models/ops/tile_i8.tflite" [X x i8]
    conv_16x8 "models/ops/conv_16x8_i16.tflite" [X x i16]
    add_16x8 "models/ops/add_16x8_i16.tflite" [B b i16, X x i16]
}
