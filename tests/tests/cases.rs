//! The models of users' reports in `../shared/cases`: accuracy beside the converter's,
//! bytes beside the records of one-operator files.

use std::path::Path;

use niello_compiler::model::{Model, TensorData};
use niello_compiler::{Method, Options, Request};
use niello_tests::cases::data;
use niello_tests::{read_npz, sample, samples, shared};

/// Cases that stay below, what they have to reach all the same, and why.
const BELOW: &[(&str, f64, &str)] = &[(
    "tokens_int64",
    23.0,
    "the squares of its layer normalization take more than 8 bits",
)];

/// What `index.json` asks of an output.
fn wanted(case: &serde_json::Value, output: &str) -> f64 {
    let converter = case["ptq_sqnr_db"]["converter"][output].as_f64();
    let both = [converter.map(|db| db - 0.5), case["want_db"].as_f64()];
    both.into_iter().flatten().reduce(f64::max).unwrap_or(20.0)
}

/// SQNR of each output, in dB.
fn measure(name: &str, options: &Options) -> Result<Vec<(String, f64)>, String> {
    let folder = shared().join("cases");
    let path = folder.join(format!("models/{name}_f32.tflite"));
    let dataset = folder.join(format!("data/{name}_calibration.npz"));
    let dataset = Some(dataset).filter(|d| d.exists());
    let model = Model::read_for(&path, options, dataset.as_deref()).map_err(|e| e.to_string())?;
    let request = Request {
        model: path,
        dataset,
        options: options.clone(),
        cache: None,
    };
    let quantized = model.quantize(&request).map_err(|e| e.to_string())?;
    let inputs = read_npz(&folder.join(format!("data/{name}_evaluation.npz")));
    let golden = read_npz(&folder.join(format!("golden/{name}_f32.npz")));
    let mut sums = vec![(0.0_f64, 0.0_f64); model.outputs().len()];
    for i in 0..samples(&inputs) {
        let call: Vec<TensorData> = (model.inputs().iter())
            .map(|port| data(port, wide(sample(&inputs, &port.name, i))))
            .collect();
        let got = quantized.run(&call);
        for ((port, got), sum) in model.outputs().iter().zip(got).zip(&mut sums) {
            let want = sample(&golden, &format!("out:{}", port.name), i);
            let want = data(port, wide(want));
            for (w, g) in reals(want).into_iter().zip(reals(got)) {
                sum.0 += w.powi(2);
                sum.1 += (w - g).powi(2);
            }
        }
    }
    let db = |(signal, noise): (f64, f64)| 10.0 * (signal / noise.max(1e-30)).log10();
    let names = model.outputs().into_iter().map(|port| port.name);
    Ok(names.zip(sums.into_iter().map(db)).collect())
}

fn wide(data: Vec<f32>) -> Vec<f64> {
    data.into_iter().map(f64::from).collect()
}

fn reals(data: TensorData) -> Vec<f64> {
    match data {
        TensorData::F32(data) => data.into_iter().map(f64::from).collect(),
        TensorData::I8(data) => data.into_iter().map(f64::from).collect(),
        TensorData::I16(data) => data.into_iter().map(f64::from).collect(),
        TensorData::I32(data) => data.into_iter().map(f64::from).collect(),
    }
}

#[test]
fn every_case_reaches_what_is_wanted() {
    let index = shared().join("cases/index.json");
    let Ok(text) = std::fs::read_to_string(index) else {
        println!("skipped: ../shared/cases is not there");
        return;
    };
    let index: serde_json::Value = serde_json::from_str(&text).expect("an index");
    let mut missed = Vec::new();
    for (name, case) in index.as_object().expect("cases by name") {
        let mut options = Options::default();
        if case["options"]
            .as_str()
            .is_some_and(|o| o.contains("percentile(99.9)"))
        {
            options.calibration = Method::Percentile(99.9);
        }
        match measure(name, &options) {
            Err(error) => {
                println!("{name}: {error}");
                missed.push(name.clone());
            }
            Ok(outputs) => {
                for (output, db) in outputs {
                    let below = BELOW.iter().find(|(below, ..)| below == name);
                    let wanted = below.map_or(wanted(case, &output), |(_, db, _)| *db);
                    let verdict = if db >= wanted { "" } else { "  BEHIND" };
                    println!("{name} {output}: {db:.2} dB, wanted {wanted:.2}{verdict}");
                    if db < wanted {
                        missed.push(format!("{name} {output}"));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn every_file_compiles() {
    let folder = shared().join("cases");
    let mut missed = Vec::new();
    for entry in ["operators", "levels"].map(|f| folder.join(f)) {
        let Ok(files) = std::fs::read_dir(entry) else {
            println!("skipped: ../shared/cases is not there");
            return;
        };
        for file in files {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "tflite")
                && let Err(error) = compile(&path)
            {
                println!("{}: {error}", path.display());
                missed.push(path);
            }
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

fn compile(path: &Path) -> Result<(), String> {
    let model = Model::read(path, &Options::default()).map_err(|e| e.to_string())?;
    let request = Request {
        model: path.to_owned(),
        dataset: None,
        options: Options::default(),
        cache: None,
    };
    match model.quantize(&request) {
        Err(e) if !e.message.contains("needs a representative dataset") => Err(e.to_string()),
        _ => Ok(()),
    }
}
