//! `cargo niello watch`: a report for each change.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_change_of_the_dataset_brings_a_second_report() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dataset = folder.path().join("samples.npz");
    let copy = |name: &str| {
        std::fs::copy(models.join(name), &dataset).expect("a copy");
    };
    copy("digit_pair_calibration.npz");
    let mut child = Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(["niello", "watch"])
        .arg(models.join("digit_pair_f32.tflite"))
        .arg("--dataset")
        .arg(&dataset)
        .args(["--with", "samples = 20"])
        .env("NIELLO_CACHE", "off")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut report = || -> Vec<String> {
        let lines = lines.by_ref().map(|line| line.expect("UTF-8"));
        let until = |line: &String| !line.starts_with("watching 2 files");
        lines
            .take_while(until)
            .filter(|line| !line.is_empty())
            .collect()
    };
    let first = report();
    assert!(first[0].starts_with("1: "), "{first:?}");
    assert!(first.iter().all(|line| !line.contains("->")), "{first:?}");
    // Other samples, of the same inputs.
    copy("digit_pair_evaluation.npz");
    let second = report();
    assert!(second[0].starts_with("2: "), "{second:?}");
    assert!(second.iter().any(|line| line.contains("->")), "{second:?}");
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &process]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
