//! The values of a tensor that its readers can tell apart.
//!
//! A mask adds -1e9 in front of a SOFTMAX, a padded MAX_POOL_2D reads the lowest float:
//! such values say "never", not "how much". A range that held them would leave one step
//! for all others. So ranges end where readers saturate.

use std::borrow::Cow;
use std::collections::HashMap;

use ndarray::ArrayViewD;
use niello_numeric::elementwise::lift_rows;

use super::RealRange;
use crate::ir::context::QuantRule;
use crate::ir::graph::{Graph, Node, ValueId, contiguous};
use crate::ir::operator::Saturation;

const ALL: RealRange = RealRange {
    min: f32::MIN,
    max: f32::MAX,
};

impl RealRange {
    /// The nearest number within the range.
    pub(crate) fn clamp(self, x: f32) -> f32 {
        // Not f32::clamp: a range may be empty, and x NaN.
        x.max(self.min).min(self.max)
    }

    /// The smallest range that contains both.
    pub(super) fn union(self, other: RealRange) -> RealRange {
        RealRange {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// For each tensor that only SOFTMAX reads, how far below the largest element of its row an
/// element still matters.
pub(super) fn row_depths(graph: &Graph) -> HashMap<ValueId, f32> {
    let mut depths: HashMap<ValueId, f32> = HashMap::new();
    for node in &graph.nodes {
        for &value in node.inputs.iter().flatten() {
            let depth = match node.op.saturation() {
                Some(Saturation::BelowRowMax(depth)) => depth,
                _ => f32::INFINITY,
            };
            let all = depths.entry(value).or_insert(depth);
            *all = all.max(depth);
        }
    }
    depths.retain(|&value, depth| depth.is_finite() && !graph.is_output(value));
    depths
}

/// The elements of a tensor as its readers tell them apart: with a depth, those too far below their
/// row's largest are lifted.
pub(super) fn told_apart<'a>(data: &'a ArrayViewD<'_, f32>, depth: Option<f32>) -> Cow<'a, [f32]> {
    let mut elements = contiguous(data);
    if let (Some(depth), Some(row)) = (depth, data.shape().last()) {
        lift_rows(elements.to_mut(), *row, depth);
    }
    elements
}

/// For each tensor whose readers all saturate, the range beyond which they saturate; `seen` has
/// the observed ranges.
pub(super) fn limits(
    graph: &Graph,
    seen: &HashMap<ValueId, RealRange>,
) -> HashMap<ValueId, RealRange> {
    let mut limits: HashMap<ValueId, RealRange> = HashMap::new();
    let known = |value: ValueId| {
        seen.get(&value).copied().or_else(|| {
            let real = graph.values[value].real()?;
            let ends = |r: RealRange, &x: &f32| r.union(RealRange { min: x, max: x });
            let none = RealRange {
                min: f32::INFINITY,
                max: f32::NEG_INFINITY,
            };
            Some(real.iter().fold(none, ends))
        })
    };
    for port in &graph.outputs {
        limits.insert(port.value, ALL);
    }
    for state in &graph.states {
        limits.insert(state.next, ALL);
    }
    for node in graph.nodes.iter().rev() {
        let output = node.output();
        let of_output = limits.get(&output).copied().unwrap_or(ALL);
        for (operand, value) in node.inputs.iter().enumerate() {
            let Some(value) = *value else { continue };
            let others = node.inputs.iter().enumerate();
            let other = others
                .filter(|(i, v)| *i != operand && v.is_some())
                .find_map(|(_, v)| v.and_then(known));
            let limit = limit(node, operand, of_output, known(output), other, known(value));
            let all = limits.entry(value).or_insert(limit);
            *all = all.union(limit);
        }
    }
    for limit in limits.values_mut() {
        limit.min = limit.min.max(f32::MIN);
        limit.max = limit.max.min(f32::MAX);
    }
    limits.retain(|_, limit| *limit != ALL && limit.min < limit.max);
    limits
}

/// The range within which one reader can tell values apart.
fn limit(
    node: &Node,
    operand: usize,
    of_output: RealRange,
    output: Option<RealRange>,
    other: Option<RealRange>,
    own: Option<RealRange>,
) -> RealRange {
    // What is moved matters as far as its copy does.
    if matches!(
        node.op.rule(),
        QuantRule::SameAsAllInputs | QuantRule::SelectsInputs
    ) || node.op.only_moves()
    {
        return of_output;
    }
    match (node.op.saturation(), output, other, own) {
        (Some(Saturation::BelowRowMax(_)), _, _, Some(own)) => RealRange {
            min: own.min,
            max: f32::MAX,
        },
        (Some(Saturation::Outside([min, max])), ..) => RealRange { min, max },
        (Some(Saturation::BelowOutput), Some(output), _, Some(own)) => {
            // Only what is far below stands for "never": maxima that calibration has not
            // seen may be a little smaller.
            let width = output.max - output.min;
            let min = if own.min < output.min - 4.0 * width {
                output.min - width / 4.0
            } else {
                f32::MIN
            };
            RealRange {
                min: min.max(of_output.min),
                max: of_output.max,
            }
        }
        (Some(Saturation::Sum), _, Some(other), _) => RealRange {
            min: of_output.min - other.max,
            max: of_output.max - other.min,
        },
        (Some(Saturation::Difference), _, Some(other), _) if operand == 0 => RealRange {
            min: of_output.min + other.min,
            max: of_output.max + other.max,
        },
        (Some(Saturation::Difference), _, Some(other), _) => RealRange {
            min: other.min - of_output.max,
            max: other.max - of_output.min,
        },
        _ => ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_values_of_a_row_are_lifted() {
        let data = ndarray::arr2(&[[1.0_f32, -1e9], [-3.0, f32::NEG_INFINITY]]).into_dyn();
        let data = data.view();
        assert_eq!(*told_apart(&data, Some(12.0)), [1.0, -11.0, -3.0, -15.0]);
        assert_eq!(
            *told_apart(&data, None),
            [1.0, -1e9, -3.0, f32::NEG_INFINITY]
        );
    }
}
