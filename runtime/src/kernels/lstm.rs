//! UNIDIRECTIONAL_SEQUENCE_LSTM: 8-bit activations and weights, 16-bit gates and
//! cell state.

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::sigmoid_lut_i16::{Steps, logistic, tanh};
use crate::kernels::output_stage::dot;
use crate::kernels::strided::copy_row;

/// Weights and scales of one gate.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// Weights of the input, [cells, depth].
    pub input: &'a [u8],
    /// Weights of the hidden state, [cells, cells].
    pub recurrent: &'a [u8],
    /// Biases, one for each cell.
    pub bias: &'a [i32],
    /// From the input's accumulator to Q3.12.
    pub input_multiplier: Multiplier,
    /// From the hidden state's accumulator to Q3.12.
    pub recurrent_multiplier: Multiplier,
}

/// Parameters of the kernel [`lstm`].
#[derive(Clone, Copy, Debug)]
pub struct Lstm<'a> {
    /// Number of sequences in a batch.
    pub batches: usize,
    /// Number of steps of a sequence.
    pub steps: usize,
    /// Elements of an input row.
    pub depth: usize,
    /// Number of elements of the states.
    pub cells: usize,
    /// Steps are the outermost dimension.
    pub time_major: bool,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// The hidden state's negated zero point.
    pub hidden_offset: i32,
    /// The input, forget, cell and output gate.
    pub gates: [Gate<'a>; 4],
    /// Scale of the product of forget gate and cell state.
    pub forget_multiplier: Multiplier,
    /// Scale of the product of input and cell gate.
    pub update_multiplier: Multiplier,
    /// Scale of the product of output gate and the cell state's tanh.
    pub output_multiplier: Multiplier,
    /// The hidden state's zero point.
    pub output_offset: i32,
    /// Limit of the cell state; 0 is none.
    pub cell_clip: i16,
    /// Input scale of the cell state's tanh.
    pub cell_steps: Steps,
}

#[inline(always)]
fn i16_of(x: i32) -> i16 {
    x.clamp(-32768, 32767) as i16
}

#[inline(always)]
fn product(a: i16, b: i16, by: Multiplier) -> i16 {
    i16_of(by.apply(i32::from(a) * i32::from(b)))
}

impl Lstm<'_> {
    /// A gate's sum for one cell, in Q3.12.
    #[inline(always)]
    fn gate(&self, gate: &Gate<'_>, cell: usize, x: &[i8], hidden: &[i8]) -> i16 {
        let weights = |all: &'_ [u8], size: usize| -> core::ops::Range<usize> {
            let begin = (cell * size).min(all.len());
            begin..(begin + size).min(all.len())
        };
        let w = gate
            .input
            .get(weights(gate.input, self.depth))
            .unwrap_or(&[]);
        let r = gate
            .recurrent
            .get(weights(gate.recurrent, self.cells))
            .unwrap_or(&[]);
        let bias = gate.bias.get(cell).copied().unwrap_or(0);
        let fed = gate
            .input_multiplier
            .apply(dot(bias, x, w, self.input_offset));
        let back = gate
            .recurrent_multiplier
            .apply(dot(0, hidden, r, self.hidden_offset));
        i16_of(i32::from(i16_of(fed)) + i32::from(i16_of(back)))
    }
}

/// All steps of all sequences; `next_hidden` and `next_cell` are the states after
/// them, and `scratch` holds the hidden state of one step.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn lstm(
    p: &Lstm<'_>,
    input: &[i8],
    hidden: &[i8],
    cell: &[i16],
    output: &mut [i8],
    next_hidden: &mut [i8],
    next_cell: &mut [i16],
    scratch: &mut [i8],
) {
    const Q12: Steps = Steps {
        multiplier: 3,
        shift: 0,
    };
    copy_row(hidden, next_hidden);
    copy_row(cell, next_cell);
    let cells = p.cells.max(1);
    let states = next_hidden
        .chunks_exact_mut(cells)
        .zip(next_cell.chunks_exact_mut(cells));
    for (batch, (hidden, cell)) in states.enumerate().take(p.batches) {
        for step in 0..p.steps {
            let row = if p.time_major {
                step * p.batches + batch
            } else {
                batch * p.steps + step
            };
            let (x, out) = (
                input.get(row * p.depth..(row + 1) * p.depth),
                output.get_mut(row * cells..(row + 1) * cells),
            );
            let (Some(x), Some(out)) = (x, out) else {
                debug_assert!(false, "the input or the output is too short");
                continue;
            };
            copy_row(hidden, scratch);
            for (n, (h, c)) in hidden.iter_mut().zip(cell.iter_mut()).enumerate() {
                let [i, f, g, o] = &p.gates;
                let sum = |gate: &Gate<'_>| p.gate(gate, n, x, scratch);
                let kept = product(logistic(sum(f), Q12), *c, p.forget_multiplier);
                let new = product(
                    logistic(sum(i), Q12),
                    tanh(sum(g), Q12),
                    p.update_multiplier,
                );
                *c = i16_of(i32::from(kept) + i32::from(new));
                if p.cell_clip > 0 {
                    *c = (*c).max(-p.cell_clip).min(p.cell_clip);
                }
                let shown = i32::from(tanh(*c, p.cell_steps)) * i32::from(logistic(sum(o), Q12));
                let q = p
                    .output_multiplier
                    .apply(shown)
                    .wrapping_add(p.output_offset);
                *h = q.clamp(-128, 127) as i8;
            }
            copy_row(hidden, out);
        }
    }
}
