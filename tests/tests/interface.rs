//! What users write and get: types, names, element types, memory.
#![forbid(unsafe_code)]

use std::sync::Mutex;

use niello_tests::{flat, here, read_npz, sample, sample_i8};

niello::include_model! {
    /// Which digits sum to what, and whether the left one is greater.
    fn digit_pair = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
}

niello::include_model! {
    /// Order, element types and names are the user's.
    fn locate(image: f32, hint: i8) -> { photo: f32, position: i8, "brightness_map" as light: i8 }
        = "../examples/models/photo_locator_f32.tflite",
    dataset = "../examples/models/photo_locator_calibration.npz",
    samples = 40,
    allow(mixed_units),
    calibration = minmax,
    tensors("image": range(0.0, 1.0), "functional_2_1/photo_1/MatMul;functional_2_1/photo_1/BiasAdd": mse,),
    weights = per_channel,
    require(photo: top1 >= 0.8, position: sqnr_db >= 15.0, light: max_abs_error <= 0.2),
}

niello::include_model! { fn aliases = "models/aliases_f32.tflite", dataset = "models/x5.npy" }
niello::include_model! { fn batch = "models/batch_f32.tflite", dataset = "models/x12" }
niello::include_model! { fn picture = "models/picture_f32.tflite", dataset = "models/pictures", images(scale = 2/255, offset = -1), allow(few_samples) }
niello::include_model! { fn half = "models/half_f32.tflite", dataset = "models/x12" }
niello::include_model! { fn nameless = "models/nameless_f32.tflite", dataset = "models/nameless.npz" }
niello::include_model! { fn double = "models/signatures_f32.tflite", signature = "double", dataset = "models/x5.npy" }
niello::include_model! { fn mix(x: i8) -> { sum: i8 } = "models/signatures_f32.tflite", signature = "mix", dataset = "models/x5.npy" }
niello::include_model! { fn trained = "models/fake_quant_f32.tflite" }
niello::include_model! { fn trained_operator = "models/fake_quant_operator_f32.tflite" }
niello::include_model! { fn pictures = "models/ops/conv_f32.tflite", dataset = "models/x654.npy", equalization = false, bias_correction = false }

static ARENA: Mutex<digit_pair::Arena> = Mutex::new(digit_pair::Arena::new());

#[test]
fn arguments_are_typed_and_outputs_named() {
    let mut left = digit_pair::Left::default();
    left.0[3][4][0] = 1.0;
    left.as_mut_slice()[0] = 0.5;
    assert_eq!(left.as_slice()[3 * 8 + 4], 1.0);
    let right = digit_pair::Right([[[0.25; 1]; 8]; 8]);
    let out: digit_pair::Output = digit_pair(&left, &right);
    let sum: [f32; 19] = out.sum;
    let _: [f32; 1] = out.left_greater;
    assert!((sum.iter().sum::<f32>() - 1.0).abs() < 1e-5, "a softmax");
    let mut arena = ARENA.lock().expect("not poisoned");
    assert_eq!(digit_pair::run_in(&mut arena, &left, &right), out);
    let error = digit_pair::Left::from_slice(&[0.0; 63]).expect_err("64 elements");
    assert_eq!((error.expected, error.found), (64, 63));
}

#[test]
fn metadata_are_constants() {
    const _: () = assert!(digit_pair::ARENA_BYTES > 0 && digit_pair::ARENA_BYTES < 4096);
    assert_eq!(digit_pair::INPUT_NAMES, ["left", "right"]);
    assert_eq!(digit_pair::INPUT_SHAPES, [[8, 8, 1], [8, 8, 1]]);
    assert_eq!(digit_pair::OUTPUT_NAMES, ["sum", "left_greater"]);
    assert_eq!(digit_pair::OUTPUT_SHAPES, [&[19][..], &[1]]);
    assert_eq!(digit_pair::Left::SHAPE, [8, 8, 1]);
    let half = 8 * 8 * 16 * 9 + 4 * 4 * 32 * 9 * 16 + 4 * 4 * 32 * 9 + 4 * 4 * 32 * 32 + 512 * 48;
    assert_eq!(
        digit_pair::MACS,
        2 * half + 96 * 96 + 96 * 19 + 48 * 32 + 32
    );
    // Both halves share their weights, which are stored once, those of two layers of few pixels
    // in 16 bits, too.
    const WIDE: usize = 2 * (32 * 9 * 16 + 32 * 32);
    const _: () = assert!(digit_pair::WEIGHT_BYTES - WIDE < 57_000);
}

