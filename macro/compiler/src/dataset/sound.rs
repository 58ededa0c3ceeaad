//! `.wav` recordings as samples: one channel of PCM or float, as long as the input.

use std::path::PathBuf;

use hound::{SampleFormat, WavReader};
use ndarray::{ArrayD, IxDyn};

use super::values::Values;
use crate::error::{Error, Result};
use crate::ir::graph::Port;

/// Reads `files` as samples, scaled to [-1, 1), for an input that is a row of elements
/// in any number of dimensions; an input of integers takes PCM as it is.
pub(super) fn read(files: &[PathBuf], input: &Port) -> Result<ArrayD<f32>> {
    let elements: usize = input.shape.iter().product();
    if input.shape.iter().filter(|d| **d != 1).count() > 1 {
        return Err(Error::dataset(format!(
            "recordings are for inputs of one row of elements; {:?} has shape {:?}",
            input.name, input.shape
        )));
    }
    let mut data = Vec::new();
    let mut rate = None;
    for file in files {
        let fail = |e: &dyn std::fmt::Display| Error::dataset(format!("{}: {e}", file.display()));
        let mut reader = WavReader::open(file).map_err(|e| fail(&e))?;
        let spec = reader.spec();
        if spec.channels != 1 {
            let message = format!("it has {} channels, expected one", spec.channels);
            return Err(fail(&message));
        }
        if reader.len() as usize != elements {
            return Err(fail(&format!(
                "it has {} samples, the input {:?} takes {elements}",
                reader.len(),
                input.name
            )));
        }
        let expected = *rate.get_or_insert(spec.sample_rate);
        if spec.sample_rate != expected {
            return Err(fail(&format!(
                "it has {} samples a second, the files before it {expected}",
                spec.sample_rate
            )));
        }
        let values = Values::of(input);
        let before = data.len();
        match (spec.sample_format, values) {
            (SampleFormat::Float, Values::Real) => {
                for x in reader.samples::<f32>() {
                    data.push(x.map_err(|e| fail(&e))?);
                }
            }
            (SampleFormat::Int, Values::Real | Values::Integer) => {
                let bits = i32::from(spec.bits_per_sample);
                let scale = if values == Values::Real {
                    2_f32.powi(1 - bits)
                } else {
                    1.0
                };
                for x in reader.samples::<i32>() {
                    data.push(x.map_err(|e| fail(&e))? as f32 * scale);
                }
            }
            _ => {
                let message = format!(
                    "its samples do not have the type of the input {:?}",
                    input.name
                );
                return Err(fail(&message));
            }
        }
        if data.len() - before != elements {
            return Err(fail(&"it is truncated"));
        }
    }
    let full = [&[files.len()], &input.shape[..]].concat();
    ArrayD::from_shape_vec(IxDyn(&full), data).map_err(|e| Error::dataset(e.to_string()))
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;
    use crate::dataset::tests::port;
    use crate::ir::graph::ElementType;

    fn write(file: &std::path::Path, channels: u16, bits: u16, samples: &[i32]) {
        let spec = WavSpec {
            channels,
            sample_rate: 16000,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::create(file, spec).expect("a file");
        for x in samples {
            writer.write_sample(*x).expect("writable");
        }
        writer.finalize().expect("writable");
    }

    #[test]
    fn recordings_are_scaled_and_checked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.wav");
        let files = std::slice::from_ref(&file);
        let input = port("sound", &[1, 3, 1]);
        for bits in [8, 16, 24, 32] {
            let full = 1_i64 << (bits - 1);
            let samples = [-full, 0, full / 2].map(|x| x as i32);
            write(&file, 1, bits, &samples);
            let got = read(files, &input).expect("a recording");
            assert_eq!(got.shape(), [1, 1, 3, 1]);
            assert_eq!(got.as_slice(), Some(&[-1.0, 0.0, 0.5][..]), "{bits} bits");
        }
        write(&file, 1, 16, &[-5, 0, 5]);
        let mut integers = input.clone();
        integers.element = ElementType::I32;
        let got = read(files, &integers).expect("a recording");
        assert_eq!(got.as_slice(), Some(&[-5.0, 0.0, 5.0][..]));
        let error = read(files, &port("sound", &[1, 4])).expect_err("too short");
        assert!(error.message.contains("has 3 samples"), "{error}");
        read(files, &port("image", &[1, 3, 3])).expect_err("no row");
        let spec = WavSpec {
            channels: 1,
            sample_rate: 16000,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let mut writer = WavWriter::create(&file, spec).expect("a file");
        for x in [0.25_f32, -1.0, 0.5] {
            writer.write_sample(x).expect("writable");
        }
        writer.finalize().expect("writable");
        let got = read(files, &input).expect("a recording");
        assert_eq!(got.as_slice(), Some(&[0.25, -1.0, 0.5][..]));
        write(&file, 2, 16, &[0; 6]);
        let error = read(files, &input).expect_err("stereo");
        assert!(error.message.contains("2 channels"), "{error}");
        write(&file, 1, 16, &[1, 2, 3]);
        let bytes = std::fs::read(&file).expect("a file");
        for length in 0..bytes.len() {
            std::fs::write(&file, &bytes[..length]).expect("writable");
            read(files, &input).expect_err("truncated");
        }
    }
}
