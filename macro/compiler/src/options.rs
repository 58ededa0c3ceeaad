//! What users can set.

use std::path::{Path, PathBuf};

use crate::calibrate::Method;
use crate::dataset::ImageOptions;
use crate::emit::PortChoice;
use crate::error::{Blame, Error, Result};
use crate::ir::byte_scale::ByteScale;
use crate::quantize::measure::{Measurement, Noise};
use crate::warning::WarningKind;

/// A model to compile, with its dataset and options.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path of the `.tflite` file.
    pub model: PathBuf,
    /// The representative dataset, which only float models need.
    pub dataset: Option<PathBuf>,
    /// Everything else that the user chose.
    pub options: Options,
    /// The folder for calibration results; `None` keeps nothing.
    pub cache: Option<PathBuf>,
}

/// Everything that the user can set.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The signature to compile; by default the only one or `serving_default`.
    pub signature: Option<String>,
    /// Shapes of inputs that the file leaves open, by name, with the batch.
    pub shapes: Vec<(String, Vec<usize>)>,
    /// The written-out list of inputs, in the order of the parameters.
    pub inputs: Option<Vec<PortChoice>>,
    /// The written-out list of outputs, in the order of the fields.
    pub outputs: Option<Vec<PortChoice>>,
    /// The number of samples that calibrate; by default all.
    pub samples: Option<usize>,
    /// Whether the samples of a model with a state are consecutive calls of one stream;
    /// else each of them is a stream of its own.
    pub samples_follow: bool,
    /// How ranges of tensors are chosen from the samples.
    pub calibration: Method,
    /// What tensors between operators are held in.
    pub activations: Activations,
    /// How the ranges of single tensors are chosen, by the tensor's name.
    pub tensors: Vec<(String, Method)>,
    /// One weight scale per output channel.
    pub per_channel: bool,
    /// Whether channel ranges are equalized where that changes nothing in float; behind RELU6,
    /// nothing on the calibrating samples.
    pub equalize: bool,
    /// Whether biases take back the shift that rounding causes.
    pub bias_correction: bool,
    /// Whether weights are rounded so that the sums which they are part of change least on the
    /// samples, else each to its nearest step.
    pub weight_rounding: bool,
    /// How image files become samples of real numbers.
    pub images: ImageOptions,
    /// Accuracy that the build insists on.
    pub require: Vec<Requirement>,
    /// The file of the labels, if it is not the dataset.
    pub labels: Option<PathBuf>,
    /// The number of samples that the emitted code can test itself with, if it can.
    pub selftest: Option<usize>,
    /// Warnings that the user does not want to see.
    pub allow: Vec<WarningKind>,
    /// Whether inputs live in the arena.
    pub inputs_in_arena: bool,
    /// Bytes that the arena may have.
    pub arena_limit: Option<usize>,
}

/// What the tensors between operators are held in, where the file does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Activations {
    /// int8 with scale and zero point.
    #[default]
    Int8,
    /// int16 with a scale, and weights in int8: TFLite's 16x8 quantization.
    Int16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            signature: None,
            shapes: Vec::new(),
            inputs: None,
            outputs: None,
            samples: None,
            samples_follow: false,
            calibration: Method::Mse,
            activations: Activations::Int8,
            tensors: Vec::new(),
            per_channel: true,
            equalize: true,
            bias_correction: true,
            weight_rounding: true,
            images: ImageOptions::default(),
            require: Vec::new(),
            labels: None,
            selftest: None,
            allow: Vec::new(),
            inputs_in_arena: false,
            arena_limit: None,
        }
    }
}

impl Options {
    /// The file that labels are in: one of their own, or the dataset.
    pub(crate) fn labels_of<'a>(&'a self, dataset: &'a Path) -> &'a Path {
        self.labels.as_deref().unwrap_or(dataset)
    }

    /// Checks numbers that no model gives a meaning to.
    pub(crate) fn check(&self) -> Result<()> {
        let percentile = |percent: f64| percent > 50.0 && percent <= 100.0;
        for (i, (_, method)) in self.tensors.iter().enumerate() {
            match *method {
                Method::Range(min, max) => check_range(min, max).map_err(|e| {
                    Error::new(Blame::Tensor(i), format!("range({min:e}, {max:e}) {e}"))
                })?,
                Method::Percentile(percent) if !percentile(percent) => {
                    return Err(Error::new(Blame::Tensor(i), PERCENTILE));
                }
                _ => {}
            }
        }
        if matches!(self.calibration, Method::Percentile(percent) if !percentile(percent)) {
            return Err(Error::new(Blame::Option("calibration"), PERCENTILE));
        }
        if let Some(bytes) = self.images.declared() {
            let ByteScale { scale, offset } = bytes;
            let (min, max) = bytes.range();
            let widest = check_range(min, max);
            if !scale.is_normal() || !offset.is_finite() || widest.is_err() {
                return Err(Error::new(
                    Blame::Option("images"),
                    format!(
                        "a scale of {scale:e} and an offset of {offset:e} cannot be used for bytes"
                    ),
                ));
            }
        }
        for (i, clause) in self.require.iter().enumerate() {
            if !clause.bound.is_finite() {
                let message = format!("the bound {} is not finite", clause.bound);
                return Err(Error::new(Blame::Require(i), message));
            }
        }
        Ok(())
    }
}

