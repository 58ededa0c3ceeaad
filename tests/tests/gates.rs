//! Equalization through the gates of squeeze-and-excite blocks (`models/gates.py`): channels of
//! unequal ranges between convolutions, a product with a gate in between.
#![forbid(unsafe_code)]

use niello_compiler::analysis::{Analysis, Quiet, Sensitivity};
use niello_compiler::{Options, Request};
use niello_tests::here;

fn sensitivity(equalize: bool) -> Sensitivity {
    let folder = here().join("models");
    let request = Request {
        model: folder.join("gates_f32.tflite"),
        dataset: Some(folder.join("gates.npz")),
        options: Options {
            equalize,
            samples: Some(40),
            ..Options::default()
        },
        cache: None,
    };
    let analysis = Analysis::open(request).expect("a model");
    analysis.sensitivity(20, &Quiet).expect("runs")
}

#[test]
fn the_float_function_stays_and_int8_gains() {
    let [plain, equalized] = [false, true].map(sensitivity);
    let sqnr = |of: &[niello_compiler::analysis::OutputMetrics]| of[0].sqnr_db;
    // Without equalization the two float models are one.
    assert_eq!(sqnr(&plain.equalized), None);
    let float = sqnr(&equalized.equalized).expect("factors that are no powers of two");
    // A relative error of 1e-5.
    assert!(float > 100.0, "{float} dB");
    let int8 = [&plain, &equalized].map(|s| sqnr(&s.all_int8).expect("an error"));
    println!(
        "int8: {} dB without equalization, {} dB with",
        int8[0], int8[1]
    );
    assert!(int8[1] > int8[0] + 1.0, "{int8:?} dB");
}
