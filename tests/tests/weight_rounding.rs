//! `weight_rounding`: the option changes weights of float models alone, and the cache gives the
//! same program again.
#![forbid(unsafe_code)]

use std::path::Path;

use niello_compiler::model::Model;
use niello_compiler::testing::item;
use niello_compiler::{Activations, Options, Request, compile};
use niello_tests::here;

/// A request for the model `digit_pair` with these options.
fn request(options: Options, cache: Option<&Path>) -> Request {
    let examples = here().join("../examples/models");
    Request {
        model: examples.join("digit_pair_f32.tflite"),
        dataset: Some(examples.join("digit_pair_calibration.npz")),
        options,
        cache: cache.map(Path::to_owned),
    }
}

fn rounding(weight_rounding: bool, activations: Activations) -> Options {
    Options {
        weight_rounding,
        activations,
        ..Options::default()
    }
}

fn program(request: &Request) -> String {
    let compiled = compile(&item("model"), request);
    compiled.expect("compiles").to_string()
}

#[test]
fn the_cache_gives_the_same_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = rounding(true, Activations::Int8);
    let cold = program(&request(options.clone(), Some(folder.path())));
    let warm = program(&request(options.clone(), Some(folder.path())));
    assert!(cold == warm, "another program from the cache");
    assert!(cold == program(&request(options, None)));
    let nearest = rounding(false, Activations::Int8);
    assert!(cold != program(&request(nearest, Some(folder.path()))));
}

#[test]
fn it_is_the_default() {
    let default = program(&request(Options::default(), None));
    assert!(default == program(&request(rounding(true, Activations::Int8), None)));
}

#[test]
fn outputs_come_closer_to_the_float_model() {
    let sqnr = |on| {
        let options = rounding(on, Activations::Int16);
        let request = request(options.clone(), None);
        let model = Model::read(&request.model, &options).expect("a model");
        let program = model.quantize(&request).expect("calibrates");
        let dataset = request.dataset.as_ref().expect("a dataset");
        let outputs = program.accuracy(dataset, &Options::default());
        let outputs = outputs.expect("runs");
        outputs.iter().map(|o| o.sqnr_db).sum::<f64>() / outputs.len() as f64
    };
    let (nearest, rounded) = (sqnr(false), sqnr(true));
    assert!(rounded > nearest + 2.0, "{nearest} dB, {rounded} dB");
}

#[test]
fn int8_files_are_untouched() {
    let of = |on| {
        let request = Request {
            model: here().join("models/ops/conv_i8.tflite"),
            dataset: None,
            options: rounding(on, Activations::Int8),
            cache: None,
        };
        program(&request)
    };
    assert!(of(true) == of(false));
}
