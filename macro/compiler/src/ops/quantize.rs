//! QUANTIZE: to int8, from float32 (folded away by the graph stage) or from
//! int8 with another scale.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use super::table::TableKernel;
use super::{Buffer, Cast, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext, owned};
use crate::emit::{self, Constants};
use crate::error::Result;
use crate::graph::{ElementType, QuantParams};

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

/// A quantized tensor to f32: `scale * (q - zero_point)`.
pub(crate) struct DequantizeKernel {
    pub params: QuantParams,
    pub element: ElementType,
}

impl Kernel for DequantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let real = |q: i32| self.params.scale * (q - self.params.zero_point) as f32;
        Buffer::F32(match inputs[0] {
            Buffer::I16(data) => data.iter().map(|&q| real(q.into())).collect(),
            other => other.i8().iter().map(|&q| real(q.into())).collect(),
        })
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let params = emit::quant_params(self.params);
        Emitted {
            parameters_type: quote!(Quantization),
            parameters: params,
            function: if self.element == ElementType::I16 {
                "dequantize_i16"
            } else {
                "dequantize"
            },
        }
    }
}

/// A uint8 or bool port from or to the int8 that the program holds.
pub(crate) struct PortKernel(&'static str);

impl PortKernel {
    pub(crate) fn from(element: ElementType) -> Self {
        Self(if element == ElementType::Bool {
            "from_bool"
        } else {
            "from_u8"
        })
    }

    pub(crate) fn to(element: ElementType) -> Self {
        Self(if element == ElementType::Bool {
            "to_bool"
        } else {
            "to_u8"
        })
    }
}

impl Kernel for PortKernel {
    /// Simulated ports hold int8, too.
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        inputs[0].clone()
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Port),
            parameters: quote!(rt::Port),
            function: self.0,
        }
    }
}
