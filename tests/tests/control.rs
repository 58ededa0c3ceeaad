//! IF and WHILE.

use std::time::{Duration, Instant};

use niello_compiler::Options;
use niello_compiler::evaluate::Model;
use niello_tests::{cases, here, read_npz, sample, shared};

#[cfg(not(shared))]
#[test]
#[ignore = "../shared is not there: its models are skipped"]
fn hostile_calls_are_errors_at_once() {}

#[cfg(shared)]
#[test]
fn hostile_calls_are_errors_at_once() {
    for name in ["bomb_if_6x8_hang", "bomb_if_8x8_oom"] {
        let path = shared().join(format!("cases/hostile/{name}.tflite"));
        let start = Instant::now();
        let error = Model::read(&path, &Options::default()).err();
        println!("{name}: {:?}", start.elapsed());
        let error = error.expect("too many calls").to_string();
        assert!(error.contains("IF") && error.contains("operators"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{name}");
    }
}

/// Loops that the converter cannot quantize, with samples of their own.
#[test]
fn loops_of_float_models_are_quantized() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, least) in [("lengths", 25.0)] {
        let model = here().join(format!("models/control/{name}_f32.tflite"));
        let case = cases::Case {
            name: name.to_owned(),
            quantized: model.clone(),
            float: Some(model.clone()),
            record: read_npz(&here().join(format!("models/control/{name}.npz"))),
        };
        let float = Model::read(&model, &Options::default()).expect("a model");
        for run in 0..20 {
            let of = |port: &str| sample(&case.record, &format!("float:{port}"), run);
            let inputs: Vec<Vec<f32>> = float.inputs().iter().map(|p| of(&p.name)).collect();
            let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
            let got = float.run(&inputs).expect("its shapes");
            for (port, got) in float.outputs().iter().zip(got) {
                for (a, b) in got.iter().zip(of(&port.name)) {
                    assert!((a - b).abs() < 1e-5, "{name} run {run}: {a} {b}");
                }
            }
        }
        for (ours, _) in case.sqnr(folder.path()).expect("it compiles") {
            println!("{name}: {ours:.1} dB");
            assert!(ours > least, "{name}: {ours:.1} dB");
        }
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
            Ok(bytes) => {
                println!("{name}: {bytes:?}");
                if bytes.differing > 0 {
                    wrong.push(format!("{name}: {bytes:?}"));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        match case.sqnr(folder.path()) {
            Ok(found) => println!("{name}: {found:?}"),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
