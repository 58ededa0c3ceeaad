//! CUMSUM: running sums along one axis.

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::add::AddOperand;

/// Parameters of the kernel [`cumsum`].
#[derive(Clone, Copy, Debug)]
pub struct Cumsum {
    /// Product of the dimensions before the axis.
    pub outer: usize,
    /// Number of elements along the axis.
    pub depth: usize,
    /// Product of the dimensions behind the axis.
    pub inner: usize,
    /// True if sums leave out the element itself.
    pub exclusive: bool,
    /// True if sums begin at the end.
    pub reverse: bool,
    /// Zero point and scale of the elements.
    pub input: AddOperand,
    /// Initial accumulators, which include the share of zero points.
    pub start: i32,
    /// The common scale by the output's.
    pub output_multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

/// Computes the cumulative sums, lane by lane.
pub fn cumsum(p: &Cumsum, input: &[i8], output: &mut [i8]) {
    for outer in 0..p.outer {
        for inner in 0..p.inner {
            let mut sum = p.start;
            for step in 0..p.depth {
                let d = if p.reverse { p.depth - 1 - step } else { step };
                let at = (outer * p.depth + d) * p.inner + inner;
                let (Some(&q), Some(out)) = (input.get(at), output.get_mut(at)) else {
                    debug_assert!(false, "the input or the output is too short");
                    continue;
                };
                let before = sum;
                sum = sum.wrapping_add(p.input.scaled(q));
                let result = if p.exclusive { before } else { sum };
                let q = p
                    .output_multiplier
                    .apply(result)
                    .wrapping_add(p.output_offset);
                *out = q.clamp(-128, 127) as i8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_grow_from_either_end() {
        // Of one scale: twice the larger scale, 20 more bits.
        let half = Multiplier {
            multiplier: 1 << 30,
            shift: 0,
        };
        let p = Cumsum {
            outer: 1,
            depth: 3,
            inner: 1,
            exclusive: false,
            reverse: false,
            input: AddOperand {
                offset: 0,
                multiplier: half,
            },
            start: 0,
            output_multiplier: Multiplier {
                multiplier: 1 << 30,
                shift: -18,
            },
            output_offset: 0,
        };
        let mut output = [0; 3];
        cumsum(&p, &[1, 2, 4], &mut output);
        assert_eq!(output, [1, 3, 7]);
        let p = Cumsum {
            exclusive: true,
            reverse: true,
            ..p
        };
        cumsum(&p, &[1, 2, 4], &mut output);
        assert_eq!(output, [6, 4, 0]);
    }
}
