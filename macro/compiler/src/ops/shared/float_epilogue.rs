//! The last step before an f32 output: a function of real values, applied in
//! place to the output itself. It spares the output an int8 step.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel};
use crate::tokens::constants::Constants;

/// The functions that the runtime has in f32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    Logistic,
    Tanh,
    /// Over rows of `depth` elements.
    Softmax {
        beta: f32,
        depth: usize,
    },
    /// The logarithm of SOFTMAX with a beta of 1.
    LogSoftmax {
        depth: usize,
    },
}

impl Function {
    fn apply(self, data: &mut [f32]) {
        match self {
            Function::Logistic => data.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x).exp())),
            Function::Tanh => data.iter_mut().for_each(|x| *x = x.tanh()),
            Function::Softmax { beta, depth } => {
                for row in data.chunks_mut(depth.max(1)) {
                    crate::ops::normalization::softmax::softmax(row, beta);
                }
            }
            Function::LogSoftmax { depth } => {
                for row in data.chunks_mut(depth.max(1)) {
                    crate::ops::normalization::log_softmax::log_softmax(row);
                }
            }
        }
    }

    fn parameters(self) -> TokenStream {
        match self {
            Function::Logistic => quote!(rt::FloatEpilogue::Logistic),
            Function::Tanh => quote!(rt::FloatEpilogue::Tanh),
            Function::Softmax { beta, depth } => {
                let beta = crate::tokens::literals::float(beta);
                let depth = crate::tokens::literals::fields(&[("depth", depth)]);
                quote!(rt::FloatEpilogue::Softmax { beta: #beta, #depth })
            }
            Function::LogSoftmax { depth } => {
                let depth = crate::tokens::literals::fields(&[("depth", depth)]);
                quote!(rt::FloatEpilogue::LogSoftmax { #depth })
            }
        }
    }
}

pub(crate) struct FloatEpilogueKernel(pub Function);

impl Kernel for FloatEpilogueKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut data = inputs[0].f32().to_vec();
        self.0.apply(&mut data);
        Buffer::F32(data)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(FloatEpilogue),
            parameters: self.0.parameters(),
            function: "tail",
        }
    }

    fn in_place(&self, _input: usize) -> Option<&'static str> {
        Some("float_epilogue_in_place")
    }
}
