//! Elementwise functions of two operands that need the real numbers: in int8 a table
//! where one operand is one number, else computed in f32.

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Target};
use crate::ir::float_functions::RealFunction;
use crate::ir::graph::Constant;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Algebra, Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::elementwise::int32;
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::float_kernels;
use crate::ops::shared::function::function_of_one;
use crate::ops::shared::lookup_table::TableKernel;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// A function of two int32 values and what the runtime calls it.
pub(crate) type Integers = (&'static str, fn(i32, i32) -> i32);

/// What sets one such function apart from another.
pub(crate) trait Real: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// The runtime's function of f32.
    const FLOAT: KernelId;
    /// Whether the float kernel needs libm.
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Core;
    /// The runtime's function of int8 operands.
    const RUNTIME: &'static str;

    /// The function of real numbers, in float32.
    fn real(&self, a: f32, b: f32) -> f32;

    /// The function as the runtime computes it, by libm.
    fn run(&self, a: f32, b: f32) -> f32 {
        self.real(a, b)
    }

    /// The function of int32 values, if it has one.
    fn integers(&self) -> Option<Integers> {
        None
    }

    /// The float kernel, given the operands that are one constant number each.
    fn lower_float(&self, context: &LowerContext<'_>, _: &[Option<f32>]) -> Result<Lowered> {
        let this = self.clone();
        let function = Box::new(move |a, b| this.run(a, b));
        float_kernels::binary(Self::FLOAT, context, Activation::None, function)
    }
}

/// Makes a [`Real`] an [`Operator`].
pub(crate) struct OfReals<R>(pub R);

impl<R: Real> Operator for OfReals<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(2),
            float_kernel: R::FLOAT_KERNEL,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        broadcast::output_shape(inputs)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        broadcast::evaluate(inputs, shape, |a, b| self.0.real(a, b))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.target == Target::I32 {
            let refused = || Error::model("its operands are int32; supported are real numbers");
            let (runtime, f) = self.0.integers().ok_or_else(refused)?;
            return int32::lower(context, Activation::None, runtime, f);
        }
        let constants = numbers(context)?;
        let output = context.output_params()?;
        if let Some(f) = self.function(&constants) {
            let variable = usize::from(constants[0].is_some());
            let table = TableKernel::island(context.params(variable)?, output, |x| f(x));
            return Ok(Lowered::new(table, vec![Source::Operand(variable)]));
        }
        let (a, source_a) = operand(context, 0)?;
        let (b, source_b) = operand(context, 1)?;
        let this = self.0.clone();
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let kernel = RealKernel {
            broadcast: Broadcast::new(shape(0)?, shape(1)?)?,
            operands: [a, b],
            output,
            runtime: R::RUNTIME,
            function: Box::new(move |a, b| this.run(a, b)),
        };
        Ok(Lowered::new(kernel, vec![source_a, source_b]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.0.lower_float(context, &numbers(context)?)
    }

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl<R: Real> Algebra for OfReals<R> {
    fn function(&self, constants: &[Option<f32>]) -> Option<RealFunction> {
        let this = self.0.clone();
        function_of_one(move |a, b| this.real(a, b), constants)
    }
}

/// The operands that are one constant number.
fn numbers(context: &LowerContext<'_>) -> Result<Vec<Option<f32>>> {
    (0..2)
        .map(|i| {
            let value = context.input(i)?.value;
            let single = value.real().filter(|c| c.len() == 1);
            Ok(single.and_then(|c| c.first().copied()))
        })
        .collect()
}

/// Operand `i`'s quantization and source; float constants stay what they are.
fn operand(context: &LowerContext<'_>, i: usize) -> Result<(QuantParams, Source)> {
    match &context.input(i)?.value.constant {
        Some(Constant::F32(data)) => {
            let exact = Buffer::F32(data.iter().copied().collect());
            let unit = QuantParams {
                scale: 1.0,
                zero_point: 0,
            };
            Ok((unit, Source::Constant(exact)))
        }
        _ => broadcast::operand(context, i),
    }
}

struct RealKernel {
    broadcast: Broadcast,
    operands: [QuantParams; 2],
    output: QuantParams,
    runtime: &'static str,
    function: Box<dyn Fn(f32, f32) -> f32 + Send + Sync>,
}

impl Kernel for RealKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let real = |operand: usize, at: usize| match inputs[operand] {
            Buffer::F32(data) => data[at],
            other => {
                let params = self.operands[operand];
                params.scale * other.integer(at).wrapping_sub(params.zero_point) as f32
            }
        };
        let one = |(i, j)| {
            self.output
                .quantize((self.function)(real(0, i), real(1, j)))
        };
        Buffer::I8(self.broadcast.positions().into_iter().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let broadcast = self.broadcast.emit();
        let [input1, input2] = self.operands.map(literals::quant_params);
        let output = literals::quant_params(self.output);
        Emitted {
            parameters_type: quote!(OfReals),
            parameters: quote!(rt::OfReals {
                broadcast: #broadcast,
                input1: #input1,
                input2: #input2,
                output: #output,
            }),
            function: KernelId::new(self.runtime),
        }
    }
}
