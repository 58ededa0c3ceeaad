//! CONCATENATION along one axis; all tensors share one scale.

use ndarray::{ArrayD, Axis};
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, Target};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Role, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::lookup_table::TableKernel;
use crate::ops::shared::operands::operands;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator CONCATENATION along one axis; all tensors share one scale.
pub(crate) struct Concatenation {
    axis: i32,
}

impl Concatenation {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_concatenation_options()
            .ok_or_else(|| Error::model("it has no ConcatenationOptions"))?;
        if Activation::parse(options.fused_activation_function())? != Activation::None {
            return Err(Error::model("a fused activation is not supported here"));
        }
        Ok(Self {
            axis: options.axis(),
        })
    }

    pub(crate) fn along(axis: i32) -> Self {
        Self { axis }
    }

    fn axis(&self, rank: usize) -> Result<usize> {
        let axis = if self.axis < 0 {
            self.axis + rank as i32
        } else {
            self.axis
        };
        usize::try_from(axis)
            .ok()
            .filter(|&a| a < rank)
            .ok_or_else(|| Error::model(format!("axis {} does not fit rank {rank}", self.axis)))
    }
}

impl Operator for Concatenation {
    fn name(&self) -> &'static str {
        "CONCATENATION"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsAllInputs,
            takes_unsigned: true,
            ignores_empty: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let Some(first) = inputs.first() else {
            return Err(Error::model("it has no inputs"));
        };
        let axis = self.axis(first.len())?;
        let mut shape = first.to_vec();
        for input in &inputs[1..] {
            let fits = input.len() == first.len()
                && input
                    .iter()
                    .zip(*first)
                    .enumerate()
                    .all(|(i, (a, b))| i == axis || a == b);
            if !fits {
                return Err(Error::model(format!(
                    "{input:?} does not fit {first:?} beside axis {axis}"
                )));
            }
            shape[axis] += input[axis];
        }
        Ok(shape)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let views = operands(inputs)?;
        let axis = self.axis(shape.len())?;
        ndarray::concatenate(Axis(axis), &views).map_err(Error::internal)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let axis = self.axis(context.output.shape.len())?;
        lower(context, |shape| shape[axis..].iter().product())
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Rows of all operands side by side; `width` is the length of an operand's row.
pub(crate) fn lower(
    context: &LowerContext<'_>,
    width: impl Fn(&[usize]) -> usize,
) -> Result<Lowered> {
    let mut sources = Vec::new();
    let mut widths = Vec::new();
    let first = &context.input(0)?.value.shape;
    let is_one_row = width(first) == first.iter().product::<usize>();
    let element_bytes = context.target.element().bytes();
    for i in 0..context.inputs.len() {
        widths.push(width(&context.input(i)?.value.shape));
        sources.push(operand(context, i)?);
    }
    let kernel = ConcatenationKernel {
        widths,
        is_one_row,
        element_bytes,
    };
    Ok(Lowered::new(kernel, sources))
}

/// Operand `i`; constants of uint8 have scales of their own.
fn operand(context: &LowerContext<'_>, i: usize) -> Result<Source> {
    let source = crate::ir::context::constant_source(context, i)?;
    let own = context.input(i)?.value.params();
    Ok(match (source, own, context.target) {
        (Source::Constant(data), Some(own), Target::I8(output))
            if context.in_uint8 && own != output =>
        {
            let table = TableKernel::concatenated_uint8(own, output);
            Source::Constant(table.simulate(&[&data]))
        }
        (source, ..) => source,
    })
}

/// `output` is rows of the inputs' rows, one after another.
struct ConcatenationKernel {
    /// Elements of one row of each input: axis and inner dimensions.
    widths: Vec<usize>,
    is_one_row: bool,
    element_bytes: usize,
}

impl Kernel for ConcatenationKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let rows = inputs[0].len() / self.widths[0].max(1);
        // All inputs one behind the other, then row by row.
        let begins: Vec<usize> = inputs
            .iter()
            .scan(0, |at, input| {
                *at += input.len();
                Some(*at - input.len())
            })
            .collect();
        let whole = inputs[1..]
            .iter()
            .fold(inputs[0].clone(), |all, next| all.joined(next));
        let positions = (0..rows).flat_map(|row| {
            begins
                .iter()
                .zip(&self.widths)
                .flat_map(move |(&begin, &width)| {
                    (0..width).map(move |i| Some(begin + row * width + i))
                })
        });
        whole.pick(positions, 0.0)
    }

    fn role(&self) -> Role<'_> {
        Role::Concatenation {
            widths: &self.widths,
            element_bytes: self.element_bytes,
            is_one_row: self.is_one_row,
        }
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let widths = literals::usizes(&self.widths);
        let count = self.widths.len();
        Emitted {
            parameters_type: quote!(Concatenation<#count>),
            parameters: quote!(rt::Concatenation { widths: [#widths] }),
            function: KernelId::gathering("concatenation"),
        }
    }
}