#[test]
fn element_types_can_be_chosen() {
    let data = read_npz(&here().join("../examples/models/photo_locator_evaluation.npz"));
    let record = read_npz(&here().join("models/photo_locator_f32.npz"));
    let (mut same, runs) = (0, 100);
    for run in 0..runs {
        let hint_real: [f32; 4] = sample(&data, "hint", run).try_into().expect("4 values");
        let hint = locate::Hint::quantize(&hint_real);
        for ((a, b), q) in hint.dequantize().iter().zip(hint_real).zip(hint.0) {
            // Values outside of the calibrated range are clipped.
            assert!(
                (a - b).abs() <= locate::Hint::SCALE || q == 127 || q == -128,
                "{a} {b}"
            );
        }
        let image = sample(&data, "image", run);
        let out = locate(locate::Image::from_slice(&image).expect("its shape"), &hint);
        let _: ([f32; 6], [i8; 2], [[[i8; 1]; 8]; 8]) = (out.photo, out.position, out.light);
        let top = |list: &[f32]| {
            list.iter()
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(b.1))
                .map(|(i, _)| i)
        };
        same += usize::from(top(&out.photo) == top(&sample(&record, "out:photo", run)));
        for (got, want) in
            flat(&out.light_dequantized())
                .iter()
                .zip(sample(&record, "out:brightness_map", run))
        {
            assert!((got - want).abs() < 0.1, "{got} {want}");
        }
        assert_eq!(
            out.position_dequantized()[0],
            locate::Output::POSITION_SCALE
                * (i32::from(out.position[0]) - locate::Output::POSITION_ZERO_POINT) as f32
        );
    }
    assert!(same * 100 >= runs * 90, "{same} of {runs}");
}

#[test]
fn inputs_can_be_outputs_and_outputs_can_share_a_tensor() {
    let x = aliases::X([-1.0, 0.5, 1.0, -0.25, 2.0]);
    let out = aliases(&x);
    assert_eq!(out.same, x.0);
    assert_eq!(out.a, out.b);
    assert_eq!(out.a[0], 0.0);
    assert!((out.a[4] - 2.0).abs() < 0.05);
}

#[test]
fn an_unknown_batch_is_one_and_names_may_be_missing() {
    let x = [
        0.1, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9, 1.0, 1.1, 1.2,
    ];
    let y: [f32; 10] = batch(&batch::X(x)).y;
    // The same layer without a bias, without names.
    let z: [f32; 10] = nameless(&nameless::Tensor0(x)).tensor_3;
    assert_eq!(y, z);
    // And with float16 weights.
    for (a, b) in half(&half::X(x)).y.iter().zip(y) {
        assert!((a - b).abs() < 0.02, "{a} {b}");
    }
    assert!(
        y.iter().any(|y| *y > 0.5) && y.contains(&0.0),
        "a RELU: {y:?}"
    );
}

#[test]
fn pictures_calibrate_images() {
    let path = here().join("models/picture_f32.tflite");
    let model = niello_compiler::model::Model::read(&path, &Default::default()).expect("a model");
    // Noise, as the pictures are.
    let mut x = [[[0.0; 3]; 8]; 6];
    for (i, x) in x
        .as_flattened_mut()
        .as_flattened_mut()
        .iter_mut()
        .enumerate()
    {
        *x = (i * 7919 % 511) as f32 / 255.0 - 1.0;
    }
    let float = model
        .run(&[x.as_flattened().as_flattened()])
        .expect("its shape");
    for (a, b) in picture(&picture::X(x)).y.iter().zip(&float[0]) {
        assert!((a - b).abs() < 0.03, "{a} {b}");
    }
}

#[test]
fn signatures_are_selectable() {
    let x = [-1.0, 0.5, 1.0, -0.25, 2.0];
    for (y, x) in double(&double::X(x)).twice.iter().zip(x) {
        assert!((y - 2.0 * x).abs() < 0.1, "{y} {x}");
    }
    let out = mix(&mix::X::quantize(&x));
    assert_eq!(out.sum_dequantized().len(), 3);
}

#[test]
fn simulated_quantization_is_kept_to_the_letter() {
    // Ranges of training, with no dataset: inputs in steps of 1/32.
    let x = [
        0.011, -0.2, 0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9, 1.0, 1.1, 9.0,
    ];
    let y = trained(&trained::X(x)).y;
    assert_eq!(y, trained_operator(&trained_operator::X(x)).y);
    assert!(
        y.iter()
            .all(|y| (y * 16.0).fract() == 0.0 && y.abs() <= 8.0),
        "steps of 1/16: {y:?}"
    );
    let clipped = trained(&trained::X({
        let mut c = x;
        c[11] = 3.96875;
        c
    }))
    .y;
    assert_eq!(y, clipped);
}

#[test]
fn a_wrong_record_would_be_noticed() {
    // The comparison of the conformance tests can fail.
    let record = read_npz(&here().join("models/digit_pair_i8.npz"));
    assert_ne!(
        sample_i8(&record, "out:sum", 0),
        sample_i8(&record, "out:sum", 15)
    );
    let _ = pictures(&pictures::X::default());
}
