//! QUANTIZE: to int8, from float32 (folded away by the graph stage) or from
//! int8 with another scale.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use super::table::TableKernel;
use super::{Buffer, Cast, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext, owned};
use crate::emit::{self, Constants};
use crate::error::Result;
use crate::graph::QuantParams;

pub(crate) struct Quantize;

impl Quantize {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QUANTIZE"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        owned(inputs.first(), shape)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(TableKernel::requantize(
            context.params(0)?,
            context.output_params()?,
        )))
    }

    fn cast(&self) -> Option<Cast> {
        Some(Cast::Quantize)
    }
}

/// An f32 input to int8: `round(x / scale) + zero_point`, as TFLite's QUANTIZE.
pub(crate) struct QuantizeKernel(pub QuantParams);

impl Kernel for QuantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::I8(
            inputs[0]
                .f32()
                .iter()
                .map(|&x| self.0.quantize(x))
                .collect(),
        )
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let params = emit::quant_params(self.0);
        Emitted {
            parameters_type: quote!(Quantization),
            parameters: params,
            function: "quantize",
        }
    }
}

/// An int8 tensor to an f32 output: `scale * (q - zero_point)`.
pub(crate) struct DequantizeKernel(pub QuantParams);

impl Kernel for DequantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::F32(
            inputs[0]
                .i8()
                .iter()
                .map(|&q| self.0.dequantize(q))
                .collect(),
        )
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let params = emit::quant_params(self.0);
        Emitted {
            parameters_type: quote!(Quantization),
            parameters: params,
            function: "dequantize",
        }
    }
}
