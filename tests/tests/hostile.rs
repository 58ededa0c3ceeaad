//! Files that ask for any memory and any time are answered within two seconds of computing
//! and one gigabyte, by an error that says what is wrong where, or compiled where that is legal.
//!
//! `models/hostile.py` makes the models. Every file is compiled by a process of its own,
//! which is this test again, with limits.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use ndarray::ArrayD;
use niello_compiler::model::{Model, PortInfo};
use niello_compiler::{ElementType, Item, Options, Request, compile};
use niello_tests::npz::NpzWriter;
use niello_tests::{here, shared};

/// What the process compiles, and where it says what came of it.
const FILE: &str = "NIELLO_HOSTILE_FILE";
const ANSWER: &str = "NIELLO_HOSTILE_ANSWER";

/// Seconds of computing, and bytes of memory in units of 1024.
const SECONDS: u32 = 2;
const KILOBYTES: u32 = 1 << 20;

/// Elements of inputs that samples are made for.
const SMALL: usize = 1 << 16;

/// The models of `models/hostile`: what the message names, and why it is refused. One that is
/// legal has no reason.
const MODELS: &[(&str, &str, &str)] = &[
    ("arena", "", "the arena needs"),
    (
        "blocks_of_one_number",
        "\"number\"",
        "a number alone has no blocks of scales",
    ),
    ("broadcast_to", "BROADCAST_TO", "too large"),
    ("cast_with_scale", "CAST", "which TensorFlow Lite ignores"),
    ("constants_computed", "FILL", "of all constants"),
    (
        "constants_multiplied",
        "BATCH_MATMUL",
        "computes from constants",
    ),
    ("convolution_dilated", "CONV_2D", "its window of 3 taps"),
    ("convolution_padded", "", ""),
    ("input_of_2p30", "tensor #0 (\"x\")", "too large"),
    ("input_of_2p62", "tensor #0 (\"x\")", "too large"),
    ("one_hot", "ONE_HOT", "too large"),
    ("pad", "PAD", "too large"),
    ("pool_of_2p20", "", ""),
    (
        "pool_of_2p30",
        "AVERAGE_POOL_2D",
        "its window of 1073741824 taps",
    ),
    ("product", "BATCH_MATMUL", "multiply-accumulates"),
    ("reshape", "RESHAPE", "cannot reshape"),
    (
        "resize",
        "RESIZE_NEAREST_NEIGHBOR",
        "positions along one dimension",
    ),
    (
        "scale_infinite",
        "tensor #1 (\"weights\")",
        "scale 2 of its 3 is inf",
    ),
    (
        "scale_negative",
        "tensor #1 (\"weights\")",
        "scale 2 of its 3 is -0.1",
    ),
    (
        "scale_not_a_number",
        "tensor #1 (\"weights\")",
        "scale 1 of its 3 is NaN",
    ),
    (
        "scale_zero_of_weights",
        "tensor #1 (\"weights\")",
        "channel 1 of dimension 0 has scale 0",
    ),
    ("space_to_batch", "SPACE_TO_BATCH_ND", ""),
    ("sparse", "tensor #1 (\"weights\")", "sparse layout"),
    ("tile", "TILE", "too large"),
    ("transposed_convolution", "TRANSPOSE_CONV", ""),
    (
        "type_of_axes",
        "MEAN",
        "operand 1 \"axes\" is float32, expected int32",
    ),
    (
        "type_of_bias",
        "FULLY_CONNECTED",
        "operand 2 \"bias\" is float32, expected a bias",
    ),
    (
        "type_of_comparison",
        "GREATER",
        "output 0 \"y\" is int32, expected bool",
    ),
    (
        "type_of_matrix",
        "BATCH_MATMUL",
        "\"w\" is i8, but the product is of i16",
    ),
    (
        "type_of_operand",
        "MAXIMUM",
        "operand 1 \"z\" is int32, expected int8",
    ),
    (
        "type_of_output",
        "CONCATENATION",
        "output 0 \"y\" is int16, expected int8",
    ),
    ("type_of_text", "RELU", "output 0 \"y\" is string"),
    (
        "type_of_whole_numbers",
        "QUANTIZE",
        "from float32 it makes int8, uint8 or int16",
    ),
    ("type_without_kernel", "LOGISTIC", "it reads int32"),
    (
        "zero_point_of_64_bits",
        "tensor #1 (\"weights\")",
        "its zero point is 4294967296",
    ),
    (
        "zero_points_missing",
        "tensor #1 (\"weights\")",
        "3 scales, but 2 zero points",
    ),
];

