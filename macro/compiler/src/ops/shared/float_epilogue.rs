//! The last step before an f32 output: a function of real values, applied in
//! place to the output itself. It spares the output an int8 step.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::float_functions::FloatEpilogue;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Applies the function to all elements, by the formula.
fn apply(function: FloatEpilogue, data: &mut [f32]) {
    match function {
        FloatEpilogue::Logistic => data.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp())),
        FloatEpilogue::Tanh => data.iter_mut().for_each(|x| *x = x.tanh()),
        FloatEpilogue::Softmax { beta, depth } => {
            for row in data.chunks_mut(depth.max(1)) {
                softmax(row, beta);
            }
        }
        FloatEpilogue::LogSoftmax { depth } => {
            for row in data.chunks_mut(depth.max(1)) {
                log_softmax(row);
            }
        }
    }
}

/// The literal of the runtime's `FloatEpilogue`.
fn parameters(function: FloatEpilogue) -> TokenStream {
    match function {
        FloatEpilogue::Logistic => quote!(rt::FloatEpilogue::Logistic),
        FloatEpilogue::Tanh => quote!(rt::FloatEpilogue::Tanh),
        FloatEpilogue::Softmax { beta, depth } => {
            let beta = literals::float(beta);
            let depth = literals::fields(&[("depth", depth)]);
            quote!(rt::FloatEpilogue::Softmax { beta: #beta, #depth })
        }
        FloatEpilogue::LogSoftmax { depth } => {
            let depth = literals::fields(&[("depth", depth)]);
            quote!(rt::FloatEpilogue::LogSoftmax { #depth })
        }
    }
}

/// Applies a function of real numbers to an f32 tensor, in place.
pub(crate) struct FloatEpilogueKernel(pub FloatEpilogue);

impl Kernel for FloatEpilogueKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut data = inputs[0].f32().to_vec();
        apply(self.0, &mut data);
        Buffer::F32(data)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(FloatEpilogue),
            parameters: parameters(self.0),
            function: KernelId::new("tail"),
        }
    }

    fn in_place(&self, _input: usize) -> Option<KernelId> {
        Some(KernelId::new("float_epilogue_in_place"))
    }
}

/// SOFTMAX of one row, in place: `exp(beta * (x - max))`, divided by the sum of these.
pub(crate) fn softmax(row: &mut [f32], beta: f32) {
    let max = row.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
    row.iter_mut().for_each(|x| *x = ((*x - max) * beta).exp());
    let sum: f32 = row.iter().sum();
    row.iter_mut().for_each(|x| *x /= sum);
}

/// LOG_SOFTMAX of one row, in place: `x - max - log(sum(exp(x - max)))`.
pub(crate) fn log_softmax(row: &mut [f32]) {
    let max = row.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
    let log = row.iter().map(|x| (x - max).exp()).sum::<f32>().ln();
    row.iter_mut().for_each(|x| *x = *x - max - log);
}
