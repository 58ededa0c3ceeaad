//! What calibration sees of tensors besides their ranges, for warnings.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::RealRange;
use crate::ir::graph::ValueId;

/// Elements of one tensor whose movement is followed at most: they take memory for each sample.
const FOLLOWED: usize = 4096;

/// What is seen of tensors over the calibrating samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observations {
    /// The smallest and the largest value of each tensor, as far as its readers tell values
    /// apart.
    pub ranges: BTreeMap<ValueId, RealRange>,
    /// For each calibrated tensor, the share of values outside of the chosen range.
    pub clipped: BTreeMap<ValueId, f64>,
    /// For each output, by how much the element changes from sample to sample that changes most.
    pub movements: BTreeMap<ValueId, f32>,
}

/// The extremes of single elements over samples.
pub(super) struct Elements {
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Elements {
    /// The elements of one sample; of many, some that are spread evenly.
    pub(super) fn of(data: &ArrayD<f32>) -> Self {
        let step = data.len().div_ceil(FOLLOWED).max(1);
        let low: Vec<f32> = data.iter().step_by(step).copied().collect();
        Self {
            high: low.clone(),
            low,
        }
    }

    /// Adds the extremes of other samples.
    pub(super) fn merge(&mut self, other: &Self) {
        for (a, b) in self.low.iter_mut().zip(&other.low) {
            *a = a.min(*b);
        }
        for (a, b) in self.high.iter_mut().zip(&other.high) {
            *a = a.max(*b);
        }
    }

    /// By how much the element changes that changes most.
    pub(super) fn movement(&self) -> f32 {
        let each = self
            .high
            .iter()
            .zip(&self.low)
            .map(|(high, low)| high - low);
        each.fold(0.0, f32::max)
    }
}