/// Compiles the file of the environment; does nothing in an ordinary run.
#[test]
fn one_file() {
    let (Some(file), Some(answer)) = (std::env::var_os(FILE), std::env::var_os(ANSWER)) else {
        return;
    };
    std::fs::write(answer, answer_to(Path::new(&file))).expect("writable");
}

/// The error about a file, or nothing.
fn answer_to(file: &Path) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("samples.npz");
    let inputs = Model::read(file, &Options::default()).map(|model| model.inputs());
    let dataset = inputs.ok().filter(|inputs| make_samples(inputs, &path));
    let item = Item {
        attributes: Default::default(),
        visibility: Default::default(),
        name: proc_macro2::Ident::new("model", proc_macro2::Span::call_site()),
        krate: Default::default(),
    };
    let request = Request {
        model: file.to_owned(),
        dataset: dataset.map(|_| path),
        options: Options::default(),
        cache: None,
    };
    match compile(&item, &request) {
        Ok(_) => String::new(),
        Err(error) => error.message,
    }
}

/// Two samples; false if they would be large.
fn make_samples(inputs: &[PortInfo], path: &Path) -> bool {
    let elements = |port: &PortInfo| port.shape.iter().product::<usize>();
    if inputs.iter().map(elements).sum::<usize>() > SMALL {
        return false;
    }
    let mut archive = NpzWriter::default();
    for port in inputs {
        let shape = [&[2], port.shape.get(1..).unwrap_or(&[])].concat();
        let mut next = 0;
        let data = ArrayD::from_shape_simple_fn(shape, || {
            next = (next + 7) % 17;
            next
        });
        let name = port.name.as_str();
        match port.element {
            ElementType::I32 => archive.add(name, &data),
            ElementType::Bool => archive.add(name, &data.mapv(|x| x > 8)),
            _ => archive.add(name, &data.mapv(|x| x as f32 / 8.0 - 1.0)),
        }
    }
    archive.write(path);
    true
}

/// The answer of a process with limits.
fn limited(file: &Path) -> Result<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let answer = folder.path().join("answer");
    let script = format!("ulimit -t {SECONDS} && ulimit -v {KILOBYTES} && exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "one_file", "--test-threads", "1"])
        .env(FILE, file)
        .env(ANSWER, &answer)
        .output()
        .expect("a shell");
    std::fs::read_to_string(answer).map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        format!(
            "{}: no answer, {}\n{text}{error}",
            file.display(),
            output.status
        )
    })
}

#[test]
fn small_files_are_answered() {
    let mut problems = Vec::new();
    for (name, place, reason) in MODELS {
        let file = here().join(format!("models/hostile/{name}.tflite"));
        match limited(&file) {
            Ok(message) => {
                let is_legal = place.is_empty() && reason.is_empty();
                let says = message.contains(place) && message.contains(reason);
                if is_legal != message.is_empty() || !says {
                    problems.push(format!("{name}: {message:?}"));
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    let folder = here().join("models/hostile");
    let files = std::fs::read_dir(folder).expect("the models").count();
    assert_eq!(files, MODELS.len(), "a file without a row");
}

/// The files beside the repository.
#[test]
fn files_of_reports_are_answered() {
    let Ok(folder) = std::fs::read_dir(shared().join("cases/hostile")) else {
        return;
    };
    let mut files: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "tflite"));
    files.sort();
    let mut problems = Vec::new();
    for file in files {
        match limited(&file) {
            // All of them name a tensor or an operator.
            Ok(message) if message.contains("tensor #") || message.contains("operator #") => {}
            Ok(message) => problems.push(format!("{}: {message:?}", file.display())),
            Err(problem) => problems.push(problem),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
