//! IF and WHILE.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ndarray::{Array2, Axis};
use niello_compiler::model::{Model, TensorData};
use niello_compiler::{Method, Options, Request};
use niello_tests::npz::NpzWriter;
use niello_tests::{cases, flat, here, read_npz, sample, sample_of, shared};

niello::include_model! { fn inside = "models/ops/while_inside_i8.tflite" }
niello::include_model! { fn lengths = "models/control/lengths_f32.tflite", dataset = "models/control/lengths_samples.npz" }

fn fixture(name: &str) -> PathBuf {
    here().join("models/control").join(name)
}

/// Reads and quantizes a model of one input of one or eight elements with these samples.
fn quantize(
    model: &Path,
    samples: &[Vec<f32>],
    options: &Options,
) -> Result<Vec<TensorData>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dataset = folder.path().join("samples.npz");
    let mut all = Array2::zeros((samples.len(), samples[0].len()));
    for (mut row, sample) in all.axis_iter_mut(Axis(0)).zip(samples) {
        row.assign(&ndarray::ArrayView1::from(sample.as_slice()));
    }
    let mut archive = NpzWriter::default();
    if samples[0].len() == 1 {
        archive.add("x", &all);
    } else {
        let all = all.insert_axis(Axis(1));
        archive.add("x", &all);
    }
    archive.write(&dataset);
    let read = Model::read(model, options).map_err(|e| e.to_string())?;
    let request = Request {
        model: model.to_owned(),
        dataset: Some(dataset),
        options: options.clone(),
        cache: None,
    };
    let quantized = read.quantize(&request).map_err(|e| e.to_string())?;
    Ok(quantized.run(&[TensorData::F32(samples[0].clone())]))
}

fn refusal(name: &str, samples: &[Vec<f32>]) -> String {
    let found = quantize(
        &fixture(&format!("{name}.tflite")),
        samples,
        &Options::default(),
    );
    found.expect_err(name)
}

#[cfg(not(shared))]
#[test]
#[ignore = "../shared is not there: its models are skipped"]
fn hostile_calls_are_errors_at_once() {}

#[cfg(shared)]
#[test]
fn hostile_calls_are_errors_at_once() {
    for name in ["bomb_if_6x8_hang", "bomb_if_8x8_oom"] {
        too_many_calls(&shared().join(format!("cases/hostile/{name}.tflite")));
    }
}

#[test]
fn calls_that_data_decides_have_a_limit_too() {
    too_many_calls(&fixture("calls_f32.tflite"));
}

fn too_many_calls(path: &Path) {
    let start = Instant::now();
    let error = Model::read(path, &Options::default()).err();
    println!("{}: {:?}", path.display(), start.elapsed());
    let error = error.expect("too many calls").to_string();
    assert!(
        error.contains("IF") && error.contains("more than"),
        "{error}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{}",
        path.display()
    );
}

/// Loops that the converter cannot quantize, with samples of their own.
#[test]
fn loops_of_float_models_are_quantized() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = fixture("lengths_f32.tflite");
    let case = cases::Case {
        name: "lengths".to_owned(),
        quantized: model.clone(),
        float: Some(model.clone()),
        record: read_npz(&fixture("lengths.npz")),
    };
    let float = Model::read(&model, &Options::default()).expect("a model");
    for run in 0..20 {
        let of = |port: &str| sample(&case.record, &format!("float:{port}"), run);
        let inputs: Vec<Vec<f32>> = float.inputs().iter().map(|p| of(&p.name)).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let got = float.run(&inputs).expect("its shapes");
        for (port, got) in float.outputs().iter().zip(got) {
            for (a, b) in got.iter().zip(of(&port.name)) {
                assert!((a - b).abs() < 1e-5, "run {run}: {a} {b}");
            }
        }
    }
    for (ours, _) in case.sqnr(folder.path()).expect("it compiles") {
        println!("{ours:.1} dB");
        assert!(ours > 30.0, "{ours:.1} dB");
    }
}

#[test]
fn emitted_loops_run_as_often_as_the_caller_says() {
    let record = read_npz(&fixture("lengths.npz"));
    let (mut signal, mut noise) = (0.0, 0.0);
    for run in 0..60 {
        let x = sample_of::<f32>(&record, "float:x", run);
        let n = sample_of::<i32>(&record, "float:n", run);
        let out = lengths(
            lengths::X::from_slice(&x).expect("its shape"),
            lengths::N::from_slice(&n).expect("its shape"),
        );
        let got: Vec<f32> = flat(&out.y);
        for (a, b) in got.iter().zip(sample(&record, "float:y", run)) {
            signal += b * b;
            noise += (a - b) * (a - b);
        }
    }
    let db = 10.0 * (signal / noise).log10();
    assert!(db > 30.0, "{db:.1} dB");
}

