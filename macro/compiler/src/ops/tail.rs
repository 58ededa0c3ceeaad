//! The last step before an f32 output: a function of real values, applied in
//! place to the output itself. It spares the output an int8 step.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Buffer, Emitted, Kernel};
use crate::emit::{self, Constants};

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
                    super::softmax::softmax(row, beta);
                }
            }
            Function::LogSoftmax { depth } => {
                for row in data.chunks_mut(depth.max(1)) {
                    super::log_softmax::log_softmax(row);
                }
            }
        }
    }

    fn parameters(self) -> TokenStream {
        match self {
            Function::Logistic => quote!(rt::Tail::Logistic),
            Function::Tanh => quote!(rt::Tail::Tanh),
            Function::Softmax { beta, depth } => {
                let beta = emit::float(beta);
                let depth = emit::fields(&[("depth", depth)]);
                quote!(rt::Tail::Softmax { beta: #beta, #depth })
            }
            Function::LogSoftmax { depth } => {
                let depth = emit::fields(&[("depth", depth)]);
                quote!(rt::Tail::LogSoftmax { #depth })
            }
        }
    }
}

pub(crate) struct TailKernel(pub Function);

impl Kernel for TailKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut data = inputs[0].f32().to_vec();
        self.0.apply(&mut data);
        Buffer::F32(data)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Tail),
            parameters: self.0.parameters(),
            function: "tail",
        }
    }

    fn in_place(&self, _input: usize) -> Option<&'static str> {
        Some("tail_in_place")
    }
}
