//! Elementwise functions of one value: in int8, 256-byte tables.

use std::sync::Arc;

use ndarray::ArrayD;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, QuantRule};
use crate::ir::float_functions::{FloatEpilogue, RealFunction};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator::{Algebra, ChannelRole, Operator, RealOperands, Saturation};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::elementwise::int32::UnaryKernel;
use crate::ops::shared::float_kernels;
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::mapped;

/// What the runtime calls a function of int32 values, and the function.
pub(crate) type IntegerFunction = (&'static str, fn(i32) -> i32);

/// What sets one elementwise function apart from another.
pub(crate) trait Unary: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    /// The runtime's function of f32.
    const FLOAT: KernelId;

    /// Whether there is a float kernel, and whether it needs libm.
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Core;

    /// True if a float island also uses the reference's int8 table.
    const KEEPS_TABLE: bool = false;

    /// True if the function repeats itself.
    const IS_PERIODIC: bool = false;

    /// The function of a real number, in float32.
    fn real(&self, x: f32) -> f32;

    /// The reference's int8 table. The default is the real function's.
    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        TableKernel::real(input, output, |x| self.real(x))
    }

    /// What the runtime's float function needs to know.
    fn parameter(&self) -> f32 {
        0.0
    }

    /// The function of int32 values, and what the runtime calls it.
    fn integer(&self) -> Option<IntegerFunction> {
        None
    }

    /// Chooses the kernel for int16 tensors.
    fn lower_i16(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(Error::model("its input is int16; supported is int8"))
    }

    /// How the output is quantized.
    fn output_rule(&self) -> QuantRule {
        QuantRule::Observed
    }

    /// What it is as the last step before an f32 output.
    fn epilogue(&self) -> Option<FloatEpilogue> {
        None
    }

    /// Beyond these inputs the output is constant (saturation).
    fn ends(&self) -> Option<[f32; 2]> {
        None
    }

    /// The activation that it is, if it is one.
    fn activation(&self) -> Option<Activation> {
        None
    }
}

impl<U: Unary> Operator for U {
    fn name(&self) -> &'static str {
        U::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: self.output_rule(),
            operands: Some(1),
            saturation: self.ends().map(Saturation::Outside),
            activation: self.activation(),
            epilogue: Unary::epilogue(self),
            channels: (self.activation() == Some(Activation::Relu)).then_some(ChannelRole::Through),
            float_kernel: U::FLOAT_KERNEL,
            is_periodic: U::IS_PERIODIC,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        mapped(inputs, &|x| self.real(x))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        match context.element(0)? {
            ElementType::I16 => return self.lower_i16(context),
            ElementType::I32 => {
                let refused = || Error::model("its input is int32; supported is int8");
                let (runtime, f) = self.integer().ok_or_else(refused)?;
                return Ok(Lowered::unary(UnaryKernel { runtime, f }));
            }
            _ => {}
        }
        let (input, output) = (context.params(0)?, context.output_params()?);
        // LiteRT rescales where TensorFlow Lite Micro only clamps.
        if let (true, Some(activation)) = (context.in_uint8, self.activation()) {
            let table = TableKernel::clamp(input, output, activation);
            return Ok(Lowered::unary(table));
        }
        // Between DEQUANTIZE and QUANTIZE it is the real function that the file runs.
        // A float model's own table rounds to nearest, too.
        let island = context.in_float && !U::KEEPS_TABLE;
        Ok(Lowered::unary(if island {
            TableKernel::island(input, output, |x| self.real(x))
        } else {
            self.table(input, output)
        }))
    }

    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        let this = self.clone();
        let function = move |x| this.real(x);
        Ok(float_kernels::unary(
            U::FLOAT,
            0,
            self.parameter(),
            function,
        ))
    }

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl<U: Unary> Algebra for U {
    fn function(&self, _: &[Option<f32>]) -> Option<RealFunction> {
        let this = self.clone();
        Some(Arc::new(move |x| this.real(x)))
    }
}
