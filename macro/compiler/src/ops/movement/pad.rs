//! PAD with zeros, and PADV2 with a constant, in up to 6 dimensions.

use ndarray::ArrayD;
use niello_numeric::positions;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::{Constant, ElementType, array, contiguous};
use crate::ir::kernel::{Emitted, Frame, Kernel, KernelId, Lowered, Role};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::exact_int32;
use crate::ops::shared::operands::operand;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Dimensions that the kernel loops over.
const MAX_DIMS: usize = 6;

/// The operator PAD with zeros, and PADV2 with a constant, in up to 6 dimensions.
pub(crate) struct Pad {
    name: &'static str,
    /// Elements before and after, per dimension.
    paddings: Vec<[usize; 2]>,
    /// PADV2's constant, as it is in the file; `None` is the zero of PAD.
    value: Option<Fill>,
}

/// The value that PADV2 writes around its input.
struct Fill {
    real: f32,
    /// The value of an int8 model, quantized.
    quantized: Option<i8>,
}

/// Operand 1 as pairs: elements before and after, per dimension.
pub(crate) fn paddings(node: &ParseContext<'_>) -> Result<Vec<[usize; 2]>> {
    let amounts = node
        .integers(1, "paddings")?
        .into_iter()
        .map(|n| usize::try_from(n).map_err(|_| Error::model(format!("a padding is {n}"))))
        .collect::<Result<Vec<_>>>()?;
    Ok(amounts.chunks_exact(2).map(|p| [p[0], p[1]]).collect())
}

impl Pad {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            name: "PAD",
            paddings: paddings(node)?,
            value: None,
        })
    }

    /// PAD by these amounts before and behind each dimension.
    pub(crate) fn with_zeros(paddings: Vec<[usize; 2]>) -> Self {
        Self {
            name: "PAD",
            paddings,
            value: None,
        }
    }

    /// PADV2, which pads with a constant.
    pub(crate) fn with_value(node: &ParseContext<'_>) -> Result<Self> {
        let value = node.input(2)?;
        let real = value
            .real()
            .and_then(|v| v.first().copied())
            .ok_or_else(|| Error::model("its value is computed at run time"))?;
        if value.element == ElementType::I32 && real.abs() > exact_int32::LARGEST as f32 {
            return Err(Error::model(format!(
                "its value is {real}; supported are integers up to {}",
                exact_int32::LARGEST
            )));
        }
        let quantized = match &value.constant {
            Some(Constant::I8(data)) => data.first().copied(),
            _ => None,
        };
        Ok(Self {
            name: "PADV2",
            paddings: paddings(node)?,
            value: Some(Fill { real, quantized }),
        })
    }

    /// Input sizes and paddings; neighbours without padding are one dimension.
    fn merged(&self, input: &[usize]) -> Vec<(usize, [usize; 2])> {
        let mut merged: Vec<(usize, [usize; 2])> = Vec::new();
        for (&n, &padding) in input.iter().zip(&self.paddings) {
            match merged.last_mut() {
                Some(last) if last.1 == [0; 2] && padding == [0; 2] => last.0 *= n,
                _ => merged.push((n, padding)),
            }
        }
        merged
    }
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits::moves_one()
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        if input.len() != self.paddings.len() || self.merged(input).len() > MAX_DIMS {
            return Err(Error::model(format!(
                "{} paddings for an input of shape {input:?}; up to {MAX_DIMS} dimensions are supported",
                self.paddings.len()
            )));
        }
        Ok(input
            .iter()
            .zip(&self.paddings)
            .map(|(n, [a, b])| n + a + b)
            .collect())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let fill = self.value.as_ref().map_or(0.0, |v| v.real);
        let input = operand(inputs, 0)?;
        let positions = positions::padded(input.shape(), &self.paddings);
        array(
            shape,
            positions::pick_f32(&contiguous(input), &positions, fill),
        )
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let merged = self.merged(&context.input(0)?.value.shape);
        let skip = MAX_DIMS - merged.len();
        let fill = match (context.target, &self.value) {
            (
                Target::I8(_) | Target::I16(_),
                Some(Fill {
                    quantized: Some(q), ..
                }),
            ) => f64::from(*q),
            (Target::I8(params), value) => {
                f64::from(params.quantize(value.as_ref().map_or(0.0, |v| v.real)))
            }
            (Target::I16(params), value) => {
                f64::from(params.quantize_i16(value.as_ref().map_or(0.0, |v| v.real)))
            }
            (_, value) => value.as_ref().map_or(0.0, |v| v.real.into()),
        };
        let mut kernel = PadKernel {
            input: [1; MAX_DIMS],
            paddings: [[0; 2]; MAX_DIMS],
            value: fill,
            element: context.target.element(),
            frame: None,
        };
        let input = &context.input(0)?.value.shape;
        if let (&[_, height, width, _], [[0, 0], rows, columns, [0, 0]]) =
            (input.as_slice(), self.paddings.as_slice())
        {
            kernel.frame = Some(Frame {
                input: [height, width],
                before: [rows[0], columns[0]],
                value: fill,
            });
        }
        for (d, (n, padding)) in merged.into_iter().enumerate() {
            kernel.input[skip + d] = n;
            kernel.paddings[skip + d] = padding;
        }
        Ok(Lowered::unary(kernel))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

struct PadKernel {
    input: [usize; MAX_DIMS],
    paddings: [[usize; 2]; MAX_DIMS],
    value: f64,
    element: ElementType,
    frame: Option<Frame>,
}

impl Kernel for PadKernel {
    fn role(&self) -> Role<'_> {
        self.frame.map_or(Role::Own, Role::Padding)
    }

    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let positions = positions::padded(&self.input, &self.paddings);
        inputs[0].pick(positions, self.value)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let input = literals::usizes(&self.input);
        let before = literals::usizes(&self.paddings.map(|p| p[0]));
        let after = literals::usizes(&self.paddings.map(|p| p[1]));
        let value = match self.element {
            ElementType::F32 => literals::float(self.value as f32),
            _ => literals::int(self.value as i32),
        };
        let element = literals::ident(self.element.name());
        Emitted {
            parameters_type: quote!(Pad<#element>),
            parameters: quote!(rt::Pad {
                input: [#input],
                before: [#before],
                after: [#after],
                value: #value,
            }),
            function: KernelId::new("pad"),
        }
    }
}
