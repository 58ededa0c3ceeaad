//! CAST between real, integer and bool tensors.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use super::table::TableKernel;
use super::{
    Buffer, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext, Target, owned, strided,
};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};
use crate::graph::{ElementType, QuantParams};
use crate::quantize::arithmetic::Multiplier;

pub(crate) struct Cast {
    from: ElementType,
    to: ElementType,
}

impl Cast {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Ok(Self {
            from: node.input(0)?.element,
            to: node.output,
        })
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

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        owned(inputs.first(), shape).mapv(|x| self.real(x))
    }

    fn reads_reals(&self) -> bool {
        !self.to.is_real()
    }

    fn makes_reals(&self) -> bool {
        !self.from.is_real()
    }

    fn takes_integers(&self, _: usize) -> bool {
        !self.from.is_real()
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(match context.element(0)? {
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
        let unit = QuantParams {
            scale: 1.0,
            zero_point: 0,
        };
        let len = context.output.len();
        Ok(match (context.element(0)?, context.target) {
            (ElementType::I32, Target::I32) => Lowered::unary(strided::StridedKernel::copy(len)),
            (ElementType::I32, Target::I8(output)) => Lowered::unary(FromI32Kernel {
                factor: Multiplier::new(1.0 / f64::from(output.scale)),
                offset: output.zero_point,
            }),
            (ElementType::I8, target) => {
                let input = context.input(0)?.params.unwrap_or(unit);
                let real = |q: i32| self.real(input.scale * (q - input.zero_point) as f32);
                match target {
                    Target::I32 => Lowered::unary(ToI32Kernel {
                        table: (-128..128).map(|q| real(q) as i32).collect(),
                    }),
                    Target::I8(output) => {
                        Lowered::unary(TableKernel::new(|q| output.quantize(real(q)).into()))
                    }
                    Target::Bool => Lowered::unary(TableKernel::new(|q| (real(q) != 0.0).into())),
                    _ => return Err(Error::model("cannot cast to this type")),
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
            function: self.runtime,
        }
    }
}

/// Int8 to int32, by a table.
struct ToI32Kernel {
    table: Vec<i32>,
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
            function: "to_i32",
        }
    }
}

/// Int32 to int8 of some scale.
struct FromI32Kernel {
    factor: Multiplier,
    offset: i32,
}

impl Kernel for FromI32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        // More saturates, too, and must not leave 32 bits on the way.
        let largest = i32::MAX >> self.factor.shift.clamp(0, 30);
        let narrow = |&x: &i32| {
            let x = x.clamp(-largest, largest);
            let q = self.factor.apply(x).saturating_add(self.offset);
            q.clamp(-128, 127) as i8
        };
        Buffer::I8(inputs[0].i32().iter().map(narrow).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let (multiplier, offset) = (emit::multiplier(self.factor), emit::int(self.offset));
        Emitted {
            parameters_type: quote!(FromI32),
            parameters: quote!(rt::FromI32 { multiplier: #multiplier, offset: #offset }),
            function: "from_i32",
        }
    }
}
