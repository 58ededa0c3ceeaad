//! CAST between real, integer and bool tensors.

use ndarray::ArrayD;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::owned;
use crate::ops::shared::requantize::RequantizeKernel;
use crate::ops::shared::strided;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator CAST between real, integer and bool tensors.
pub(crate) struct Cast {
    from: ElementType,
    to: ElementType,
    /// The input is int8, uint8 or int16 in the file: its integers are cast, whatever
    /// they stand for.
    raw: Option<Raw>,
}

/// What stands between real values and the file's integers.
#[derive(Clone, Copy)]
struct Raw {
    params: QuantParams,
    /// From integers as the program holds them to the file's.
    offset: i32,
}

const UNIT: QuantParams = QuantParams {
    scale: 1.0,
    zero_point: 0,
};

impl Cast {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let input = node.input(0)?;
        let is_raw = matches!(input.element, ElementType::I8 | ElementType::I16);
        Ok(Self {
            from: input.element,
            to: node.output,
            raw: is_raw.then(|| Raw {
                params: input.params().unwrap_or(UNIT),
                offset: if input.unsigned { 128 } else { 0 },
            }),
        })
    }

    /// The number that becomes `q`, an integer as the program holds it, of these params.
    fn number(&self, q: i32, params: QuantParams) -> f32 {
        match self.raw {
            Some(raw) => self.real(q.wrapping_add(raw.offset) as f32),
            None => self.real(params.scale * q.wrapping_sub(params.zero_point) as f32),
        }
    }

    /// The reference stores integers in an int8, uint8 or int16 output, whatever its scale says;
    /// only with scale 1 and zero point 0 do they stand for themselves.
    fn check_output(&self, context: &LowerContext<'_>) -> Result<()> {
        let is_small = matches!(
            self.to,
            ElementType::I8 | ElementType::U8 | ElementType::I16
        );
        let zero_point = if context.output.unsigned { -128 } else { 0 };
        match context.target.params() {
            Some(QuantParams {
                scale,
                zero_point: z,
            }) if is_small && (scale != 1.0 || z != zero_point) => Err(Error::model(
                "its output is a small integer with a scale, which TensorFlow Lite ignores; \
                     leave the scale out, or cast to float32 and quantize",
            )),
            _ => Ok(()),
        }
    }

    fn real(&self, x: f32) -> f32 {
        match (self.from, self.to) {
            (_, ElementType::Bool) => f32::from(u8::from(x != 0.0)),
            (ElementType::F32, ElementType::I32) => x.trunc(),
            _ => x,
        }
    }
}

