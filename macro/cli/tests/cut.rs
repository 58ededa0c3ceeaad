//! `cargo niello cut`: the parts of a model compute what the whole does, bit for bit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use niello_compiler::model::Model;
use niello_compiler::{ElementType, Options, Request, cut};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .args(["niello", "cut"])
        .args(arguments)
        .current_dir(root().join("examples"))
        .output()
        .expect("the program runs")
}

/// Numbers that no two inputs share, in the range that an element type has.
fn numbers(element: ElementType, count: usize, seed: usize) -> Vec<f32> {
    let number = |i: usize| ((i * 37 + seed * 11) % 64) as f32;
    let all = (0..count).map(number);
    match element {
        ElementType::Bool => all.map(|x| x % 2.0).collect(),
        ElementType::I32 | ElementType::U32 => all.map(|x| x % 3.0).collect(),
        _ => all.map(|x| x / 32.0 - 1.0).collect(),
    }
}

/// The bits of all outputs, by name.
fn bits(model: &Model, inputs: &[Vec<f32>]) -> Result<BTreeMap<String, Vec<u32>>, String> {
    let slices: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
    let outputs = model.run(&slices).map_err(|e| e.message)?;
    let bits = outputs
        .iter()
        .map(|o| o.iter().map(|x| x.to_bits()).collect());
    Ok(model
        .outputs()
        .into_iter()
        .map(|port| port.name)
        .zip(bits)
        .collect())
}

fn ramps(model: &Model) -> Vec<Vec<f32>> {
    let ports = model.inputs().into_iter().enumerate();
    ports
        .map(|(seed, port)| numbers(port.element, port.shape.iter().product(), seed))
        .collect()
}

#[test]
fn two_parts_compute_what_the_whole_model_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let middle = "functional_2_1/add_1/Add";
    let text = |name: &str| path(name).display().to_string();
    let (first, second) = (text("first.tflite"), text("second.tflite"));
    let output = run(&[
        "photo_locator",
        "--from",
        "image",
        "--to",
        middle,
        "-o",
        &first,
    ]);
    assert!(output.status.success(), "{output:?}");
    // Names are those of tensors, of inputs and of outputs.
    let ends = ["photo", "StatefulPartitionedCall:2", "brightness_map"];
    let arguments = ["photo_locator", "--from", "hint", middle, "--to"];
    let output = run(&[&arguments[..], &ends, &["--output", &second]].concat());
    assert!(output.status.success(), "{output:?}");

    let options = Options::default();
    let read = |path: &Path| Model::read(path, &options).expect("a model");
    let whole = read(&root().join("examples/models/photo_locator_f32.tflite"));
    let (first, second) = (read(&path("first.tflite")), read(&path("second.tflite")));
    let names: Vec<String> = second.inputs().into_iter().map(|port| port.name).collect();
    assert_eq!(names, ["hint", middle]);
    let inputs = ramps(&whole);
    let port = |name: &str| {
        let found = whole
            .inputs()
            .into_iter()
            .position(|port| port.name == name);
        inputs[found.expect("an input")].clone()
    };
    let expected = bits(&whole, &inputs).expect("runs");
    let between = first.run(&[&port("image")]).expect("runs").remove(0);
    let between: Vec<f32> = between.into_iter().collect();
    let got = bits(&second, &[port("hint"), between]).expect("runs");
    assert_eq!(got, expected);
    assert_eq!(got.len(), 3);

    // Its dataset calibrates the part.
    let dataset = path("second.npz");
    let request = Request {
        model: path("second.tflite"),
        dataset: Some(dataset),
        options: options.clone(),
        cache: None,
    };
    second.quantize(&request).expect("a dataset that fits");
}

#[test]
fn the_dataset_is_what_the_rest_computes() {
    let examples = root().join("examples/models");
    let request = |dataset| Request {
        model: examples.join("photo_locator_f32.tflite"),
        dataset,
        options: Options::default(),
        cache: None,
    };
    let dataset = Some(examples.join("photo_locator_calibration.npz"));
    let names = |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let (from, to) = (
        names(&["functional_2_1/add_1/Add"]),
        names(&["brightness_map"]),
    );
    let part = cut::cut(&request(dataset.clone()), &from, &to).expect("a part");
    assert_eq!(part.operators, 2);
    assert_eq!(part.dataset[0].shape, [100, 8, 8, 24]);
    // What the first part gives for the first sample.
    let before = cut::cut(&request(dataset), &names(&["image"]), &from).expect("a part");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("before.tflite");
    std::fs::write(&file, &before.bytes).expect("writable");
    let model = Model::read(&file, &Options::default()).expect("a model");
    let sample = &before.dataset[0].data[..32 * 32 * 3];
    let run = model.run(&[sample]).expect("runs").remove(0);
    let run: Vec<f32> = run.into_iter().collect();
    assert_eq!(part.dataset[0].data[..run.len()], run[..]);
    // Without a dataset there is none for the part.
    let part = cut::cut(&request(None), &from, &to).expect("a part");
    assert_eq!(part.dataset, []);
}

