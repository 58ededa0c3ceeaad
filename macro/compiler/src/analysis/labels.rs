//! What outputs are beside the dataset's labels.

use serde::{Deserialize, Serialize};

use super::metrics::finite;
use crate::dataset::Dataset;
use crate::dataset::labels::LabelScore;

/// An output beside its labels, over all measuring samples: in the int8 program and in the float
/// model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelReport {
    /// Share of samples whose class is the label's, in the int8 program; `None` if the labels are
    /// no classes.
    pub accuracy: Option<f64>,
    /// Share of samples whose class is the label's, in the float model.
    pub float_accuracy: Option<f64>,
    /// Mean absolute difference of the int8 program's output from the labels' values; `None` if
    /// the labels are classes.
    pub mean_abs_error: Option<f64>,
    /// Mean absolute difference of the float model's output from the labels' values.
    pub float_mean_abs_error: Option<f64>,
    /// Why the labels could not be read.
    pub problem: Option<String>,
}

impl LabelReport {
    /// The report of one output; `None` if it has no labels.
    pub(super) fn of(data: &Dataset, output: usize, score: &LabelScore) -> Option<Self> {
        if let Some(error) = data.labels_error(output) {
            return Some(Self {
                problem: Some(error.message.clone()),
                ..Self::default()
            });
        }
        data.labels(output)?;
        Some(Self {
            accuracy: score.int8.accuracy(),
            float_accuracy: score.float.accuracy(),
            mean_abs_error: score.int8.mean_abs_error().map(finite),
            float_mean_abs_error: score.float.mean_abs_error().map(finite),
            problem: None,
        })
    }
}