impl Operator for Cast {
    fn name(&self) -> &'static str {
        "CAST"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            integer_operands: if self.from.is_real() {
                IntegerOperands::None
            } else {
                IntegerOperands::All
            },
            reads_reals: !self.to.is_real(),
            takes_unsigned: true,
            makes_reals: !self.from.is_real(),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        Ok(owned(inputs, 0)?.mapv(|x| match self.raw {
            Some(Raw { params, offset }) => {
                let q = (x / params.scale).round() + (params.zero_point + offset) as f32;
                self.real(q)
            }
            None => self.real(x),
        }))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(match context.element(0)? {
            ElementType::I32 if self.from == ElementType::U32 => Lowered::unary(ElementKernel {
                runtime: "f32_from_u32",
                convert: |x| Buffer::F32(x.i32().iter().map(|&x| x as u32 as f32).collect()),
            }),
            ElementType::I32 => Lowered::unary(ElementKernel {
                runtime: "f32_from_i32",
                convert: |x| Buffer::F32(x.i32().iter().map(|&x| x as f32).collect()),
            }),
            ElementType::I8 => Lowered::unary(ElementKernel {
                runtime: "f32_from_bool",
                convert: |x| Buffer::F32(x.i8().iter().map(|&x| x.into()).collect()),
            }),
            _ => Lowered::unary(strided::StridedKernel::copy(context.output.len())),
        })
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let len = context.output.len();
        self.check_output(context)?;
        if self.to == ElementType::U32 && self.from.is_real() && self.raw.is_none() {
            return Err(Error::model("cannot cast float32 to uint32"));
        }
        Ok(match (context.element(0)?, context.target) {
            (ElementType::I32, Target::I32) => Lowered::unary(strided::StridedKernel::copy(len)),
            (ElementType::I32, Target::I8(output)) => Lowered::unary(FromI32Kernel {
                factor: Multiplier::new(1.0 / f64::from(output.scale)),
                offset: output.zero_point,
                unsigned: self.from == ElementType::U32,
            }),
            (ElementType::I8, target) => {
                let input = context.input(0)?.params.unwrap_or(UNIT);
                let real = |q: i32| self.number(q, input);
                match target {
                    Target::I32 => Lowered::unary(ToI32Kernel {
                        table: (-128..128).map(|q| real(q) as i32).collect(),
                    }),
                    Target::I8(output) => {
                        Lowered::unary(TableKernel::new(|q| output.quantize(real(q)).into()))
                    }
                    Target::Bool => Lowered::unary(TableKernel::new(|q| (real(q) != 0.0).into())),
                    Target::I16(output) => {
                        let kernel = RequantizeKernel::new(
                            QuantParams {
                                zero_point: -self.raw.map_or(0, |raw| raw.offset),
                                ..UNIT
                            },
                            output,
                            ElementType::I16,
                            Activation::None,
                        );
                        Lowered::unary(kernel)
                    }
                    Target::F32 => return Err(Error::model("cannot cast to this type")),
                }
            }
            (ElementType::F32, Target::I32) => Lowered::unary(ElementKernel {
                runtime: "i32_from_f32",
                convert: |x| Buffer::I32(x.f32().iter().map(|&x| x as i32).collect()),
            }),
            (ElementType::F32, Target::Bool) => Lowered::unary(ElementKernel {
                runtime: "bool_from_f32",
                convert: |x| Buffer::I8(x.f32().iter().map(|&x| i8::from(x != 0.0)).collect()),
            }),
            // To int32 as it is, to other scales as a float would be quantized.
            (ElementType::I16, target @ (Target::I32 | Target::I16(_) | Target::I8(_))) => {
                let to = target.params().unwrap_or(UNIT);
                let element = target.element();
                Lowered::unary(RequantizeKernel::new(UNIT, to, element, Activation::None))
            }
            (from, to) => {
                return Err(Error::model(format!(
                    "cannot cast {} to {}",
                    from.name(),
                    to.element().name()
                )));
            }
        })
    }
}

/// One element type to another, f32 on one side.
struct ElementKernel {
    runtime: &'static str,
    convert: fn(&Buffer) -> Buffer,
}

impl Kernel for ElementKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        (self.convert)(inputs[0])
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Port),
            parameters: quote!(rt::Port),
            function: KernelId::new(self.runtime),
        }
    }
}

/// Int8 to int32, by a table.
pub(crate) struct ToI32Kernel {
    pub table: Vec<i32>,
}

impl Kernel for ToI32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let lookup = |&q: &i8| self.table[usize::from((q as u8) ^ 0x80)];
        Buffer::I32(inputs[0].i8().iter().map(lookup).collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let table = constants.words("TABLE", &self.table);
        Emitted {
            parameters_type: quote!(ToI32<'static>),
            parameters: quote!(rt::ToI32 { table: #table }),
            function: KernelId::new("to_i32"),
        }
    }
}

/// Int32 to int8 of some scale.
struct FromI32Kernel {
    factor: Multiplier,
    offset: i32,
    /// The input is uint32, not int32.
    unsigned: bool,
}

impl Kernel for FromI32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        // More saturates, too, and must not leave 32 bits on the way.
        let largest = i32::MAX >> self.factor.shift.clamp(0, 30);
        let narrow = |&x: &i32| {
            let x = if self.unsigned && x < 0 { largest } else { x };
            let x = x.clamp(-largest, largest);
            let q = self.factor.apply(x).saturating_add(self.offset);
            q.clamp(-128, 127) as i8
        };
        Buffer::I8(inputs[0].i32().iter().map(narrow).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let (multiplier, offset) = (
            literals::multiplier(self.factor),
            literals::int(self.offset),
        );
        Emitted {
            parameters_type: quote!(FromI32),
            parameters: quote!(rt::FromI32 { multiplier: #multiplier, offset: #offset }),
            function: KernelId::new(if self.unsigned {
                "from_u32_scaled"
            } else {
                "from_i32"
            }),
        }
    }
}
