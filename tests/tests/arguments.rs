//! Bytes of images as arguments, and names that mean something in Rust.

use niello_tests::here;

const PICTURE: &str = "models/picture_f32.tflite";

niello::include_model! { fn picture(x: u8) = "models/picture_f32.tflite", dataset = "models/pictures", images(scale = 2/255, offset = -1), allow(few_samples) }
niello::include_model! { fn identity(x: u8) = "models/picture_f32.tflite", dataset = "models/pictures", allow(few_samples) }
niello::include_model! { fn ranged(x: u8) = "models/picture_f32.tflite", dataset = "models/pictures", tensors("x": range(-1.0, 1.0)), allow(few_samples) }
niello::include_model! { fn rescaled(x: u8) = "models/rescaled_f32.tflite", dataset = "models/pictures", allow(few_samples) }

niello::include_model! { fn keyword("x" as r#type: f32) -> { "y" as r#fn: f32 } = "models/batch_f32.tflite", dataset = "models/x12" }
niello::include_model! { fn part("x" as part: f32) = "models/batch_f32.tflite", dataset = "models/x12", inputs = arena }
niello::include_model! { fn slice("x" as as_mut_slice: f32) = "models/batch_f32.tflite", dataset = "models/x12", inputs = arena }
niello::include_model! { fn number("serving_default_x:0" as conv_2d_0: f32) -> { y: i8 } = "models/batch_f32.tflite", dataset = "models/x12" }

/// Noise, as the pictures are.
fn bytes() -> [[[u8; 3]; 8]; 6] {
    let mut bytes = [[[0; 3]; 8]; 6];
    let all = bytes.as_flattened_mut().as_flattened_mut();
    for (i, byte) in all.iter_mut().enumerate() {
        *byte = (i * 7919 % 256) as u8;
    }
    bytes
}

/// The float model on `byte * scale + offset`.
fn float(model: &str, scale: f32, offset: f32) -> Vec<f32> {
    let path = here().join(model);
    let model = niello_compiler::model::Model::read(&path, &Default::default());
    let real: Vec<f32> = bytes()
        .as_flattened()
        .as_flattened()
        .iter()
        .map(|b| f32::from(*b) * scale + offset)
        .collect();
    let outputs = model.expect("a model").run(&[&real]).expect("its shape");
    outputs[0].iter().copied().collect()
}

fn close(got: &[f32], want: &[f32]) {
    assert_eq!(got.len(), want.len());
    for (a, b) in got.iter().zip(want) {
        assert!((a - b).abs() < 0.03, "{got:?} {want:?}");
    }
}

#[test]
fn a_byte_is_what_the_options_or_the_model_say() {
    let bytes = bytes();
    let wanted = float(PICTURE, 2.0 / 255.0, -1.0);
    close(&picture(&picture::X(bytes)).y, &wanted);
    close(&ranged(&ranged::X(bytes)).y, &wanted);
    close(&rescaled(&rescaled::X(bytes)).y, &wanted);
    close(&float("models/rescaled_f32.tflite", 1.0, 0.0), &wanted);
    close(
        &identity(&identity::X(bytes)).y,
        &float(PICTURE, 1.0 / 255.0, 0.0),
    );
    assert_eq!(picture::X::OFFSET, -1.0);
    assert_eq!(picture::X::SCALE, 2.0 / 255.0);
    assert_eq!((rescaled::X::SCALE, rescaled::X::OFFSET), (1.0, 0.0));
    // A pixel's own steps are the steps of the input.
    assert_eq!(identity::STEP_NAMES[..2], ["(input)", "CONV_2D"]);
}

#[test]
fn names_are_names() {
    let x = [0.25; 12];
    let wanted = keyword(&keyword::Type(x)).r#fn;
    assert_eq!(part(&part::Part(x)).y, wanted);
    assert_eq!(slice(&slice::AsMutSlice(x)).y, wanted);
    let mut arena = part::Arena::new();
    arena.part().0 = x;
    assert_eq!(part::run_in(&mut arena).y, wanted);
    let _: [i8; 10] = number(&number::Conv2d0(x)).y;
}
