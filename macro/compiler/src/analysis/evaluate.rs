//! The outputs of both programs on the measuring samples, for a metric of the user's own.

use super::Analysis;
use super::progress::Progress;
use crate::calibrate::{self, TOGETHER, views};
use crate::dataset::label_arrays::label_arrays;
use crate::emit::RustPort;
use crate::error::{Error, Result};
use crate::parallel;
use crate::quantize::measure::int8_histories;

/// The outputs of the measuring samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// The numbers of the samples in the dataset, from 0.
    pub samples: Vec<usize>,
    /// The arrays, each with one row for each sample: `float:<output>` has what the float model
    /// computes, `int8:<output>` what the program does, as real numbers; `label:<name>` has the
    /// rows of the array of that name in the dataset, or in the file of labels.
    pub arrays: Vec<OutputArray>,
}

/// One array of [`Outputs`], with a row for each sample.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputArray {
    /// Its name.
    pub key: String,
    /// The number of samples, then the shape without a batch of 1.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub data: Vec<f32>,
}

impl Analysis {
    /// Runs both programs on the samples that measure.
    pub fn outputs(&self, progress: &dyn Progress) -> Result<Outputs> {
        let options = &self.request.options;
        let data = self.data()?;
        progress.begin("calibrating", 0);
        let program = self.quantize(options)?.program;
        let sampled = self.split(&data, options)?;
        let samples = sampled.measuring(&data, options);
        progress.begin("running samples", samples.numbers.len() as u64);
        let graph = &self.session.graph;
        let int8 = int8_histories(graph, &program, &samples)?;
        let both: Vec<_> = samples.histories(graph)?.into_iter().zip(int8).collect();
        let mut float = vec![Vec::new(); graph.outputs.len()];
        let mut int8 = float.clone();
        for some in both.chunks(TOGETHER) {
            let runs = parallel::map_within(graph.live().0, some, |((number, states), int8)| {
                let inputs = samples.sample(*number);
                let inputs = views(&inputs);
                let float = calibrate::outputs(graph, &inputs, &mut states.clone())?;
                let got = program.simulate(&program.encode_sample(&inputs), int8);
                let outputs = program.outputs.iter();
                let int8: Vec<Vec<f32>> = outputs.map(|&id| program.decode(id, &got[id])).collect();
                progress.advance(1);
                Ok((float, int8))
            });
            for run in runs {
                let (of_float, of_int8) = run?;
                for (all, one) in float.iter_mut().zip(of_float) {
                    all.extend(one.iter());
                }
                for (all, one) in int8.iter_mut().zip(of_int8) {
                    all.extend(one);
                }
            }
        }
        let numbers = sampled.measured;
        let mut arrays = Vec::new();
        for (kind, outputs) in [("float", float), ("int8", int8)] {
            for (index, data) in outputs.into_iter().enumerate() {
                let port = &graph.outputs[index];
                let rust = self.session.outputs.iter().find(|p| p.index == index);
                let name = rust.map_or(port.name.clone(), RustPort::plain_name);
                let shape = port.without_batch();
                arrays.push(OutputArray {
                    key: format!("{kind}:{name}"),
                    shape: [&[numbers.len()], shape].concat(),
                    data,
                });
            }
        }
        if let Some(dataset) = &self.request.dataset {
            let path = options.labels_of(dataset);
            for (key, labels) in label_arrays(path)? {
                if labels.shape().first() != Some(&sampled.available) {
                    return Err(Error::dataset(format!(
                        "{}: the array {key:?} has shape {:?}, but there are {} samples",
                        path.display(),
                        labels.shape(),
                        sampled.available
                    )));
                }
                let rows = labels.select(ndarray::Axis(0), &numbers);
                arrays.push(OutputArray {
                    key,
                    shape: rows.shape().to_vec(),
                    data: rows.iter().copied().collect(),
                });
            }
        }
        Ok(Outputs {
            samples: numbers,
            arrays,
        })
    }
}
