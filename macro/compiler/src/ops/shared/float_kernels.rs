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
use crate::ir::operator::no_float_kernel;
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;

/// Functions of two operands that the runtime has, by operator.
const BINARY: &[(&str, &str)] = &[
    ("ADD", "float_add"),
    ("ATAN2", "float_atan2"),
    ("DIV", "float_div"),
    ("FLOOR_DIV", "float_floor_div"),
    ("FLOOR_MOD", "float_floor_mod"),
    ("MAXIMUM", "float_maximum"),
    ("MINIMUM", "float_minimum"),
    ("MUL", "float_mul"),
    ("POW", "float_pow_of"),
    ("PRELU", "float_prelu"),
    ("SQUARED_DIFFERENCE", "float_squared_difference"),
    ("SUB", "float_sub"),
];

/// Functions of one operand that the runtime has, by operator.
const UNARY: &[(&str, &str)] = &[
    ("ABS", "float_abs"),
    ("CEIL", "float_ceil"),
    ("COS", "float_cos"),
    ("ELU", "float_elu"),
    ("EXP", "float_exp"),
    ("FLOOR", "float_floor"),
    ("GELU", "float_gelu"),
    ("HARD_SWISH", "float_hard_swish"),
    ("LEAKY_RELU", "float_leaky_relu"),
    ("LOG", "float_log"),
    ("LOGISTIC", "float_logistic"),
    ("NEG", "float_neg"),
    ("POW", "float_pow"),
    ("RELU", "float_relu"),
    ("RELU6", "float_relu6"),
    ("RELU_0_TO_1", "float_relu_0_to_1"),
    ("RELU_N1_TO_1", "float_relu_n1_to_1"),
    ("ROUND", "float_round"),
    ("RSQRT", "float_rsqrt"),
    ("SIGN", "float_sign"),
    ("SIN", "float_sin"),
    ("SQRT", "float_sqrt"),
    ("SQUARE", "float_square"),
    ("TANH", "float_tanh"),
];

fn runtime(of: &[(&'static str, &'static str)], name: &str) -> Result<&'static str> {
    let found = of.iter().find(|(operator, _)| *operator == name);
    found
        .map(|(_, function)| *function)
        .ok_or_else(|| no_float_kernel(name))
}

/// The fields of an f32 activation.
pub(crate) fn bounds((min, max): (f32, f32)) -> proc_macro2::TokenStream {
    let (min, max) = (
        crate::tokens::literals::float(min),
        crate::tokens::literals::float(max),
    );
    quote!(activation_min: #min, activation_max: #max)
}

fn clamp(x: f32, (min, max): (f32, f32)) -> f32 {
    x.max(min).min(max)
}

/// An elementwise function of two operands, without its activation.
pub(crate) fn binary(
    name: &str,
    context: &LowerContext<'_>,
    activation: Activation,
    function: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
) -> Result<Lowered> {
    let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
    let kernel = BinaryKernel {
        runtime: runtime(BINARY, name)?,
        broadcast: Broadcast::new(shape(0)?, shape(1)?)?,
        activation: activation.bounds(),
        function: Box::new(function),
    };
    let sources = vec![Source::Operand(0), Source::Operand(1)];
    Ok(Lowered::new(kernel, sources))
}

struct BinaryKernel {
    runtime: &'static str,
    broadcast: Broadcast,
    activation: (f32, f32),
    function: Box<dyn Fn(f32, f32) -> f32 + Send + Sync>,
}

impl Kernel for BinaryKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].f32(), inputs[1].f32());
        let one = |(i, j): (usize, usize)| clamp((self.function)(a[i], b[j]), self.activation);
        Buffer::F32(self.broadcast.positions().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let (broadcast, bounds) = (self.broadcast.emit(), bounds(self.activation));
        Emitted {
            parameters_type: quote!(FloatBinary),
            parameters: quote!(rt::FloatBinary { broadcast: #broadcast, #bounds }),
            function: KernelId::new(self.runtime),
        }
    }
}

/// An elementwise function of operand `input`.
pub(crate) fn unary(
    name: &str,
    input: usize,
    parameter: f32,
    function: impl Fn(f32) -> f32 + Send + Sync + 'static,
) -> Result<Lowered> {
    let kernel = UnaryKernel {
        runtime: runtime(UNARY, name)?,
        parameter,
        function: Arc::new(function),
    };
    Ok(Lowered::new(kernel, vec![Source::Operand(input)]))
}

struct UnaryKernel {
    runtime: &'static str,
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
        let parameter = crate::tokens::literals::float(self.parameter);
        Emitted {
            parameters_type: quote!(FloatUnary),
            parameters: quote!(rt::FloatUnary { parameter: #parameter }),
            function: KernelId::new(self.runtime),
        }
    }
}