const PERCENTILE: &str = "a percentile lies above 50 and up to 100";

/// Ends of which 255 steps can be made.
fn check_range(min: f32, max: f32) -> Result<(), &'static str> {
    if !min.is_finite() || !max.is_finite() || !(max - min).is_finite() {
        Err("is not finite")
    } else if min >= max {
        Err("has no first end below its second")
    } else if !((max.max(0.0) - min.min(0.0)) / 255.0).is_normal() {
        Err("is too narrow for 255 steps")
    } else {
        Ok(())
    }
}

/// A measure of an output: int8 against float, or against labels.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Metric {
    /// Signal to quantization noise ratio in dB.
    SqnrDb,
    /// Share of samples with the same largest element.
    Top1,
    /// Largest absolute error of any element.
    MaxAbsError,
    /// Share of samples whose class is the label's.
    Accuracy,
    /// The accuracy of the float model less that of the int8 program.
    AccuracyDrop,
    /// Mean absolute difference of all elements from the labels' values.
    MeanAbsError,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Metric; 6] = [
        Metric::SqnrDb,
        Metric::Top1,
        Metric::MaxAbsError,
        Metric::Accuracy,
        Metric::AccuracyDrop,
        Metric::MeanAbsError,
    ];

    /// The metric's keyword in `require(...)`.
    pub fn name(self) -> &'static str {
        match self {
            Metric::SqnrDb => "sqnr_db",
            Metric::Top1 => "top1",
            Metric::MaxAbsError => "max_abs_error",
            Metric::Accuracy => "accuracy",
            Metric::AccuracyDrop => "accuracy_drop",
            Metric::MeanAbsError => "mean_abs_error",
        }
    }

    /// The side of a bound on which the metric is good.
    pub fn comparison(self) -> Comparison {
        match self {
            Metric::SqnrDb | Metric::Top1 | Metric::Accuracy => Comparison::AtLeast,
            Metric::MaxAbsError | Metric::AccuracyDrop | Metric::MeanAbsError => Comparison::AtMost,
        }
    }

    /// True if it compares with labels.
    pub fn needs_labels(self) -> bool {
        matches!(
            self,
            Metric::Accuracy | Metric::AccuracyDrop | Metric::MeanAbsError
        )
    }

    /// The metric of one output; not a number if it needs labels and there are none.
    pub(crate) fn of(self, measurement: &Measurement, output: usize) -> f64 {
        let labels = &measurement.labels[output];
        match self {
            Metric::Accuracy => labels.int8.accuracy().unwrap_or(f64::NAN),
            Metric::AccuracyDrop => labels.accuracy_drop().unwrap_or(f64::NAN),
            Metric::MeanAbsError => labels.int8.mean_abs_error().unwrap_or(f64::NAN),
            _ => self.without_labels(&measurement.outputs[output]),
        }
    }

    /// The metric, if it compares with the float model; else not a number.
    pub(crate) fn without_labels(self, noise: &Noise) -> f64 {
        match self {
            Metric::SqnrDb => noise.sqnr_db(),
            Metric::Top1 => noise.top1(),
            Metric::MaxAbsError => noise.max_abs_error(),
            Metric::Accuracy | Metric::AccuracyDrop | Metric::MeanAbsError => f64::NAN,
        }
    }
}

/// The direction of a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Comparison {
    /// The measured value must be `>=` the bound.
    AtLeast,
    /// The measured value must be `<=` the bound.
    AtMost,
}

/// One clause of `require(...)`: an output, a metric and its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The output, by field name or by the model's name.
    pub output: String,
    /// The metric that is measured on held-out samples.
    pub metric: Metric,
    /// On which side of the bound the measured value must lie.
    pub comparison: Comparison,
    /// The bound, in the metric's unit.
    pub bound: f64,
}

impl Requirement {
    pub(crate) fn holds(&self, measured: f64) -> bool {
        match self.comparison {
            Comparison::AtLeast => measured >= self.bound,
            Comparison::AtMost => measured <= self.bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_meaning_are_errors() {
        let range = |min, max| Options {
            tensors: vec![("x".into(), Method::Range(min, max))],
            ..Options::default()
        };
        range(-1.0, 1.0).check().expect("a range");
        range(3.0, 3.5).check().expect("a range above zero");
        for (min, max) in [
            (f32::NAN, 1.0),
            (0.0, f32::INFINITY),
            (f32::MIN, f32::MAX),
            (1e-46, 1e-45),
            (0.0, 1e-38),
            (2.0, 1.0),
            (1.0, 1.0),
        ] {
            let error = range(min, max).check().expect_err("no range");
            assert_eq!(error.blame, Blame::Tensor(0), "{error}");
        }
        for (scale, offset) in [
            (0.0, 0.0),
            (f32::INFINITY, 0.0),
            (f32::NAN, 0.0),
            (1e-40, 0.0),
            (1.0, f32::NEG_INFINITY),
            (1e38, 0.0),
        ] {
            let options = Options {
                images: ImageOptions {
                    scale: Some(scale),
                    offset: Some(offset),
                    ..ImageOptions::default()
                },
                ..Options::default()
            };
            let error = options.check().expect_err("no scale");
            assert_eq!(error.blame, Blame::Option("images"), "{error}");
        }
    }
}
