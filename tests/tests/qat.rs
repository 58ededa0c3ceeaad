//! Quantization-aware models of tensorflow-model-optimization: as close to what training
//! simulated as the converter's int8 file of the same training (`models/qat.py`).

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis};
use niello_compiler::Options;
use niello_compiler::model::{Model, TensorData};
use niello_tests::cases::request;
use niello_tests::npz::NpzWriter;
use niello_tests::{flat, here, read_npz};

/// How much less than the converter's SQNR is as good.
const MARGIN_DB: f64 = 0.5;

/// The cases, and whether training gives every tensor its range.
const CASES: &[(&str, bool)] = &[
    ("cnn", true),
    ("residual", true),
    ("branches", true),
    ("mixed", true),
    ("decoder", true),
    ("partly", false),
    ("inner", false),
];

struct Record(Vec<(String, ArrayD<f64>)>);

impl Record {
    fn array(&self, key: &str) -> &ArrayD<f64> {
        let found = self.0.iter().find(|(k, _)| k == key);
        found.map(|(_, array)| array).expect("recorded")
    }

    fn dataset(&self, path: &Path) {
        let mut archive = NpzWriter::default();
        let samples = self.array("calibration:image");
        let samples = samples.mapv(|x| x as f32);
        archive.add("image", &samples);
        archive.write(path);
    }

    /// What a model makes of the evaluation samples.
    fn outputs(&self, path: &Path, dataset: Option<&Path>) -> Result<Vec<f32>, String> {
        let model = Model::read(path, &Options::default()).map_err(|e| e.to_string())?;
        let request = request(path, dataset);
        let quantized = model.quantize(&request).map_err(|e| e.to_string())?;
        let mut outputs = Vec::new();
        for image in self.array("evaluation:image").axis_iter(Axis(0)) {
            let image = TensorData::F32(image.iter().map(|&x| x as f32).collect());
            match quantized.run(&[image]).as_slice() {
                [TensorData::F32(y)] => outputs.extend(y),
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(outputs)
    }

    /// What the file itself computes of the evaluation samples, in float.
    fn simulated(&self, path: &Path) -> Vec<f32> {
        let model = Model::read(path, &Options::default()).expect("a model");
        let images = self.array("evaluation:image").axis_iter(Axis(0));
        let run = |image: ndarray::ArrayViewD<'_, f64>| {
            let image: Vec<f32> = image.iter().map(|&x| x as f32).collect();
            model.run(&[&image]).expect("outputs").remove(0)
        };
        images.flat_map(run).collect()
    }

    fn sqnr(&self, got: &[f32]) -> f64 {
        let want = self.array("out:y");
        let square = |x: f32| f64::from(x).powi(2);
        let signal: f64 = want.iter().map(|&x| square(x as f32)).sum();
        let noise: f64 = (want.iter().zip(got))
            .map(|(&a, b)| square(a as f32 - b))
            .sum();
        10.0 * (signal / noise).log10()
    }
}

fn file(name: &str) -> PathBuf {
    here().join("models/qat").join(name)
}

#[test]
fn models_are_as_close_to_their_training_as_the_converters() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut failed = Vec::new();
    for &(name, fully) in CASES {
        let record = Record(read_npz(&file(&format!("{name}.npz"))));
        let samples = folder.path().join(format!("{name}.npz"));
        record.dataset(&samples);
        let float = file(&format!("{name}_f32.tflite"));
        let int8 = file(&format!("{name}_i8.tflite"));
        let converter: Vec<f32> = record.array("int8:y").iter().map(|&x| x as f32).collect();
        let litert = record.sqnr(&converter);
        // Fully connected layers round once in LiteRT, twice in TensorFlow Lite Micro and here.
        let here = record.outputs(&int8, None).map(|got| record.sqnr(&got));
        let here = here.unwrap_or(f64::INFINITY);
        println!("{name:10} {litert:6.1} dB by the converter, {here:.1} with our rounding");
        let bar = litert.min(here);
        let mut runs = vec![("with a dataset", Some(samples.as_path()))];
        if fully {
            runs.push(("without one", None));
        }
        for (what, dataset) in runs {
            match record.outputs(&float, dataset) {
                Ok(got) => {
                    let db = record.sqnr(&got);
                    println!("{:10} {db:6.1} dB {what}", "");
                    if db < bar - MARGIN_DB {
                        failed.push(format!("{name} {what}: {db:.1} dB, not {bar:.1}"));
                    }
                }
                Err(error) => failed.push(format!("{name} {what}: {error}")),
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn float_evaluator_rounds_what_training_rounded() {
    for (name, _) in CASES {
        let record = Record(read_npz(&file(&format!("{name}.npz"))));
        let got = record.simulated(&file(&format!("{name}_f32.tflite")));
        let db = record.sqnr(&got);
        assert!(db > 120.0, "{name}: {db:.1} dB to LiteRT's outputs");
    }
}

mod decoder {
    niello::include_model! { pub fn model = "models/qat/decoder_f32.tflite" }
}

#[test]
fn emitted_code_is_the_simulated_program() {
    let record = Record(read_npz(&file("decoder.npz")));
    let want = record.outputs(&file("decoder_f32.tflite"), None);
    let want = want.expect("a model without calibration");
    let images = record.array("evaluation:image").axis_iter(Axis(0));
    for (image, want) in images.zip(want.chunks(4)) {
        let image: Vec<f32> = image.iter().map(|&x| x as f32).collect();
        let image = decoder::model::Image::from_slice(&image).expect("its shape");
        let got = flat(&decoder::model(image).y);
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
        assert!(want.iter().zip(&got).all(close), "{got:?}, not {want:?}");
    }
}
