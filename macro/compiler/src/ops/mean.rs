//! MEAN over any axes.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use quote::quote;

use super::{Buffer, ChannelRole, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};
use crate::quantize::arithmetic::Multiplier;

/// Alternations of kept and reduced dimensions that the kernel loops over.
const MAX_DIMS: usize = 4;

pub(crate) struct Mean {
    axes: Vec<i32>,
    rank: usize,
    keep_dims: bool,
}

impl Mean {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_reducer_options();
        Ok(Self {
            axes: node.integers(1, "axes")?,
            rank: node.input(0)?.shape.len(),
            keep_dims: options.is_some_and(|o| o.keep_dims()),
        })
    }

    /// Which dimensions are averaged away.
    fn reduced(&self, rank: usize) -> Result<Vec<bool>> {
        let mut reduced = vec![false; rank];
        for &axis in &self.axes {
            let resolved = if axis < 0 { axis + rank as i32 } else { axis };
            let slot = usize::try_from(resolved)
                .ok()
                .and_then(|i| reduced.get_mut(i));
            *slot.ok_or_else(|| Error::model(format!("axis {axis} does not fit rank {rank}")))? =
                true;
        }
        Ok(reduced)
    }
}

impl Operator for Mean {
    fn name(&self) -> &'static str {
        "MEAN"
    }

    fn operands(&self) -> usize {
        1
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        let reduced = self.reduced(input.len())?;
        Ok(input
            .iter()
            .zip(reduced)
            .filter_map(|(&n, reduced)| match (reduced, self.keep_dims) {
                (true, false) => None,
                (true, true) => Some(1),
                _ => Some(n),
            })
            .collect())
    }

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        let Some(Some(input)) = inputs.first() else {
            return ArrayD::zeros(shape);
        };
        let mut mean = input.to_owned();
        if let Ok(reduced) = self.reduced(input.ndim()) {
            for (axis, _) in reduced
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, reduced)| **reduced)
            {
                mean = mean.mean_axis(ndarray::Axis(axis)).unwrap_or(mean);
            }
        }
        mean.into_shape_with_order(IxDyn(shape))
            .unwrap_or_else(|_| ArrayD::zeros(shape))
    }

    fn channels(&self) -> Option<ChannelRole> {
        // The last dimension must be kept.
        let reduced = self.reduced(self.rank).ok()?;
        (reduced.last() == Some(&false)).then_some(ChannelRole::Through)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.output_params()?);
        let shape = &context.input(0)?.value.shape;
        // Neighbouring dimensions of one kind are one loop.
        let mut merged: Vec<(usize, bool)> = Vec::new();
        for (&n, reduced) in shape.iter().zip(self.reduced(shape.len())?) {
            match merged.last_mut() {
                _ if n == 1 => {}
                Some(last) if last.1 == reduced => last.0 *= n,
                _ => merged.push((n, reduced)),
            }
        }
        if merged.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "its axes alternate more than {MAX_DIMS} times"
            )));
        }
        let mut dims = [(1, false); MAX_DIMS];
        dims[MAX_DIMS - merged.len()..].copy_from_slice(&merged);
        let count: usize = dims.iter().filter(|d| d.1).map(|d| d.0).product();
        let scale = Multiplier::new(f64::from(input.scale) / f64::from(output.scale));
        // The reference folds 1/count into the multiplier, keeping what bits it can.
        let shift = (count as u64)
            .ilog2()
            .min(32)
            .min((31 + scale.shift).max(0) as u32);
        let multiplier = (i64::from(scale.multiplier) << shift) / count as i64;
        Ok(Lowered::unary(MeanKernel {
            dims,
            // Sums are of q - zero_point.
            bias: (-(i64::from(input.zero_point) * count as i64)) as i32,
            output: Multiplier {
                multiplier: multiplier as i32,
                shift: scale.shift - shift as i32,
            },
            output_offset: output.zero_point,
        }))
    }
}

struct MeanKernel {
    /// Size and whether it is reduced, outermost first.
    dims: [(usize, bool); MAX_DIMS],
    bias: i32,
    output: Multiplier,
    output_offset: i32,
}

impl Kernel for MeanKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let outputs = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let mut sums = vec![self.bias; outputs];
        for (i, &q) in inputs[0].i8().iter().enumerate() {
            let (mut rest, mut at, mut stride) = (i, 0, 1);
            for &(size, reduced) in self.dims.iter().rev() {
                if !reduced {
                    at += rest % size * stride;
                    stride *= size;
                }
                rest /= size;
            }
            sums[at] = sums[at].wrapping_add(i32::from(q));
        }
        let finish =
            |sum| (self.output.apply(sum).wrapping_add(self.output_offset)).clamp(-128, 127) as i8;
        Buffer::I8(sums.into_iter().map(finish).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = emit::usizes(&self.dims.map(|d| d.0));
        let reduced = self.dims.map(|d| d.1);
        let bias = emit::int(self.bias);
        let output = emit::multiplier(self.output);
        let offset = emit::int(self.output_offset);
        Emitted {
            parameters_type: quote!(Mean),
            parameters: quote!(rt::Mean {
                dims: [#sizes],
                reduced: [#(#reduced),*],
                bias: #bias,
                output_multiplier: #output,
                output_offset: #offset,
            }),
            function: "mean",
        }
    }
}