/// The models of the tests, of all operators.
fn models() -> Vec<PathBuf> {
    let mut models = Vec::new();
    for folder in ["ops", "control", "weights", "qat"] {
        let folder = root().join("tests/models").join(folder);
        for entry in std::fs::read_dir(folder).expect("the folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "tflite") {
                models.push(path);
            }
        }
    }
    models.sort();
    models
}

#[test]
fn every_operator_is_copied_as_it_is() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("part.tflite");
    let options = Options::default();
    let (mut same, mut variables) = (0, 0);
    for path in models() {
        let name = path.display();
        // Some are for the compiler to refuse.
        let Ok(whole) = Model::read(&path, &options) else {
            continue;
        };
        let request = Request {
            model: path.clone(),
            dataset: None,
            options: options.clone(),
            cache: None,
        };
        let names = |ports: Vec<niello_compiler::model::PortInfo>| -> Vec<String> {
            ports.into_iter().map(|port| port.name).collect()
        };
        let (from, to) = (names(whole.inputs()), names(whole.outputs()));
        match cut::cut(&request, &from, &to) {
            Ok(part) => {
                std::fs::write(&file, &part.bytes).expect("writable");
                let part = Model::read(&file, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
                assert_eq!(part.inputs(), whole.inputs(), "{name}");
                let inputs = ramps(&whole);
                assert_eq!(bits(&part, &inputs), bits(&whole, &inputs), "{name}");
                same += 1;
            }
            Err(e) if e.message.contains("it uses a variable") => variables += 1,
            Err(e) => panic!("{name}: {e}"),
        }
    }
    assert!(same > 850 && variables > 0, "{same}, {variables}");
}

#[test]
fn what_cannot_be_cut_says_why() {
    let middle = "functional_2_1/add_1/Add";
    let cases: &[(&[&str], &str)] = &[
        (
            &["--from", "functional_2_1/ad_1/Add", "--to", "photo"],
            "the closest are \"functional_2_1/add_1/Add\"",
        ),
        (&["--from", middle, "--to", "photo"], "add them to --from"),
        (
            &["--from", middle, "--to", "functional_2_1/re_lu_1_2/Relu6"],
            "it does not depend on --from",
        ),
        (
            &["--from", middle, "hint", "--to", "brightness_map"],
            "nothing between it and --to reads it",
        ),
        (
            &["--from", middle, "--to", middle],
            "it is one of --from, too",
        ),
        (
            &["--from", middle, middle, "--to", "photo"],
            "it is named twice",
        ),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("part.tflite").display().to_string();
    for (arguments, expected) in cases {
        let output = run(&[&["photo_locator"], *arguments, &["-o", &file]].concat());
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(expected), "{message}");
        assert!(!Path::new(&file).exists());
    }
    let output = run(&["--from", middle, "--to", "photo"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("takes one model"), "{message}");
}

#[test]
fn damaged_files_are_errors_or_parts_and_no_panics() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options::default();
    let (mut parts, mut errors) = (0, 0);
    for name in [
        "ops/add_i8.tflite",
        "ops/sparse_f32.tflite",
        "weights/blockwise_int4_f32.tflite",
    ] {
        let whole = root().join("tests/models").join(name);
        let model = Model::read(&whole, &options).expect("a model");
        let names = |ports: Vec<niello_compiler::model::PortInfo>| -> Vec<String> {
            ports.into_iter().map(|port| port.name).collect()
        };
        let (from, to) = (names(model.inputs()), names(model.outputs()));
        let bytes = std::fs::read(&whole).expect("a file");
        for at in 0..bytes.len() {
            for change in [1, 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                // A new file each time: some file systems write what is filled anew at once.
                let file = folder.path().join(format!("{at}_{change}.tflite"));
                std::fs::write(&file, damaged).expect("writable");
                let request = Request {
                    model: file.clone(),
                    dataset: None,
                    options: options.clone(),
                    cache: None,
                };
                match cut::cut(&request, &from, &to) {
                    Ok(_) => parts += 1,
                    Err(e) if e.message.contains("a fault of niello") => panic!("{at}: {e}"),
                    Err(_) => errors += 1,
                }
                std::fs::remove_file(&file).expect("there");
            }
        }
    }
    assert!(parts > 100 && errors > 100, "{parts} {errors}");
}
