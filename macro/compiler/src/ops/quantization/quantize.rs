//! QUANTIZE: to int8 or int16, from float32 (folded away by the graph stage) or
//! from a quantized tensor.

use ndarray::ArrayD;
use niello_numeric::quantized;
use quote::quote;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Cast, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::owned;
use crate::ops::shared::requantize::RequantizeKernel;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator QUANTIZE: to int8 or int16, from float32 (folded away by the graph stage) or from a
/// quantized tensor.
pub(crate) struct Quantize;

impl Quantize {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        if node.input(0)?.element == ElementType::F32 && node.output == ElementType::I32 {
            return Err(Error::model(
                "from float32 it makes int8, uint8 or int16, as in TensorFlow Lite, not int32",
            ));
        }
        Ok(Self)
    }
}

impl Operator for Quantize {
    fn name(&self) -> &'static str {
        "QUANTIZE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            reads_reals: true,
            cast: Some(Cast::Quantize),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        owned(inputs, 0)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.element(0)? == ElementType::F32 {
            return Ok(Lowered::unary(QuantizeKernel {
                params: context.params_of_output()?,
                element: context.target.element(),
            }));
        }
        let both = [context.element(0)?, context.target.element()];
        if context.in_float && both == [ElementType::I8, ElementType::I8] {
            // DEQUANTIZE and QUANTIZE round once, in float.
            let (input, output) = (context.params(0)?, context.output_params()?);
            return Ok(Lowered::unary(TableKernel::island(input, output, |x| x)));
        }
        RequantizeKernel::lower(context, Activation::None)
    }
}

/// An f32 input to int8: `round(x / scale) + zero_point`, as TFLite's QUANTIZE.
pub(crate) struct QuantizeKernel {
    pub params: QuantParams,
    pub element: ElementType,
}

impl Kernel for QuantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let data = inputs[0].f32();
        if self.element == ElementType::I16 {
            Buffer::I16(quantized::quantize_i16(data, self.params))
        } else {
            Buffer::I8(quantized::quantize_i8(data, self.params))
        }
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let params = literals::quant_params(self.params);
        Emitted {
            parameters_type: quote!(Quantization),
            parameters: params,
            function: KernelId::new("quantize"),
        }
    }
}

/// A quantized tensor to f32: `scale * (q - zero_point)`.
pub(crate) struct DequantizeKernel(pub QuantParams);

impl Kernel for DequantizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        Buffer::F32(quantized::dequantize_i32(&inputs[0].integers(), self.0))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let params = literals::quant_params(self.0);
        Emitted {
            parameters_type: quote!(Quantization),
            parameters: params,
            function: KernelId::new("dequantize"),
        }
    }
}

/// A uint8, uint32 or bool port from or to what the program holds.
pub(crate) struct PortKernel(&'static str);

impl PortKernel {
    pub(crate) fn from(element: ElementType) -> Self {
        Self(match element {
            ElementType::Bool => "from_bool",
            ElementType::U32 => "from_u32",
            _ => "from_u8",
        })
    }

    pub(crate) fn to(element: ElementType) -> Self {
        Self(match element {
            ElementType::Bool => "to_bool",
            ElementType::U32 => "to_u32",
            _ => "to_u8",
        })
    }
}

impl Kernel for PortKernel {
    /// Simulated ports hold the same.
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        inputs[0].clone()
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Port),
            parameters: quote!(rt::Port),
            function: KernelId::new(self.0),
        }
    }
}
