//! Emitted code that tests itself with samples of its dataset.
#![forbid(unsafe_code)]

use std::path::Path;
use std::sync::Mutex;

use niello_compiler::testing::item;
use niello_compiler::{Blame, Error, Item, Options, Request, compile};
use niello_tests::here;
use quote::quote;

niello::include_model! {
    fn digit_pair = "../examples/models/digit_pair_f32.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    samples = 40,
    selftest = 3,
}

niello::include_model! {
    fn locate(image: f32, hint: i8) -> { photo: f32, position: i8, "brightness_map" as light: u8 }
        = "../examples/models/photo_locator_f32.tflite",
    dataset = "../examples/models/photo_locator_calibration.npz",
    inputs = arena,
    allow(mixed_units),
    selftest = 2,
}

niello::include_model! {
    fn picture(x: u8) = "models/picture_f32.tflite",
    dataset = "models/pictures",
    images(scale = 2/255, offset = -1),
    allow(few_samples),
    selftest = 1,
}

niello::include_model! {
    fn digits_int8 = "models/digit_pair_i8.tflite",
    dataset = "../examples/models/digit_pair_calibration.npz",
    selftest = 2,
}

niello::include_model! {
    fn wake_word = "../examples/models/wake_word_f32.tflite",
    dataset = "../examples/models/wake_word_calibration.npz",
    samples = 20,
    selftest = 2,
}

static ARENA: Mutex<locate::Arena> = Mutex::new(locate::Arena::new());

#[test]
fn models_compute_what_the_compiler_has_computed() {
    assert_eq!(digit_pair::selftest(), Ok(()));
    assert_eq!(picture::selftest(), Ok(()));
    assert_eq!(wake_word::selftest(), Ok(()));
    assert_eq!(digits_int8::selftest(), Ok(()));
    let mut output = locate::Output::ZERO;
    let mut arena = ARENA.lock().expect("no panics");
    assert_eq!(locate::selftest_in(&mut arena, &mut output), Ok(()));
    // The output is that of the last sample.
    assert_ne!(output, locate::Output::ZERO);
    // Models are still called as others are.
    let out = digit_pair(&digit_pair::Left::ZERO, &digit_pair::Right::ZERO);
    assert!(out.sum.iter().sum::<f32>() > 0.9);
    let _ = digits_int8(&digits_int8::Left::ZERO, &digits_int8::Right::ZERO);
    let _ = picture(&picture::X::ZERO);
    let _ = wake_word(&mut wake_word::State::new(), &wake_word::Frame::ZERO);
    let _ = locate(&locate::Image::ZERO, &locate::Hint::ZERO);
}

/// The expansion for a model of the examples.
fn expansion(model: &str, dataset: Option<&str>, selftest: Option<usize>) -> Result<String, Error> {
    cached_expansion(model, dataset, selftest, None)
}

fn cached_expansion(
    model: &str,
    dataset: Option<&str>,
    selftest: Option<usize>,
    cache: Option<&Path>,
) -> Result<String, Error> {
    let item = Item {
        visibility: quote!(pub),
        ..item("model")
    };
    let file = |name: &str| here().join("..").join(name);
    let request = Request {
        model: file(model),
        dataset: dataset.map(file),
        options: Options {
            selftest,
            samples: dataset.map(|_| 10),
            ..Options::default()
        },
        cache: cache.map(Path::to_owned),
    };
    compile(&item, &request).map(|tokens| tokens.to_string())
}

const DIGITS: &str = "examples/models/digit_pair_f32.tflite";
const SAMPLES: Option<&str> = Some("examples/models/digit_pair_calibration.npz");

#[test]
fn samples_are_those_that_measure() {
    let code = expansion(DIGITS, SAMPLES, Some(2)).expect("compiles");
    // Ten samples calibrate: 0, 10, .., 90; as many of the others measure.
    assert!(code.contains("static NUMBERS : [usize ; 2] = [1 , 51] ;"));
    let without = expansion(DIGITS, SAMPLES, None).expect("compiles");
    assert!(!without.contains("selftest"));
}

#[test]
fn a_cached_test_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let compiled = |n| {
        let code = cached_expansion(DIGITS, SAMPLES, Some(n), Some(folder.path()));
        code.expect("compiles")
    };
    let (two, three) = (compiled(2), compiled(3));
    assert!(two != three);
    assert_eq!(compiled(3), three);
    assert_eq!(compiled(2), two);
    // One calibration serves all of them.
    let entries = folder.path().read_dir().expect("a cache").flatten();
    let calibrations = entries.filter(|e| e.path().extension().is_some_and(|e| e == "json"));
    assert_eq!(calibrations.count(), 1);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |model, dataset, selftest| {
        let error = expansion(model, dataset, Some(selftest)).expect_err("no samples");
        assert_eq!(error.blame, Blame::Option("selftest"));
        error.message
    };
    let int8 = "tests/models/digit_pair_i8.tflite";
    assert!(refused(int8, None, 2).contains("needs samples"));
    assert!(refused(DIGITS, SAMPLES, 11).contains("from 1 to 10 samples"));
    assert!(refused(DIGITS, SAMPLES, 0).contains("from 1 to 10 samples"));
}
