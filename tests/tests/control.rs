//! IF and WHILE.

use std::time::{Duration, Instant};

use niello_compiler::Options;
use niello_compiler::evaluate::Model;
use niello_tests::{cases, shared};

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
