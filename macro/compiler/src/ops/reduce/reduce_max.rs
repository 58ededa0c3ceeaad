//! REDUCE_MAX and REDUCE_MIN: an extreme over any axes; REDUCE_ANY and REDUCE_ALL
//! are those of 0 and 1.

use ndarray::{ArrayD, ArrayViewD};
use quote::quote;

use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, Saturation};
use crate::ir::operator_traits::{OperatorTraits, Origin};
use crate::ops::reduce::reduction::{Axes, Dims, outputs};
use crate::ops::shared::operands::operand;
use crate::tokens::constants::Constants;

pub(crate) struct ReduceMax {
    name: &'static str,
    axes: Axes,
    smallest: bool,
}

impl ReduceMax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        Self::new(node, "REDUCE_MAX", false)
    }

    pub(crate) fn new(node: &ParseContext<'_>, name: &'static str, smallest: bool) -> Result<Self> {
        Ok(Self {
            name,
            axes: Axes::parse(node)?,
            smallest,
        })
    }
}

impl Operator for ReduceMax {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(1),
            saturation: (!self.smallest).then_some(Saturation::BelowOutput),
            origin: Origin::Selected,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.axes
            .output_shape(inputs.first().copied().unwrap_or(&[]))
    }

    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>> {
        let input = operand(inputs, 0)?;
        self.axes.evaluate(input, shape, |x, axis| {
            if self.smallest {
                x.fold_axis(axis, f32::INFINITY, |a, b| a.min(*b))
            } else {
                x.fold_axis(axis, f32::NEG_INFINITY, |a, b| a.max(*b))
            }
        })
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(ExtremeKernel {
            dims: self.axes.dims(&context.input(0)?.value.shape)?,
            smallest: self.smallest,
        }))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

struct ExtremeKernel {
    dims: Dims,
    smallest: bool,
}

impl Kernel for ExtremeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let value = |i: usize| inputs[0].number(i);
        let mut best: Vec<Option<usize>> = vec![None; total];
        for (i, at) in outputs(&self.dims).enumerate() {
            let better = |b: usize| {
                if self.smallest {
                    value(i) < value(b)
                } else {
                    value(i) > value(b)
                }
            };
            if best[at].is_none_or(better) {
                best[at] = Some(i);
            }
        }
        inputs[0].pick(best.into_iter(), 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Reduce),
            parameters: crate::ops::reduce::reduction::emit(&self.dims),
            function: KernelId::new(if self.smallest {
                "reduce_min"
            } else {
                "reduce_max"
            }),
        }
    }
}
