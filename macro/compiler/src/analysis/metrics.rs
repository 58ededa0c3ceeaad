//! The measures of an output, int8 against float, and their spread over samples.

use serde::{Deserialize, Serialize};

use crate::quantize::measure::Noise;

/// How far one output of the int8 program is from the float model's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputMetrics {
    /// Signal to quantization noise ratio in dB; `None` if there is no error at all, and -200 if
    /// the reference is all zeros and the output is not.
    pub sqnr_db: Option<f64>,
    /// Share of samples with the same largest element; `None` for outputs of one element.
    pub top1: Option<f64>,
    /// The largest absolute error of any element.
    pub max_abs_error: f64,
    /// The mean absolute error of all elements.
    pub mean_abs_error: f64,
}

impl OutputMetrics {
    pub(super) fn new(noise: &Noise, elements: usize) -> Self {
        Self {
            sqnr_db: decibel(noise.sqnr_db()),
            top1: (elements > 1).then(|| noise.top1()),
            max_abs_error: finite(noise.max_abs_error()),
            mean_abs_error: finite(noise.mean_abs_error()),
        }
    }
}

/// A ratio in dB as results have it: `None` where nothing is lost.
pub(super) fn decibel(db: f64) -> Option<f64> {
    const LEAST: f64 = -200.0;
    match db {
        f64::INFINITY => None,
        db if db.is_nan() => Some(LEAST),
        db => Some(db.max(LEAST)),
    }
}

/// A number that JSON can hold.
pub(super) fn finite(x: f64) -> f64 {
    if x.is_nan() {
        return 0.0;
    }
    x.clamp(f64::MIN, f64::MAX)
}

/// How a measure spreads over samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The smallest value of any sample.
    pub min: f64,
    /// A quarter of the samples lies below.
    pub lower_quartile: f64,
    /// Half of the samples lies below.
    pub median: f64,
    /// A quarter of the samples lies above.
    pub upper_quartile: f64,
    /// The largest value of any sample.
    pub max: f64,
}

impl Spread {
    /// The spread of some values, in any order; `None` without any.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let (low, high) = (place.floor() as usize, place.ceil() as usize);
            values[low] + (values[high] - values[low]) * (place - place.floor())
        };
        Some(Self {
            min: at(0.0),
            lower_quartile: at(0.25),
            median: at(0.5),
            upper_quartile: at(0.75),
            max: at(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_interpolate() {
        let spread = Spread::of(vec![4.0, 1.0, 2.0]).expect("values");
        assert_eq!(spread.min, 1.0);
        assert_eq!(spread.lower_quartile, 1.5);
        assert_eq!(spread.median, 2.0);
        assert_eq!(spread.upper_quartile, 3.0);
        assert_eq!(spread.max, 4.0);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn decibels_fit_json() {
        assert_eq!(decibel(f64::INFINITY), None);
        assert_eq!(decibel(f64::NEG_INFINITY), Some(-200.0));
        assert_eq!(decibel(f64::NAN), Some(-200.0));
        assert_eq!(decibel(31.5), Some(31.5));
    }
}
