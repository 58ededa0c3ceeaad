//! The float models that are exported as int8 files, and the inputs on which they are run.

use std::path::{Path, PathBuf};

use niello_compiler::ElementType;
use niello_compiler::model::{Model, PortInfo, Quantized, TensorData};

use crate::cases::{self, CALIBRATION, data};
use crate::npz::NpzWriter;
use crate::{Record, here, read_npz, samples, shared, wide_sample};

/// How often each model runs: half on random bytes, half on samples.
pub const RUNS: usize = 4;

/// A float model with its dataset.
pub struct Case {
    /// The folder and the name of the model.
    pub name: String,
    /// The file of the model.
    pub model: PathBuf,
    /// The dataset that calibrates it.
    pub dataset: PathBuf,
}

/// Models whose calibration takes minutes where the compiler is not optimized.
const LARGE: &[&str] = &["face_detection", "hand_landmark", "iris_landmark"];

/// All float models with a dataset but the largest, sorted by name: those of the repository and,
/// if they are there, those beside it. Datasets that tests make go into `folder`.
///
/// # Panics
/// If a folder cannot be read.
pub fn all(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for (family, path, data) in [
        ("examples", here().join("../examples/models"), ""),
        ("shared", shared().join("models"), "../data"),
        ("cases", shared().join("cases/models"), "../data"),
    ] {
        let files = path.read_dir().into_iter().flatten().flatten();
        let names = files.filter_map(|file| {
            let name = file.file_name().into_string().ok()?;
            Some(name.strip_suffix("_f32.tflite")?.to_owned())
        });
        for name in names {
            let dataset = path.join(data).join(format!("{name}_calibration.npz"));
            if dataset.exists() && !LARGE.contains(&name.as_str()) {
                cases.push(Case {
                    name: format!("{family}/{name}"),
                    model: path.join(format!("{name}_f32.tflite")),
                    dataset,
                });
            }
        }
    }
    for case in cases::all() {
        let Some(model) = case.float.clone() else {
            continue;
        };
        let dataset = folder.join(format!("{}.npz", case.name));
        if let Ok(read) = Model::read(&model, &niello_compiler::Options::default()) {
            case.write_samples(&read, &dataset, 0..CALIBRATION);
            cases.push(Case {
                name: format!("ops/{}", case.name),
                model,
                dataset,
            });
        }
    }
    cases.extend(keras_layers(folder));
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// The models of `models/keras_layers`, which lie in archives together with their samples.
fn keras_layers(folder: &Path) -> Vec<Case> {
    let files = here().join("models/keras_layers").read_dir();
    let files = files.expect("the folder").flatten();
    files
        .filter_map(|file| {
            let file = file.path();
            let name = file.file_name()?.to_str()?.strip_suffix(".npz")?.to_owned();
            let record = read_npz(&file);
            let (_, bytes) = record.iter().find(|(key, _)| key == "model")?;
            let bytes: Vec<u8> = bytes.iter().map(|&b| b as u8).collect();
            let model = folder.join(format!("{name}.tflite"));
            std::fs::write(&model, bytes).ok()?;
            let mut archive = NpzWriter::default();
            for (key, samples) in &record {
                if let Some(input) = key.strip_prefix("calibration:") {
                    archive.add(input, &samples.mapv(|x| x as f32));
                }
            }
            let dataset = folder.join(format!("{name}_samples.npz"));
            archive.write(&dataset);
            let name = format!("keras_layers/{name}");
            Some(Case {
                name,
                model,
                dataset,
            })
        })
        .collect()
}

/// The inputs of all runs: random bytes for real numbers in half of them, else samples.
pub fn inputs(model: &Model, quantized: &Quantized<'_>, dataset: &Path) -> Vec<Vec<TensorData>> {
    let samples = read_npz(dataset);
    let mut state = 1;
    (0..RUNS)
        .map(|run| {
            let ports = model.inputs().into_iter().zip(quantized.input_params());
            ports
                .map(|(port, params)| {
                    let is_real = params.is_some() && port.element != ElementType::F32;
                    if is_real && run % 2 == 0 {
                        return random(&port, &mut state);
                    }
                    let real = sample(&samples, &port.name, run);
                    match params.filter(|_| port.element == ElementType::I8) {
                        Some(params) => {
                            let q = real.iter().map(|&x| params.quantize(x as f32));
                            TensorData::I8(q.collect())
                        }
                        None => data(&port, real),
                    }
                })
                .collect()
        })
        .collect()
}

fn sample(arrays: &Record, name: &str, run: usize) -> Vec<f64> {
    wide_sample(arrays, name, run % samples(arrays).max(1))
}

fn random(port: &PortInfo, state: &mut u32) -> TensorData {
    let len = port.shape.iter().product();
    let mut next = || {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *state >> 16
    };
    match port.element {
        ElementType::I16 => TensorData::I16((0..len).map(|_| next() as i16).collect()),
        _ => TensorData::I8((0..len).map(|_| next() as i8).collect()),
    }
}

/// The elements of a list of tensors as they lie in memory.
pub fn bytes(tensors: &[TensorData]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for tensor in tensors {
        match tensor {
            TensorData::F32(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
            TensorData::I8(data) => bytes.extend(data.iter().map(|x| x.cast_unsigned())),
            TensorData::I16(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
            TensorData::I32(data) => bytes.extend(data.iter().flat_map(|x| x.to_le_bytes())),
        }
    }
    bytes
}
