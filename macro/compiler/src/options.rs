//! What users can set.

use crate::calibrate::Method;
use crate::dataset::ImageOptions;
use crate::emit::PortChoice;
use crate::quantize::measure::Noise;

/// Everything that the user can set.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The signature to compile; by default the only one or `serving_default`.
    pub signature: Option<String>,
    /// Shapes of inputs that the file leaves open, by name, with the batch.
    pub shapes: Vec<(String, Vec<usize>)>,
    /// The written-out parameter list.
    pub inputs: Option<Vec<PortChoice>>,
    /// The written-out output list.
    pub outputs: Option<Vec<PortChoice>>,
    /// How many samples calibrate; by default all.
    pub samples: Option<usize>,
    /// How ranges are chosen.
    pub calibration: Method,
    /// The same for single tensors, by name.
    pub tensors: Vec<(String, Method)>,
    /// One weight scale per output channel.
    pub per_channel: bool,
    /// Whether channel ranges are equalized where that changes nothing in float.
    pub equalize: bool,
    /// Whether biases take back the shift that rounding causes.
    pub bias_correction: bool,
    /// How image files become samples.
    pub images: ImageOptions,
    /// Accuracy that the build insists on.
    pub require: Vec<Requirement>,
    /// Whether inputs live in the arena.
    pub inputs_in_arena: bool,
    /// Bytes that the arena may have.
    pub arena_limit: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            signature: None,
            shapes: Vec::new(),
            inputs: None,
            outputs: None,
            samples: None,
            calibration: Method::Mse,
            tensors: Vec::new(),
            per_channel: true,
            equalize: true,
            bias_correction: true,
            images: ImageOptions::default(),
            require: Vec::new(),
            inputs_in_arena: false,
            arena_limit: None,
        }
    }
}

/// A measure of an output, int8 against float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// Signal to quantization noise ratio in dB.
    SqnrDb,
    /// Share of samples with the same largest element.
    Top1,
    /// Largest absolute error of any element.
    MaxAbsError,
}

impl Metric {
    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::SqnrDb => "sqnr_db",
            Metric::Top1 => "top1",
            Metric::MaxAbsError => "max_abs_error",
        }
    }

    pub(crate) fn of(self, noise: &Noise) -> f64 {
        match self {
            Metric::SqnrDb => noise.sqnr_db(),
            Metric::Top1 => noise.top1(),
            Metric::MaxAbsError => noise.max_abs_error(),
        }
    }
}

/// The direction of a bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

/// One clause of `require(...)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Requirement {
    /// The output, by field name or by the model's name.
    pub output: String,
    /// What is measured.
    pub metric: Metric,
    /// On which side of the bound the measured value must lie.
    pub comparison: Comparison,
    /// The bound.
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
