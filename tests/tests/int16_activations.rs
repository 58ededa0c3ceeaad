//! Float models with activations of int16: all of them (`activations = int16`), or single tensors.
//! The emitted code computes what the compiler's own evaluation does (`selftest`), and is closer
//! to the float model than int8 is (`require`).
#![forbid(unsafe_code)]

use niello_compiler::testing::item;
use niello_compiler::{
    Activations, Blame, ElementType, Error, Method, Options, PortChoice, Request, compile,
};
use niello_tests::here;

niello::include_model! {
    fn photo_locator(image: f32, hint: i16) -> { photo: f32, position: i16, brightness_map: f32 }
        = "../examples/models/photo_locator_f32.tflite",
    dataset = "../examples/models/photo_locator_calibration.npz",
    activations = int16,
    allow(mixed_units),
    require(photo: sqnr_db >= 35.0, brightness_map: sqnr_db >= 45.0),
    selftest = 4,
}

niello::include_model! {
    fn digit_pair = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    activations = int16,
    require(sum: sqnr_db >= 35.0),
    selftest = 4,
}

niello::include_model! {
    fn tabular_mixture = "../examples/models/tabular_mixture_f32.tflite",
    dataset = "../examples/models/tabular_mixture_calibration.npz",
    activations = int16,
    require(logits: sqnr_db >= 45.0, radius: sqnr_db >= 45.0),
}

niello::include_model! {
    fn wake_word = "../examples/models/wake_word_f32.tflite",
    dataset = "../examples/models/wake_word_calibration.npz",
    activations = int16,
    selftest = 2,
}

// One tensor in int16 among int8: its reader computes in int16, and what it writes is converted.
niello::include_model! {
    fn one_tensor = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    tensors("functional_1_1/subtract_1/Sub": int16),
    selftest = 4,
}

// Operators with weights that read int8 and write int16, and the other way round: 1x1 and 3x3
// convolutions, depthwise ones, fully connected layers.
niello::include_model! {
    fn borders = "../examples/models/photo_locator_f32.tflite",
    dataset = "../examples/models/photo_locator_calibration.npz",
    tensors(
        "functional_2_1/re_lu_1_2/Relu6;functional_2_1/batch_normalization_1_2/batchnorm/add_1;functional_2_1/conv2d_4_1/convolution;functional_2_1/batch_normalization_1_2/batchnorm/sub1": int16,
        "functional_2_1/batch_normalization_3_1/batchnorm/add_1;functional_2_1/conv2d_5_1/convolution;functional_2_1/batch_normalization_3_1/batchnorm/sub1": int16,
        "functional_2_1/re_lu_4_1/Relu6;functional_2_1/batch_normalization_5_1/batchnorm/add_1;functional_2_1/batch_normalization_5_1/batchnorm/mul_1;functional_2_1/depthwise_conv2d_2_1/depthwise;functional_2_1/batch_normalization_5_1/batchnorm/mul;functional_2_1/batch_normalization_5_1/batchnorm/sub1": int16,
        "functional_2_1/re_lu_5_1/Relu6;functional_2_1/batch_normalization_7_1/batchnorm/add_1;functional_2_1/conv2d_8_1/convolution;functional_2_1/batch_normalization_7_1/batchnorm/sub1": int16,
        "functional_2_1/dense_4_1/MatMul;functional_2_1/dense_4_1/Relu;functional_2_1/dense_4_1/BiasAdd": int16,
    ),
    allow(mixed_units),
    selftest = 4,
}

#[test]
fn kernels_compute_what_the_compiler_has_computed() {
    assert_eq!(photo_locator::selftest(), Ok(()));
    assert_eq!(digit_pair::selftest(), Ok(()));
    assert_eq!(wake_word::selftest(), Ok(()));
    assert_eq!(one_tensor::selftest(), Ok(()));
    assert_eq!(borders::selftest(), Ok(()));
}

#[test]
fn inputs_and_outputs_may_be_int16() {
    assert_eq!(photo_locator::Hint::ZERO_POINT, 0);
    let hint = photo_locator::Hint::quantize(&[1.0, -2.0, 0.5, 0.0]);
    for (real, expected) in hint.dequantize().iter().zip([1.0, -2.0, 0.5, 0.0]) {
        assert!((real - expected).abs() <= photo_locator::Hint::SCALE);
    }
    let out = photo_locator(&photo_locator::Image::ZERO, &hint);
    let real = out.position_dequantized();
    assert_eq!(
        real[0],
        photo_locator::Output::POSITION_SCALE * f32::from(out.position[0])
    );
}

/// The error of `digit_pair` with these options.
fn error(options: Options) -> Error {
    let examples = here().join("../examples/models");
    let item = item("digit_pair");
    let request = Request {
        model: examples.join("digit_pair_f32.tflite"),
        dataset: Some(examples.join("digit_pair_calibration.npz")),
        options,
        cache: None,
    };
    compile(&item, &request).expect_err("refused")
}

#[test]
fn a_name_that_no_tensor_has_is_an_error() {
    let options = Options {
        tensors: vec![("functional_1_1/subtract_1/Sup".to_owned(), Method::Int16)],
        ..Options::default()
    };
    let error = error(options);
    assert_eq!(error.blame, Blame::Tensor(0));
    let similar = error.message.contains("functional_1_1/subtract_1/Sub");
    assert!(similar, "{error}");
}

#[test]
fn a_port_has_the_type_that_its_tensor_has() {
    let choice = |name: &str, element| PortChoice {
        name: name.into(),
        element: Some(element),
        ..PortChoice::default()
    };
    let options = Options {
        activations: Activations::Int16,
        outputs: Some(vec![
            choice("sum", ElementType::I8),
            choice("left_greater", ElementType::F32),
        ]),
        ..Options::default()
    };
    let error = error(options);
    let says = error
        .message
        .contains("cannot be i8: it is i16 in the program");
    assert!(says, "{error}");
}
