//! Kernels of operators that the user keeps in float (`tensors(..: float)`).
//!
//! Operators with weights are in [`crate::ops::shared::weighted_sum`]; what only moves elements
//! has one kernel for all types.

use std::sync::Arc;

use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::float_functions::RealFunction;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The fields of an f32 activation.
pub(crate) fn bounds((min, max): (f32, f32)) -> proc_macro2::TokenStream {
    let (min, max) = (literals::float(min), literals::float(max));
    quote!(activation_min: #min, activation_max: #max)
}

fn clamp(x: f32, (min, max): (f32, f32)) -> f32 {
    x.max(min).min(max)
}

/// A function of two real numbers.
pub(crate) type FunctionOfTwo = Box<dyn Fn(f32, f32) -> f32 + Send + Sync>;

/// An elementwise function of two operands, without its activation.
pub(crate) fn binary(
    kernel: KernelId,
    context: &LowerContext<'_>,
    activation: Activation,
    function: FunctionOfTwo,
) -> Result<Lowered> {
    let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
    let kernel = BinaryKernel {
        kernel,
        broadcast: Broadcast::new(shape(0)?, shape(1)?)?,
        activation: activation.bounds(),
        function,
    };
    let sources = vec![Source::Operand(0), Source::Operand(1)];
    Ok(Lowered::new(kernel, sources))
}

struct BinaryKernel {
    kernel: KernelId,
    broadcast: Broadcast,
    activation: (f32, f32),
    function: FunctionOfTwo,
}

impl Kernel for BinaryKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].f32(), inputs[1].f32());
        let one = |(i, j): (usize, usize)| clamp((self.function)(a[i], b[j]), self.activation);
        Buffer::F32(self.broadcast.positions().into_iter().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let (broadcast, bounds) = (self.broadcast.emit(), bounds(self.activation));
        Emitted {
            parameters_type: quote!(FloatBinary),
            parameters: quote!(rt::FloatBinary { broadcast: #broadcast, #bounds }),
            function: self.kernel,
        }
    }
}

/// An elementwise function of operand `input`.
pub(crate) fn unary(
    kernel: KernelId,
    input: usize,
    parameter: f32,
    function: impl Fn(f32) -> f32 + Send + Sync + 'static,
) -> Lowered {
    let kernel = UnaryKernel {
        kernel,
        parameter,
        function: Arc::new(function),
    };
    Lowered::new(kernel, vec![Source::Operand(input)])
}

struct UnaryKernel {
    kernel: KernelId,
    parameter: f32,
    function: RealFunction,
}

impl Kernel for UnaryKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::F32(
            inputs[0]
                .f32()
                .iter()
                .map(|&x| (self.function)(x))
                .collect(),
        )
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let parameter = literals::float(self.parameter);
        Emitted {
            parameters_type: quote!(FloatUnary),
            parameters: quote!(rt::FloatUnary { parameter: #parameter }),
            function: self.kernel,
        }
    }
}
