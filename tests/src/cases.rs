//! The operator cases of `models/ops`, and what the compiler makes of them.

use std::path::{Path, PathBuf};

use ndarray::Axis;
use niello_compiler::model::{Model, PortInfo, Profile, TensorData};
use niello_compiler::{ElementType, Options, Request};

use crate::npz::NpzWriter;
use crate::{Record, Recorded, here, read_npz, wide_sample};

/// How many float samples calibrate; the later ones measure.
pub const CALIBRATION: usize = 40;

/// Cases with elements that differ from the record, how many, and why.
pub const EXCEPTIONS: &[(&str, usize, &str)] = &[
    (
        "conv_3d",
        263,
        "the file computes it in float32 between conversions, with float weights; here it is an int8 convolution",
    ),
    ("conv_3d_transpose_valid", 1166, "as conv_3d"),
    ("conv_3d_valid", 512, "as conv_3d"),
    (
        "div_column",
        3,
        "the file divides float32 between conversions; here the exact quotient is rounded once",
    ),
    (
        "div_number",
        2,
        "random bytes make the divisor 0: the reference converts infinity to an integer, which is undefined",
    ),
    (
        "space_to_batch",
        144,
        "TensorFlow Lite Micro pads int8 with the byte 0; LiteRT, and Niello, with the zero point",
    ),
    ("space_to_batch_batch", 288, "as space_to_batch"),
];

/// How many elements of a case are known to differ.
pub fn known_differences(name: &str) -> usize {
    let known = EXCEPTIONS.iter().find(|(n, ..)| *n == name);
    known.map_or(0, |(_, count, _)| *count)
}

/// One operator's models and their recorded runs.
pub struct Case {
    /// The name of its files.
    pub name: String,
    /// The quantized model.
    pub quantized: PathBuf,
    /// The float model of the same function; models with int16 activations have none.
    pub float: Option<PathBuf>,
    /// All recorded arrays.
    pub record: Record,
}

/// How many elements were compared, and how many differ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bytes {
    /// Elements of all outputs of all runs.
    pub compared: usize,
    /// Elements that are not the record's.
    pub differing: usize,
}

/// All cases of `models/ops`, sorted by name.
///
/// # Panics
/// If the folder cannot be read.
pub fn all() -> Vec<Case> {
    let folder = here().join("models/ops");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".npz").map(str::to_owned))
        .collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let file = |ending: &str| folder.join(format!("{name}{ending}"));
            let quantized = ["_i8.tflite", "_i16.tflite", "_u8.tflite"].map(file);
            Case {
                quantized: quantized.into_iter().find(|p| p.exists()).expect("a model"),
                float: Some(file("_f32.tflite")).filter(|p| p.exists()),
                record: read_npz(&file(".npz")),
                name,
            }
        })
        .collect()
}

/// A request to compile a model with the default options and without a cache.
pub fn request(model: &Path, dataset: Option<&Path>) -> Request {
    Request {
        model: model.to_owned(),
        dataset: dataset.map(Path::to_owned),
        options: Options::default(),
        cache: None,
    }
}

/// A recorded sample in the element type of an input or output.
pub fn data(port: &PortInfo, sample: Vec<f64>) -> TensorData {
    match port.element {
        ElementType::F32 => TensorData::F32(sample.iter().map(|&x| x as f32).collect()),
        ElementType::I8 | ElementType::Bool => {
            TensorData::I8(sample.iter().map(|&x| x as i8).collect())
        }
        ElementType::U8 => {
            TensorData::I8(sample.iter().map(|&x| ((x as u8) ^ 0x80) as i8).collect())
        }
        ElementType::I16 => TensorData::I16(sample.iter().map(|&x| x as i16).collect()),
        ElementType::I32 => TensorData::I32(sample.iter().map(|&x| x as i32).collect()),
        ElementType::U32 => TensorData::I32(sample.iter().map(|&x| x as u32 as i32).collect()),
    }
}

