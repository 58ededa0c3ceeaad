//! Datasets as people have them, and files that mean harm.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use niello_compiler::model::{Accuracy, Model};
use niello_compiler::{Blame, Method, Options, Request};
use niello_tests::{here, read_npz};

fn request(model: &Path, dataset: &Path, options: &Options) -> Request {
    Request {
        model: model.to_owned(),
        dataset: Some(dataset.to_owned()),
        options: options.clone(),
        cache: None,
    }
}

/// What a dataset makes of a model, measured on another one.
fn accuracy(
    model: &Path,
    dataset: &Path,
    measured: &Path,
    options: &Options,
) -> Result<Vec<Accuracy>, niello_compiler::Error> {
    let read = Model::read(model, options)?;
    read.quantize(&request(model, dataset, options))?
        .accuracy(measured, options)
}

/// The samples of `models/x12`, 12 elements each.
fn x12() -> (PathBuf, Vec<Vec<f32>>) {
    let path = here().join("models/x12");
    let bytes = std::fs::read(path.join("x.npy")).expect("a fixture");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let (numbers, []) = bytes[10 + header..].as_chunks() else {
        panic!("float32")
    };
    let numbers: Vec<f32> = numbers.iter().map(|b| f32::from_le_bytes(*b)).collect();
    (path, numbers.chunks(12).map(<[f32]>::to_vec).collect())
}

#[test]
fn a_table_is_the_same_as_an_array() {
    let model = here().join("models/batch_f32.tflite");
    let (arrays, samples) = x12();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let table = folder.path().join("samples.csv");
    // Columns in any order, a label beside them.
    let mut text: Vec<String> = vec![(0..12).rev().map(|i| format!("x_{i},")).collect()];
    text[0] += "label:y";
    for sample in &samples {
        let row: String = sample.iter().rev().map(|x| format!("{x},")).collect();
        text.push(row + "cat");
    }
    std::fs::write(&table, text.join("\n")).expect("writable");
    let options = Options::default();
    let of = |dataset| accuracy(&model, dataset, &arrays, &options).expect("compiles");
    assert_eq!(of(&table), of(&arrays));
    assert!(of(&arrays)[0].sqnr_db > 30.0);
}

#[test]
fn recordings_are_samples() {
    let model = here().join("models/batch_f32.tflite");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, samples) = x12();
    for (i, sample) in samples.iter().enumerate() {
        // 16-bit PCM, by hand.
        let data: Vec<u8> = sample
            .iter()
            .flat_map(|x| ((x * 8192.0) as i16).to_le_bytes())
            .collect();
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + data.len() as u32).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        std::fs::write(folder.path().join(format!("{i}.wav")), bytes).expect("writable");
    }
    let options = Options::default();
    let found = accuracy(&model, folder.path(), folder.path(), &options).expect("compiles");
    assert!(found[0].sqnr_db > 30.0, "{found:?}");
    std::fs::write(folder.path().join("x.npy"), b"").expect("writable");
    let error = accuracy(&model, folder.path(), folder.path(), &options).expect_err("two kinds");
    assert!(error.message.contains("mixes files"), "{error}");
}

/// The consecutive float samples of a model with a state.
fn stream(folder: &Path) -> (PathBuf, PathBuf) {
    let model = here().join("models/ops/stream_f32.tflite");
    let record = read_npz(&here().join("models/ops/stream.npz"));
    let (_, data) = record
        .iter()
        .find(|(key, _)| key == "float:x")
        .expect("recorded");
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}",
        format!("{:?}", data.shape())
            .replace('[', "(")
            .replace(']', ")")
    );
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data.iter().flat_map(|&x| (x as f32).to_le_bytes()));
    let path = folder.join("x.npy");
    std::fs::write(&path, bytes).expect("writable");
    (model, path)
}

#[test]
fn samples_are_streams_unless_they_follow_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (model, samples) = stream(folder.path());
    let [alone, follow] = [false, true].map(|samples_follow| {
        let options = Options {
            samples_follow,
            ..Options::default()
        };
        accuracy(&model, &samples, &samples, &options).expect("compiles")[0]
    });
    // The state counts: other outputs, other noise.
    assert_ne!(alone, follow);
    assert!(
        alone.sqnr_db > 20.0 && follow.sqnr_db > 20.0,
        "{alone:?} {follow:?}"
    );
    let options = Options {
        samples_follow: true,
        ..Options::default()
    };
    let (arrays, _) = x12();
    let plain = here().join("models/batch_f32.tflite");
    let error = accuracy(&plain, &arrays, &arrays, &options).expect_err("no state");
    assert_eq!(error.blame, Blame::Option("samples_follow"));
}

#[test]
fn a_far_outlier_is_cut() {
    let model = here().join("models/batch_f32.tflite");
    let (arrays, samples) = x12();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dataset = folder.path().join("samples.csv");
    for outlier in [-9999.0, 1e9] {
        let mut text = String::from("a,b,c,d,e,f,g,h,i,j,k,l\n");
        for (i, sample) in samples.iter().cycle().take(100).enumerate() {
            let mut sample = sample.clone();
            if i == 50 {
                sample[3] = outlier;
            }
            let row: Vec<String> = sample.iter().map(ToString::to_string).collect();
            text += &(row.join(",") + "\n");
        }
        std::fs::write(&dataset, text).expect("writable");
        let options = Options {
            calibration: Method::Percentile(99.9),
            ..Options::default()
        };
        let found = accuracy(&model, &dataset, &arrays, &options).expect("compiles");
        assert!(found[0].sqnr_db > 28.0, "{found:?}");
    }
}

#[cfg(not(shared))]
#[test]
#[ignore = "../shared is not there: its datasets are skipped"]
fn shared_datasets() {}

#[cfg(shared)]
mod shared {
    use std::time::{Duration, Instant};

    use niello_tests::shared;

    use super::*;

    #[test]
    fn hostile_files_are_errors_at_once() {
        let model = here().join("models/ops/conv_f32.tflite");
        let options = Options::default();
        let mut found = 0;
        let folder = shared().join("cases/hostile");
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if path.extension().is_some_and(|e| e == "tflite") {
                continue;
            }
            let start = Instant::now();
            let error = accuracy(&model, &path, &path, &options).expect_err(&name);
            assert_eq!(error.blame, Blame::Dataset, "{name}: {error}");
            assert!(error.message.len() < 500, "{name}: {error}");
            assert!(start.elapsed() < Duration::from_secs(2), "{name}");
            found += 1;
        }
        assert!(found > 0);
    }

    #[test]
    fn what_numpy_writes_is_read() {
        for (name, calibration, wanted) in [
            ("rp_fortran", Method::Mse, 25.0),
            ("rp_bool_data", Method::Mse, 25.0),
            // What limits this one is its layer normalization, not what is read.
            ("tokens_int64", Method::Mse, 20.0),
            ("rp_outlier_m9999_pct", Method::Percentile(99.9), 25.0),
        ] {
            let file = |part: &str| shared().join(format!("cases/{part}"));
            let options = Options {
                calibration,
                ..Options::default()
            };
            let found = accuracy(
                &file(&format!("models/{name}_f32.tflite")),
                &file(&format!("data/{name}_calibration.npz")),
                &file(&format!("data/{name}_evaluation.npz")),
                &options,
            );
            let found = found.unwrap_or_else(|e| panic!("{name}: {e}"));
            println!("{name}: {:.1} dB", found[0].sqnr_db);
            assert!(found[0].sqnr_db >= wanted, "{name}: {found:?}");
        }
    }
}
