//! What the compiler warns about, and that a name switches each warning off.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, IxDyn};
use niello_compiler::model::Model;
use niello_compiler::testing::item;
use niello_compiler::{Method, Options, Request, Warning, WarningKind, compile_with_warnings};
use niello_tests::here;
use niello_tests::npz::NpzWriter;

const SAMPLES: usize = 20;

fn warnings(request: &Request) -> Vec<Warning> {
    let item = item("model");
    let compiled = compile_with_warnings(&item, request);
    compiled.unwrap_or_else(|e| panic!("{e}")).1
}

/// A dataset of noise for a model: `f(input, element, x)` of numbers from -1 to 1.
fn noise(
    folder: &Path,
    model: &str,
    samples: usize,
    f: impl Fn(usize, usize, f32) -> f32,
) -> Request {
    let model = here().join("models").join(model);
    let read = Model::read(&model, &Options::default()).expect("a model");
    let mut state = 1_u32;
    let mut writer = NpzWriter::default();
    for (input, port) in read.inputs().iter().enumerate() {
        let len: usize = port.shape.iter().product();
        let data = (0..samples * len).map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f(input, i % len, (state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        });
        let shape = [&[samples], &port.shape[..]].concat();
        let array = ArrayD::from_shape_vec(IxDyn(&shape), data.collect());
        writer.add(&port.name, &array.expect("its shape"));
    }
    let dataset: PathBuf = folder.join("samples.npz");
    writer.write(&dataset);
    Request {
        model,
        dataset: Some(dataset),
        options: Options::default(),
        cache: None,
    }
}

/// Expects one warning of this kind, and none if it is allowed.
fn only(mut request: Request, kind: WarningKind, words: &[&str]) {
    let found = warnings(&request);
    let [warning] = &found[..] else {
        panic!("{kind:?}: {found:?}")
    };
    assert_eq!(warning.kind, kind);
    let text = warning.text();
    for word in words.iter().chain(&[kind.name()]) {
        assert!(text.contains(word), "{text}");
    }
    assert!(!text.contains('\n'), "{text}");
    request.options.allow.push(kind);
    assert_eq!(warnings(&request), []);
}

#[test]
fn noise_alone_is_fine() {
    let folder = tempfile::tempdir().expect("a folder");
    for model in [
        "batch_f32.tflite",
        "ops/add_f32.tflite",
        "ops/concat_channels_f32.tflite",
    ] {
        assert_eq!(
            warnings(&noise(folder.path(), model, SAMPLES, |_, _, x| x)),
            []
        );
    }
}

#[test]
fn what_the_model_normalizes_itself_may_have_any_units() {
    let file = |name: &str| here().join("../examples/models").join(name);
    let request = Request {
        model: file("tabular_mixture_f32.tflite"),
        dataset: Some(file("tabular_mixture_calibration.npz")),
        options: Options::default(),
        cache: None,
    };
    assert_eq!(warnings(&request), []);
}

#[test]
fn each_kind_is_found_and_can_be_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let batch = "batch_f32.tflite";
    only(
        noise(folder, batch, 9, |_, _, x| x),
        WarningKind::FewSamples,
        &["only 9 samples"],
    );
    let narrow = |_, element, x| if element == 3 { x / 20.0 } else { x };
    only(
        noise(folder, batch, SAMPLES, narrow),
        WarningKind::MixedUnits,
        &["element 3 of the input \"x\""],
    );
    let mut clipped = noise(folder, batch, SAMPLES, |_, _, x| x);
    let narrow = ("x".to_owned(), Method::Range(-0.5, 0.5));
    clipped.options.tensors.push(narrow);
    only(clipped, WarningKind::Clipped, &["% of the values of", "x"]);
    let add = "ops/add_f32.tflite";
    let uneven = |input, _, x| if input == 0 { x / 100.0 } else { x };
    only(
        noise(folder, add, SAMPLES, uneven),
        WarningKind::UnevenJoin,
        &["ADD #", "joins", "times as wide"],
    );
    only(
        noise(folder, add, SAMPLES, |_, _, x| 1000.0 + x),
        WarningKind::FlatOutput,
        &["the output \"y\" hardly changes"],
    );
}

#[test]
fn an_input_that_never_changes_is_named() {
    let request = Request {
        model: here().join("models/aliases_f32.tflite"),
        dataset: Some(here().join("ui/data/five_constant.npz")),
        options: Options::default(),
        cache: None,
    };
    let kinds: Vec<WarningKind> = warnings(&request).iter().map(|w| w.kind).collect();
    // That outputs do not change follows.
    assert_eq!(kinds, [WarningKind::FewSamples, WarningKind::ConstantInput]);
}

#[test]
fn a_cached_calibration_gives_the_same_warnings() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut request = noise(folder.path(), "ops/add_f32.tflite", 5, |input, _, x| {
        if input == 0 { x / 100.0 } else { x }
    });
    request.cache = Some(folder.path().join("cache"));
    let found = warnings(&request);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(warnings(&request), found);
    // What is allowed is no part of the calibration's place in the cache.
    request.options.allow = WarningKind::ALL.to_vec();
    assert_eq!(warnings(&request), []);
    let entries = folder.path().join("cache").read_dir().expect("a cache");
    let calibrations = entries
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|e| e == "json"));
    assert_eq!(calibrations.count(), 1);
}