impl Case {
    /// The operators of the quantized model, as the file names them.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn operators(&self) -> Vec<String> {
        let bytes = std::fs::read(&self.quantized).expect("a file");
        niello_compiler::model::operators(&bytes).expect("a model")
    }

    /// The recorded inputs of one run, whose keys begin with `prefix`.
    pub fn inputs(&self, model: &Model, prefix: &str, run: usize) -> Vec<TensorData> {
        model
            .inputs()
            .iter()
            .map(|port| {
                data(
                    port,
                    wide_sample(&self.record, &format!("{prefix}:{}", port.name), run),
                )
            })
            .collect()
    }

    /// Runs the quantized model by the compiler's plain loops, inside of the planned arena, and
    /// compares it with the record.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn compare(&self) -> Result<Bytes, String> {
        let model = Model::read(&self.quantized, &Options::default()).map_err(|e| e.to_string())?;
        let quantized = model
            .quantize(&request(&self.quantized, None))
            .map_err(|e| e.to_string())?;
        let mut bytes = Bytes::default();
        let runs = self.record.iter().find(|(k, _)| k.starts_with("in:"));
        let runs = runs.map_or(0, |(_, a)| a.len_of(Axis(0)));
        // Records are consecutive calls, which matters to models with a state.
        let calls: Vec<Vec<TensorData>> = (0..runs)
            .map(|run| self.inputs(&model, "in", run))
            .collect();
        let all = quantized.run_sequence(&calls, Profile::Mcu, false);
        if quantized.run_sequence(&calls, Profile::Mcu, true) != all {
            return Err("other outputs with the inputs in the arena".to_owned());
        }
        if quantized.run_sequence(&calls, Profile::Simd, false) != all {
            return Err("other outputs of the program for wide registers".to_owned());
        }
        for (run, got) in all.into_iter().enumerate() {
            for (port, got) in model.outputs().iter().zip(got) {
                let want = data(
                    port,
                    wide_sample(&self.record, &format!("out:{}", port.name), run),
                );
                let (length, same) = match (&got, &want) {
                    (TensorData::I8(a), TensorData::I8(b)) => (b.len(), same(a, b)),
                    (TensorData::I16(a), TensorData::I16(b)) => (b.len(), same(a, b)),
                    (TensorData::I32(a), TensorData::I32(b)) => (b.len(), same(a, b)),
                    (TensorData::F32(a), TensorData::F32(b)) => (b.len(), same(a, b)),
                    _ => return Err(format!("output {:?} has another type", port.name)),
                };
                bytes.compared += length;
                bytes.differing += length - same;
            }
        }
        Ok(bytes)
    }

    /// Writes some of the float samples as a dataset.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write_samples(&self, model: &Model, path: &Path, range: std::ops::Range<usize>) {
        let mut archive = NpzWriter::default();
        for port in model.inputs() {
            let key = format!("float:{}", port.name);
            let (_, all) = self
                .record
                .iter()
                .find(|(k, _)| *k == key)
                .expect("recorded");
            let part = all.slice_axis(Axis(0), range.clone().into());
            let part = part.mapv(|x| x as f32);
            archive.add(&port.name, &part);
        }
        archive.write(path);
    }

    /// Quantizes the float model: its SQNR in dB for each output, and that of the TensorFlow
    /// Lite converter.
    ///
    /// # Errors
    /// If it does not compile.
    pub fn sqnr(&self, folder: &Path) -> Result<Vec<(f64, f64)>, String> {
        let Some(float) = &self.float else {
            return Ok(Vec::new());
        };
        let model = Model::read(float, &Options::default()).map_err(|e| e.to_string())?;
        let write = |ending: &str, range: std::ops::Range<usize>| {
            let path = folder.join(format!("{}_{ending}.npz", self.name));
            self.write_samples(&model, &path, range);
            path
        };
        let floats = self.record.iter().find(|(k, _)| k.starts_with("float:"));
        let total = floats.map_or(0, |(_, a)| a.len_of(Axis(0)));
        let calibration = write("calibration", 0..CALIBRATION.min(total));
        let measured = write("measured", CALIBRATION.min(total)..total);
        let quantized = model
            .quantize(&request(float, Some(&calibration)))
            .map_err(|e| e.to_string())?;
        let ours = quantized
            .accuracy(&measured, &Options::default())
            .map_err(|e| e.to_string())?;
        let theirs = |name: &str| {
            self.record
                .iter()
                .find(|(k, _)| *k == format!("sqnr:{name}"))
                .and_then(|(_, a)| a.first().copied())
                .unwrap_or(0.0)
        };
        let names = model.outputs().into_iter().map(|port| port.name);
        Ok(ours
            .iter()
            .zip(names)
            .map(|(a, name)| (a.sqnr_db, theirs(&name)))
            .collect())
    }
}

fn same<T: Recorded + Copy>(a: &[T], b: &[T]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a.agrees(**b)).count()
}
