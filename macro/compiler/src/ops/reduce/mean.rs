//! MEAN over any axes, and the int32 sums that SUM shares.

use ndarray::{ArrayD, ArrayViewD, Axis};
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Channelwise, Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::ChannelRole;
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::reduce::mean_f32::MeanF32Kernel;
use crate::ops::reduce::reducing::{Reduce, Reducing};
use crate::ops::reduce::reduction::{Axes, Dims, Integers, IntegersKernel, count, outputs};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator MEAN: `sum(x) / n` over some axes.
pub(crate) struct Mean;

impl Mean {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Self>> {
        Reducing::parse(node, Self)
    }
}

impl Reduce for Mean {
    fn name(&self) -> &'static str {
        "MEAN"
    }

    fn traits(&self, keeps_channels: bool) -> OperatorTraits {
        OperatorTraits {
            channels: keeps_channels.then_some(ChannelRole::Through),
            ..OperatorTraits::default()
        }
    }

    fn evaluate(&self, input: ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32> {
        input.mean_axis(axis).unwrap_or_else(|| input.to_owned())
    }

    fn lower(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        if context.target == Target::I32 {
            return IntegersKernel::lower(context, axes, Integers::Mean);
        }
        SumKernel::lower(context, axes, true)
    }

    fn lower_float(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        let dims = axes.dims(&context.input(0)?.value.shape)?;
        let factor = 1.0 / count(&dims) as f32;
        Ok(Lowered::unary(MeanF32Kernel { dims, factor }))
    }
}

#[derive(Clone)]
pub(crate) struct SumKernel {
    dims: Dims,
    bias: i32,
    output: Multiplier,
    output_offset: i32,
    element: ElementType,
}

impl SumKernel {
    pub(crate) fn lower(context: &LowerContext<'_>, axes: &Axes, mean: bool) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        let dims = axes.dims(&context.input(0)?.value.shape)?;
        let count = count(&dims);
        let mut scale = Multiplier::new(f64::from(input.scale) / f64::from(output.scale));
        if mean {
            // The reference folds 1/count into the multiplier, keeping what bits it can.
            let shift = (count as u64)
                .ilog2()
                .min(32)
                .min((31 + scale.shift).max(0) as u32);
            let multiplier = (i64::from(scale.multiplier) << shift) / count as i64;
            scale = Multiplier {
                multiplier: multiplier as i32,
                shift: scale.shift - shift as i32,
            };
        }
        Ok(Lowered::unary(Self {
            dims,
            // Sums are of q - zero_point.
            bias: (-(i64::from(input.zero_point) * count as i64)) as i32,
            output: scale,
            output_offset: output.zero_point,
            element: context.target.element(),
        }))
    }
}

impl Kernel for SumKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let mut sums = vec![self.bias; total];
        for (i, at) in outputs(&self.dims).enumerate() {
            sums[at] = sums[at].wrapping_add(inputs[0].integer(i));
        }
        let finish = |sum| self.output.apply(sum).wrapping_add(self.output_offset);
        Buffer::saturated(self.element, sums.into_iter().map(finish))
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        // The multiplier is below 1: larger sums are never less.
        let grows = self.output.shift <= 0 && self.output.multiplier >= 0;
        let keeps_channels = self.dims.last().is_some_and(|d| !d.1);
        (grows && keeps_channels && self.element == ElementType::I8).then_some(self)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::usizes(&self.dims.map(|d| d.0));
        let reduced = self.dims.map(|d| d.1);
        let bias = literals::int(self.bias);
        let output = literals::multiplier(self.output);
        let offset = literals::int(self.output_offset);
        Emitted {
            parameters_type: quote!(Mean),
            parameters: quote!(rt::Mean {
                dims: [#sizes],
                reduced: [#(#reduced),*],
                bias: #bias,
                output_multiplier: #output,
                output_offset: #offset,
            }),
            function: KernelId::new("mean"),
        }
    }
}

impl Channelwise for SumKernel {
    fn depth(&self) -> Option<usize> {
        self.dims.last().map(|d| d.0)
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        let input = operands.first()?;
        if !self.depth()?.is_multiple_of(input.len().max(1)) {
            return None;
        }
        let count = count(&self.dims) as i64;
        let output = |x: i32| {
            let sum = i32::try_from(count * i64::from(x) + i64::from(self.bias)).ok()?;
            let q = self.output.apply(sum).saturating_add(self.output_offset);
            Some(q.clamp(-128, 127))
        };
        let of = |range: &IntRange| {
            Some(IntRange {
                min: output(range.min)?,
                max: output(range.max)?,
            })
        };
        input.iter().map(of).collect()
    }

    fn with(&self, _: &Channels, output: &Channels) -> Box<dyn Kernel> {
        let mut fewer = self.clone();
        if let Some(last) = fewer.dims.last_mut() {
            last.0 = output.of(last.0);
        }
        Box::new(fewer)
    }
}
