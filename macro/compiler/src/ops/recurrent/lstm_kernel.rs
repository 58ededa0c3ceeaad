//! The integer kernel of UNIDIRECTIONAL_SEQUENCE_LSTM.

use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::sigmoid_lut_i16::{Steps, logistic, tanh};
use crate::ir::buffer::Buffer;
use crate::ir::element_type::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ops::shared::weights::weights_dot;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The sizes of an LSTM, and the order of its input.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub batches: usize,
    pub steps: usize,
    pub depth: usize,
    pub cells: usize,
    pub time_major: bool,
}

impl Sizes {
    /// Which row of input and output belongs to a step of a batch.
    pub(super) fn row(&self, batch: usize, step: usize) -> usize {
        if self.time_major {
            step * self.batches + batch
        } else {
            batch * self.steps + step
        }
    }
}

/// The weights of one gate.
pub(super) struct Gate {
    pub input: Vec<i8>,
    pub recurrent: Vec<i8>,
    pub bias: Vec<i32>,
    /// From the accumulators of both products to Q3.12.
    pub factors: [Multiplier; 2],
}

/// All steps of an LSTM with 8-bit activations and 16-bit gates and cell state.
pub(super) struct LstmKernel {
    pub sizes: Sizes,
    /// Negated zero points of the input and the hidden state.
    pub offsets: [i32; 2],
    pub gates: [Gate; 4],
    pub forget: Multiplier,
    pub update: Multiplier,
    pub output: Multiplier,
    pub output_offset: i32,
    /// The largest magnitude of the cell state; 0 clips nothing.
    pub cell_clip: i16,
    pub cell_steps: Steps,
}

/// Saturates a number to 16 bits.
fn i16_of(x: i32) -> i16 {
    x.clamp(-32768, 32767) as i16
}

impl LstmKernel {
    /// One gate of one cell.
    fn gate(&self, g: usize, n: usize, x: &[i8], hidden: &[i8]) -> i16 {
        let (gate, s) = (&self.gates[g], &self.sizes);
        let fed = weights_dot(x, &gate.input[n * s.depth..][..s.depth], self.offsets[0]);
        let fed = gate.factors[0].apply(fed.wrapping_add(gate.bias[n]));
        let back = weights_dot(
            hidden,
            &gate.recurrent[n * s.cells..][..s.cells],
            self.offsets[1],
        );
        let sum = i16_of(i32::from(i16_of(fed)) + i32::from(i16_of(gate.factors[1].apply(back))));
        let steps = Steps::of_power(0);
        if g == 2 {
            tanh(sum, steps)
        } else {
            logistic(sum, steps)
        }
    }
}

impl Kernel for LstmKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let s = &self.sizes;
        let x = inputs[0].i8();
        let (mut hidden, mut cell) = (inputs[1].i8().to_vec(), inputs[2].i16().to_vec());
        let mut output = vec![0; s.batches * s.steps * s.cells];
        let product =
            |a: i16, b: i16, by: Multiplier| i16_of(by.apply(i32::from(a) * i32::from(b)));
        for batch in 0..s.batches {
            for step in 0..s.steps {
                let row = s.row(batch, step);
                let x = &x[row * s.depth..][..s.depth];
                let old = hidden[batch * s.cells..][..s.cells].to_vec();
                for n in 0..s.cells {
                    let [i, f, g, o] = [0, 1, 2, 3].map(|gate| self.gate(gate, n, x, &old));
                    let c = &mut cell[batch * s.cells + n];
                    let kept = product(f, *c, self.forget);
                    let new = product(i, g, self.update);
                    *c = i16_of(i32::from(kept) + i32::from(new));
                    if self.cell_clip > 0 {
                        *c = (*c).clamp(-self.cell_clip, self.cell_clip);
                    }
                    let h = self
                        .output
                        .apply(i32::from(tanh(*c, self.cell_steps)) * i32::from(o));
                    let h = h.wrapping_add(self.output_offset).clamp(-128, 127) as i8;
                    hidden[batch * s.cells + n] = h;
                    output[row * s.cells + n] = h;
                }
            }
        }
        vec![Buffer::I8(output), Buffer::I8(hidden), Buffer::I16(cell)]
    }

    /// The hidden state of the step before.
    fn scratch(&self) -> Vec<(ElementType, usize)> {
        vec![(ElementType::I8, self.sizes.cells)]
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let s = &self.sizes;
        let sizes = literals::fields(&[
            ("batches", s.batches),
            ("steps", s.steps),
            ("depth", s.depth),
            ("cells", s.cells),
        ]);
        let time_major = s.time_major;
        let names = ["INPUT", "FORGET", "CELL", "OUTPUT"];
        let gates: Vec<_> = self
            .gates
            .iter()
            .zip(names)
            .map(|(gate, name)| {
                let input = constants.bytes(&format!("{name}_WEIGHTS"), &gate.input);
                let recurrent = constants.bytes(&format!("{name}_RECURRENT"), &gate.recurrent);
                let bias = constants.words(&format!("{name}_BIAS"), &gate.bias);
                let [fed, back] = gate.factors.map(literals::multiplier);
                quote!(rt::Gate {
                    input: #input,
                    recurrent: #recurrent,
                    bias: #bias,
                    input_multiplier: #fed,
                    recurrent_multiplier: #back,
                })
            })
            .collect();
        let [input_offset, hidden_offset] = self.offsets.map(literals::int);
        let [forget, update, output] =
            [self.forget, self.update, self.output].map(literals::multiplier);
        let output_offset = literals::int(self.output_offset);
        let clip = literals::int(self.cell_clip.into());
        let multiplier = literals::int(self.cell_steps.multiplier);
        let shift = self.cell_steps.shift;
        Emitted {
            parameters_type: quote!(Lstm<'static>),
            parameters: quote!(rt::Lstm {
                #sizes
                time_major: #time_major,
                input_offset: #input_offset,
                hidden_offset: #hidden_offset,
                gates: [#(#gates),*],
                forget_multiplier: #forget,
                update_multiplier: #update,
                output_multiplier: #output,
                output_offset: #output_offset,
                cell_clip: #clip,
                cell_steps: rt::Steps { multiplier: #multiplier, shift: #shift },
            }),
            function: KernelId::new("lstm"),
        }
    }

    fn macs(&self) -> u64 {
        let s = &self.sizes;
        (4 * s.batches * s.steps * s.cells * (s.depth + s.cells)) as u64
    }
}
