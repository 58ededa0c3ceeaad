//! The labels of a model's outputs: those that `require` needs, and all of them for analysis.

use std::path::Path;

use super::Session;
use crate::dataset::labels::{self, Answer, Found, Labelled, Labels, missing};
use crate::emit::RustPort;
use crate::error::{Blame, Error, Result};
use crate::ir::graph::ElementType;
use crate::options::{Metric, Options};

impl Session {
    /// The labels that clauses of `require` compare with, by output; of other outputs none are
    /// read.
    pub(super) fn required_labels(
        &self,
        dataset: &Path,
        samples: usize,
        options: &Options,
    ) -> Result<Vec<Option<Result<Labels>>>> {
        let mut wanted: Vec<(usize, Metric, &RustPort)> = Vec::new();
        for (i, clause) in options.require.iter().enumerate() {
            if clause.metric.needs_labels() {
                wanted.push((i, clause.metric, self.required_output(i, clause)?));
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let path = options.labels_of(dataset);
        let ports: Vec<&RustPort> = wanted.iter().map(|(_, _, port)| *port).collect();
        let found = self.read_labels(path, &ports, samples, options)?;
        let mut by_output: Vec<Option<Result<Labels>>> = vec![None; self.graph.outputs.len()];
        for ((i, metric, port), labels) in wanted.into_iter().zip(found.labels) {
            let field = port.plain_name();
            let name = metric.name();
            let labels = labels.ok_or_else(|| missing(i, name, &field, path, &found.keys))??;
            let unfit = match metric {
                Metric::MeanAbsError if !labels.has_values() => Some(format!(
                    "\"label:{field}\" of {} holds classes, and `{name}` needs a value for each element of the output",
                    path.display()
                )),
                Metric::Accuracy | Metric::AccuracyDrop => labels
                    .no_classes()
                    .map(|why| format!("`{name}` needs classes: {}: {why}", path.display())),
                _ => None,
            };
            if let Some(message) = unfit {
                return Err(Error::new(Blame::Require(i), message));
            }
            by_output[port.index] = Some(Ok(labels));
        }
        Ok(by_output)
    }

    /// All labels of the model's outputs, by output.
    #[cfg(feature = "analysis")]
    pub(crate) fn all_labels(
        &self,
        dataset: &Path,
        samples: usize,
        options: &Options,
    ) -> Result<Vec<Option<Result<Labels>>>> {
        let path = options.labels_of(dataset);
        let ports: Vec<&RustPort> = self.outputs.iter().collect();
        let found = self.read_labels(path, &ports, samples, options)?;
        let mut by_output: Vec<Option<Result<Labels>>> = vec![None; self.graph.outputs.len()];
        for (port, labels) in ports.into_iter().zip(found.labels) {
            by_output[port.index] = labels;
        }
        Ok(by_output)
    }

    fn read_labels(
        &self,
        path: &Path,
        ports: &[&RustPort],
        samples: usize,
        options: &Options,
    ) -> Result<Found> {
        let outputs: Vec<Labelled<'_>> = ports
            .iter()
            .map(|port| Labelled {
                field: port.plain_name(),
                port: &self.graph.outputs[port.index],
                answer: self.answer(port.index),
            })
            .collect();
        let of_option = |error: Error| match options.labels {
            Some(_) => error.about_option("labels"),
            None => error,
        };
        let mut found = labels::read(path, &outputs, samples).map_err(of_option)?;
        for labels in found.labels.iter_mut().flatten() {
            if let Err(error) = labels {
                *error = of_option(error.clone());
            }
        }
        Ok(found)
    }

    /// How a class is read from an output.
    fn answer(&self, output: usize) -> Answer {
        let port = &self.graph.outputs[output];
        if port.shape.iter().product::<usize>() != 1 {
            return Answer::Largest;
        }
        match port.element {
            ElementType::I32 | ElementType::U32 => return Answer::Integer,
            ElementType::Bool => return Answer::Half,
            _ => {}
        }
        // A probability, also seen through operators that only change the shape.
        let producers = self.graph.producers();
        let mut value = port.value;
        while let Some(position) = producers[value] {
            let node = &self.graph.nodes[position];
            match node.inputs.first().copied().flatten() {
                Some(input) if node.op.is_view() => value = input,
                _ if node.op.name() == "LOGISTIC" => return Answer::Half,
                _ => break,
            }
        }
        Answer::None
    }
}
