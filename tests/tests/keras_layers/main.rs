//! Keras' layers and common blocks, as Keras users convert them: quantized here, and by the
//! TensorFlow Lite converter (`models/keras_layers.py`).

mod exceptions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use exceptions::EXCEPTIONS;
use ndarray::ArrayD;
use niello_compiler::Options;
use niello_compiler::model::Model;
use niello_tests::cases::request;
use niello_tests::npz::NpzWriter;
use niello_tests::{here, read_npz, sample};
use serde_json::Value;

/// How much less than the converter's SQNR is as good.
const MARGIN_DB: f64 = 0.5;
/// What is asked for where the converter makes no int8 model.
const ALONE_DB: f64 = 22.0;
/// SQNR of the float model to LiteRT's: both round, in other orders.
const FLOAT_DB: f64 = 90.0;

type Arrays = Vec<(String, ArrayD<f64>)>;

/// What is known of a case.
struct Row {
    name: String,
    batch_is_open: bool,
    /// By output: the converter's SQNR.
    converter: BTreeMap<String, f64>,
    float_operators: Vec<String>,
    /// By output: ours, or why there is none.
    ours: Result<Vec<(String, f64)>, String>,
}

impl Row {
    /// What an output has to reach.
    fn bar(&self, output: &str) -> f64 {
        let converter = self.converter.get(output);
        converter.map_or(ALONE_DB, |db| db - MARGIN_DB)
    }

    /// dB above the bar, of the worst output.
    fn gap(&self) -> f64 {
        let gap = |(name, db): &(String, f64)| db.min(150.0) - self.bar(name).min(150.0);
        match &self.ours {
            Ok(outputs) => outputs.iter().map(gap).fold(f64::INFINITY, f64::min),
            Err(_) => f64::NEG_INFINITY,
        }
    }

    fn passes(&self) -> bool {
        self.gap() >= 0.0
    }
}

#[test]
fn keras_layers_are_as_accurate_as_the_converters() {
    let folder = here().join("models/keras_layers");
    let index = std::fs::read_to_string(folder.join("index.json")).expect("an index");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let cases: Vec<(&String, &Value)> = index["cases"].as_object().expect("cases").iter().collect();
    let rows = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let temporary = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                while let Some((name, entry)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = row(&folder, name, entry, temporary.path());
                    rows.lock().expect("no panic").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("no panic");
    rows.sort_by(|a, b| a.gap().total_cmp(&b.gap()).then(a.name.cmp(&b.name)));
    println!("{}", table(&rows));
    let excused = |name: &str| EXCEPTIONS.iter().any(|(known, _)| *known == name);
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| !row.passes() && !excused(&row.name))
        .map(|row| row.name.as_str())
        .collect();
    assert!(failed.is_empty(), "below the bar: {failed:?}");
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from("    gap   ours  converter  case");
    for row in rows {
        let batch = if row.batch_is_open { "" } else { " (batch 1)" };
        match &row.ours {
            Ok(outputs) => {
                let gap = |(name, db): &(String, f64)| db - row.bar(name);
                let worst = outputs.iter().min_by(|a, b| gap(a).total_cmp(&gap(b)));
                let (output, ours) = worst.cloned().unwrap_or_default();
                let converter = row
                    .converter
                    .get(&output)
                    .map_or("-".to_owned(), |db| format!("{db:.1}"));
                text += &format!(
                    "\n{:7.1} {ours:6.1} {converter:>10}  {}{batch}",
                    row.gap(),
                    row.name
                );
                if !row.float_operators.is_empty() {
                    text += &format!("; it keeps in float: {}", row.float_operators.join(", "));
                }
            }
            Err(error) => {
                text += &format!("\n      -      -          -  {}{batch}: {error}", row.name)
            }
        }
    }
    let passed = rows.iter().filter(|row| row.passes()).count();
    let known = EXCEPTIONS.iter().filter(|(known, _)| {
        let row = rows.iter().find(|row| row.name == *known);
        row.is_none_or(Row::passes)
    });
    let needless: Vec<&str> = known.map(|(name, _)| *name).collect();
    text += &format!("\n{passed} of {} reach the bar", rows.len());
    if !needless.is_empty() {
        text += &format!(
            "; exceptions that are none any more: {}",
            needless.join(", ")
        );
    }
    text
}

