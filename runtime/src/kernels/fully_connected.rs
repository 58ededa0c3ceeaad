//! FULLY_CONNECTED: input [rows, depth], weights [units, depth], output [rows, units].

use crate::kernels::output_stage::{Accumulate, OutputStage, dot};

/// Parameters of the kernel [`fully_connected`].
#[derive(Clone, Copy, Debug)]
pub struct FullyConnected<'a, S, W = u8, A = i32> {
    /// Elements of an input row.
    pub depth: usize,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Weights, in the layout `[units, depth]`.
    pub filter: &'a [W],
    /// One per unit, at scale input x filter.
    pub bias: &'a [A],
    /// Output stage: from accumulators to outputs.
    pub output: S,
}

/// Computes all rows of the output.
pub fn fully_connected<X: Copy, W: Copy, A: Accumulate<X, W>, S: OutputStage<A>>(
    p: &FullyConnected<'_, S, W, A>,
    input: &[X],
    output: &mut [S::Element],
) {
    let depth = p.depth.max(1);
    debug_assert!(
        p.filter.len() >= depth * p.bias.len(),
        "the weights are too short"
    );
    let rows = output.chunks_exact_mut(p.bias.len().max(1));
    for (row, out) in input.chunks_exact(depth).zip(rows) {
        let units = p.bias.iter().zip(p.filter.chunks_exact(depth));
        for ((unit, out), (&bias, weights)) in out.iter_mut().enumerate().zip(units) {
            *out = p
                .output
                .finish(dot(bias, row, weights, p.input_offset), unit);
        }
    }
}
