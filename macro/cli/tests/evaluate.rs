//! `cargo niello check --evaluate`: a metric of the user's own.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models")
}

/// How many samples the dataset has.
const SAMPLES: usize = 1000;

/// Runs `check` on a model with labels; the numbers are in `niello.toml` of the folder.
fn check(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(["niello", "check"])
        .arg(models().join("digit_pair_f32.tflite"))
        .arg("--dataset")
        .arg(models().join("digit_pair_evaluation.npz"))
        .args(["--with", "samples = 20", "--summary", "niello.toml"])
        .args(more)
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// The `.npy` files of an archive: name and content.
fn members(path: &Path) -> Vec<(String, Vec<u8>)> {
    let file = std::fs::File::open(path).expect("a file");
    let mut archive = zip::ZipArchive::new(file).expect("an archive");
    (0..archive.len())
        .map(|i| {
            let mut member = archive.by_index(i).expect("a member");
            let mut content = Vec::new();
            std::io::copy(&mut member, &mut content).expect("readable");
            (member.name().to_owned(), content)
        })
        .collect()
}

#[test]
fn the_command_gets_the_outputs_and_its_number_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = folder.path().join("metric.sh");
    let write = |text: &str| std::fs::write(&script, text).expect("writable");
    let evaluate = ["--evaluate", "sh metric.sh first"];
    let run = |more: &[&str]| check(folder.path(), &[&evaluate[..], more].concat());

    write("cp \"$2\" got.npz\necho \"$1 = 0.75\"\n");
    let output = run(&["--write"]);
    assert!(output.status.success(), "{output:?}");
    let members = members(&folder.path().join("got.npz"));
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "float:sum.npy",
        "float:left_greater.npy",
        "int8:sum.npy",
        "int8:left_greater.npy",
        "label:sum.npy",
        "label:left_greater.npy",
        "index.npy",
    ];
    assert_eq!(names, expected);
    let array = |name: &str| -> (String, Vec<f32>) {
        let found = members.iter().find(|(n, _)| n == name);
        let (_, content) = found.expect("an array");
        let (header, data) = content.split_at(128);
        let numbers = data
            .chunks(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        (
            String::from_utf8_lossy(header).into_owned(),
            numbers.collect(),
        )
    };
    let (header, float) = array("float:sum.npy");
    assert!(header.contains("'shape': (20, 19, )"), "{header}");
    // Probabilities, of which int8 is close but not equal.
    let (_, int8) = array("int8:sum.npy");
    assert!(float.iter().zip(&int8).all(|(a, b)| (a - b).abs() < 0.5));
    assert_ne!(float, int8);
    assert_eq!(array("label:sum.npy").1.len(), 20);
    let text = std::fs::read_to_string(folder.path().join("niello.toml")).expect("written");
    assert!(text.contains("first = 0.75"), "{text}");

    assert_eq!(run(&[]).status.code(), Some(0));
    write("echo first = 0.7\n");
    let output = run(&[]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("- evaluate.first: 0.75"), "{shown}");
    assert_eq!(run(&["--evaluate-lower"]).status.code(), Some(0));
    // Without the command, its numbers are neither compared nor lost.
    assert_eq!(check(folder.path(), &[]).status.code(), Some(0));
    assert_eq!(check(folder.path(), &["--write"]).status.code(), Some(0));
    let text = std::fs::read_to_string(folder.path().join("niello.toml")).expect("written");
    assert!(text.contains("first = 0.75"), "{text}");
}

#[test]
fn labels_may_be_in_a_file_of_their_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let labels = folder.path().join("labels");
    std::fs::create_dir(&labels).expect("writable");
    let mut content = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (SAMPLES,), }";
    let header = header.replace("SAMPLES", &SAMPLES.to_string());
    content.extend(format!("{header:117}\n").bytes());
    content.extend([3; SAMPLES]);
    std::fs::write(labels.join("label:sum.npy"), content).expect("writable");
    let metric = ["--evaluate", "sh -c 'cp \"$0\" got.npz; echo 1'"];
    let output = check(
        folder.path(),
        &[&["--write", "--labels", "labels"], &metric[..]].concat(),
    );
    assert!(output.status.success(), "{output:?}");
    let got = members(&folder.path().join("got.npz"));
    let names = got.iter().map(|(name, _)| name.as_str());
    let labels: Vec<&str> = names.filter(|name| name.starts_with("label:")).collect();
    assert_eq!(labels, ["label:sum.npy"]);
    // Not those of the dataset, which are not all 3.
    let (_, content) = got
        .iter()
        .find(|(name, _)| name == "label:sum.npy")
        .expect("labels");
    assert!(content[128..].chunks(4).all(|b| *b == 3_f32.to_le_bytes()));
}

#[test]
fn a_command_that_fails_or_prints_no_number_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (command, message) in [
        ("echo broken >&2; false", "broken"),
        ("no_such_command_at_all", "not found"),
        ("echo done; :", "it must print one number"),
        (":", "it has printed no number"),
    ] {
        let output = check(folder.path(), &["--write", "--evaluate", command]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(message), "{text}");
        assert!(!folder.path().join("niello.toml").exists());
    }
}