fn row(folder: &Path, name: &str, entry: &Value, temporary: &Path) -> Row {
    let numbers = |value: &Value| -> BTreeMap<String, f64> {
        let numbers = value.as_object().into_iter().flatten();
        numbers
            .filter_map(|(name, db)| Some((name.clone(), db.as_f64()?)))
            .collect()
    };
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().into_iter().flatten();
        words.filter_map(|w| Some(w.as_str()?.to_owned())).collect()
    };
    Row {
        name: name.to_owned(),
        batch_is_open: entry["batch"].is_null(),
        converter: numbers(&entry["converter_db"]),
        float_operators: words(&entry["float_operators"]),
        ours: measured(folder, name, temporary),
    }
}

/// Compares the float model with LiteRT's outputs, and the int8 program with the float model.
fn measured(folder: &Path, name: &str, temporary: &Path) -> Result<Vec<(String, f64)>, String> {
    let record = read_npz(&folder.join(format!("{name}.npz")));
    let path = temporary.join(format!("{name}.tflite"));
    let (_, bytes) = record
        .iter()
        .find(|(key, _)| key == "model")
        .ok_or("no model")?;
    let bytes: Vec<u8> = bytes.iter().map(|&byte| byte as u8).collect();
    std::fs::write(&path, bytes).map_err(|e| e.to_string())?;
    let options = Options::default();
    let line = |e: niello_compiler::Error| e.to_string().lines().collect::<Vec<_>>().join(" ");
    let model = Model::read(&path, &options).map_err(line)?;
    compare_float(&model, &record)?;
    let dataset = |part: &str| {
        let path = temporary.join(format!("{name}_{part}.npz"));
        let mut archive = NpzWriter::default();
        for (key, array) in &record {
            if let Some(input) = key.strip_prefix(&format!("{part}:")) {
                archive.add(input, array);
            }
        }
        archive.write(&path);
        path
    };
    let request = request(&path, Some(&dataset("calibration")));
    let quantized = model.quantize(&request).map_err(line)?;
    let accuracy = quantized
        .accuracy(&dataset("evaluation"), &options)
        .map_err(line)?;
    let names = model.outputs().into_iter().map(|port| port.name);
    Ok(names.zip(accuracy.iter().map(|a| a.sqnr_db)).collect())
}

fn compare_float(model: &Model, record: &Arrays) -> Result<(), String> {
    let recorded = |name: &str| record.iter().find(|(key, _)| *key == format!("out:{name}"));
    let outputs = model.outputs();
    let mut sums = vec![[0.0_f64; 2]; outputs.len()];
    let runs = record.iter().find(|(key, _)| key.starts_with("out:"));
    for run in 0..runs.map_or(0, |(_, array)| array.shape()[0]) {
        let inputs: Vec<Vec<f32>> = model
            .inputs()
            .iter()
            .map(|port| sample(record, &format!("evaluation:{}", port.name), run))
            .collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let got = model.run(&inputs).map_err(|e| e.to_string())?;
        for ((port, got), sums) in outputs.iter().zip(got).zip(&mut sums) {
            let (key, _) = recorded(&port.name).ok_or(format!("no output {:?}", port.name))?;
            let want = sample(record, key, run);
            if want.len() != got.len() {
                return Err(format!(
                    "an output of {} elements, not {}",
                    got.len(),
                    want.len()
                ));
            }
            for (want, got) in want.iter().zip(&got) {
                sums[0] += f64::from(*want).powi(2);
                sums[1] += f64::from(want - got).powi(2);
            }
        }
    }
    for (port, [signal, noise]) in outputs.iter().zip(sums) {
        let db = 10.0 * (signal / noise).log10();
        if noise.is_nan() || (noise > 0.0 && db < FLOAT_DB) {
            return Err(format!(
                "the float output {:?} has {db:.1} dB to LiteRT's",
                port.name
            ));
        }
    }
    Ok(())
}