#[test]
fn loops_can_be_stepped_through() {
    let record = read_npz(&here().join("models/ops/while_inside.npz"));
    let mut counts = Vec::new();
    for run in 0..6 {
        let x = sample_of::<i8>(&record, "in:x", run);
        let n = sample_of::<i32>(&record, "in:n", run);
        let rounds = n[0];
        let x = inside::X::from_slice(&x).expect("its shape");
        let n = inside::N::from_slice(&n).expect("its shape");
        let mut arena = inside::Arena::new();
        let mut output = inside::Output::ZERO;
        let mut one = inside::begin(&mut arena, x, n, &mut output);
        let mut steps = 0;
        while one.step() {
            assert!(one.position() <= inside::STEPS);
            steps += 1;
        }
        assert_eq!(output, inside(x, n), "run {run}");
        counts.push((rounds, steps));
    }
    counts.sort_unstable();
    // More rounds, more steps.
    for pair in counts.windows(2) {
        assert_eq!(
            pair[0].0.max(0) < pair[1].0,
            pair[0].1 < pair[1].1,
            "{counts:?}"
        );
    }
}

#[test]
fn branches_and_loops_are_the_references() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut wrong = Vec::new();
    for case in cases::all() {
        if !case.name.starts_with("if_") && !case.name.starts_with("while_") {
            continue;
        }
        let name = &case.name;
        match case.compare() {
            Ok(bytes) if bytes.differing == 0 => {}
            Ok(bytes) => wrong.push(format!("{name}: {bytes:?}")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        match case.sqnr(folder.path()) {
            Ok(found) => println!("{name}: {found:?}"),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn branches_without_samples_need_ranges() {
    let model = here().join("models/ops/if_branches_f32.tflite");
    let samples: Vec<Vec<f32>> = (1..9).map(|i| vec![i as f32 / 8.0; 8]).collect();
    let error = quantize(&model, &samples, &Options::default()).expect_err("no sample");
    assert!(
        error.contains("the else branch of operator #2 IF"),
        "{error}"
    );
    let part = error.split("the tensor \"").nth(1).expect("a name");
    let name = part.split('"').next().expect("a name").to_owned();
    // It computes TANH and the product of that and 0.5.
    let mut options = Options {
        tensors: vec![(name.clone(), Method::Range(-0.5, 0.5))],
        ..Options::default()
    };
    if let Err(error) = quantize(&model, &samples, &options) {
        let part = error.split("the tensor \"").nth(1).expect("a name");
        let other = part.split('"').next().expect("a name").to_owned();
        assert_ne!(other, name);
        options.tensors.push((other, Method::Range(-1.0, 1.0)));
    }
    let got = quantize(&model, &samples, &options).expect("ranges for all");
    assert!(
        matches!(&got[..], [TensorData::F32(y)] if y.len() == 8),
        "{got:?}"
    );
}

#[test]
fn what_cannot_be_right_is_an_error() {
    let some = |x: f32| vec![vec![x], vec![x * 0.9], vec![x * 0.7]];
    let error = refusal("endless", &some(1.0));
    assert!(error.contains("rounds on sample 0"), "{error}");
    let error = refusal("endless", &some(-1.0));
    assert!(error.contains("the body of operator #0 WHILE"), "{error}");
    // In float it ends.
    let error = refusal("slow", &some(1.0));
    assert!(error.contains("float, but run more"), "{error}");
    let kept = Options {
        tensors: vec![
            ("y".to_owned(), Method::Float),
            ("u".to_owned(), Method::Float),
        ],
        ..Options::default()
    };
    let got = quantize(&fixture("slow.tflite"), &some(1.0), &kept).expect("it ends");
    let [TensorData::F32(y)] = &got[..] else {
        panic!("{got:?}")
    };
    assert!(y[0] <= 0.5 && y[0] > 0.499, "{y:?}");
    let error = refusal("growing", &some(1.0));
    assert!(
        error.contains("changes the shape") && error.contains("[1] to [2]"),
        "{error}"
    );
    let error = refusal("two_shapes", &some(1.0));
    assert!(error.contains("shape [2] or [1]"), "{error}");
    let error = refusal("assigns", &some(1.0));
    assert!(error.contains("assigns the variable \"kept\""), "{error}");
    let error = refusal("two_scales", &some(1.0));
    assert!(
        error.contains("scale 0.01") && error.contains("without rescaling"),
        "{error}"
    );
}
