//! REDUCE_MAX and REDUCE_MIN: an extreme over any axes; REDUCE_ANY and REDUCE_ALL
//! are those of 0 and 1.

use ndarray::{ArrayD, ArrayViewD, Axis};
use quote::quote;

use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::Saturation;
use crate::ir::operator_traits::{OperatorTraits, Origin};
use crate::ops::reduce::reducing::{Reduce, Reducing};
use crate::ops::reduce::reduction::{Axes, Dims, outputs};
use crate::tokens::constants::Constants;

/// The operator REDUCE_MAX: `max(x)` over some axes.
pub(crate) struct ReduceMax;

impl ReduceMax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Extreme>> {
        Extreme::parse(node, "REDUCE_MAX", false)
    }
}

/// The largest or the smallest of the elements, by the operator's name.
pub(crate) struct Extreme {
    name: &'static str,
    smallest: bool,
}

impl Extreme {
    pub(crate) fn parse(
        node: &ParseContext<'_>,
        name: &'static str,
        smallest: bool,
    ) -> Result<Reducing<Self>> {
        Reducing::parse(node, Self { name, smallest })
    }
}

impl Reduce for Extreme {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self, _: bool) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            saturation: (!self.smallest).then_some(Saturation::BelowOutput),
            origin: Origin::Selected,
            ..OperatorTraits::default()
        }
    }

    fn evaluate(&self, input: ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32> {
        if self.smallest {
            input.fold_axis(axis, f32::INFINITY, |a, b| a.min(*b))
        } else {
            input.fold_axis(axis, f32::NEG_INFINITY, |a, b| a.max(*b))
        }
    }

    fn lower(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        Ok(Lowered::unary(ExtremeKernel {
            dims: axes.dims(&context.input(0)?.value.shape)?,
            smallest: self.smallest,
        }))
    }

    fn lower_float(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        self.lower(context, axes)
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
        inputs[0].pick(best, 0.0)
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
