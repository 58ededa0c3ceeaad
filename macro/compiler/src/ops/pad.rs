//! PAD with zeros, in up to 4 dimensions.

use ndarray::{ArrayD, ArrayViewD, Slice};
use quote::quote;

use super::{Buffer, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext, QuantRule};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};

/// Dimensions that the kernel loops over.
const MAX_DIMS: usize = 4;

pub(crate) struct Pad {
    /// Elements before and after, per dimension.
    paddings: Vec<[usize; 2]>,
}

impl Pad {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let amounts = node
            .integers(1, "paddings")?
            .into_iter()
            .map(|n| usize::try_from(n).map_err(|_| Error::model(format!("a padding is {n}"))))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            paddings: amounts.chunks_exact(2).map(|p| [p[0], p[1]]).collect(),
        })
    }
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        "PAD"
    }

    fn operands(&self) -> usize {
        1
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        if input.len() != self.paddings.len() || input.len() > MAX_DIMS {
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

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        let mut output = ArrayD::zeros(shape);
        if let Some(Some(input)) = inputs.first() {
            output
                .slice_each_axis_mut(|axis| {
                    let i = axis.axis.index();
                    let before = self.paddings[i][0];
                    Slice::from(before..before + input.shape()[i])
                })
                .assign(input);
        }
        output
    }

    fn rule(&self) -> QuantRule {
        QuantRule::SameAsInput
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let input = &context.input(0)?.value.shape;
        let skip = MAX_DIMS - input.len();
        let mut kernel = PadKernel {
            input: [1; MAX_DIMS],
            paddings: [[0; 2]; MAX_DIMS],
            value: context.output_params()?.zero_point as i8,
        };
        kernel.input[skip..].copy_from_slice(input);
        kernel.paddings[skip..].copy_from_slice(&self.paddings);
        Ok(Lowered::unary(kernel))
    }
}

struct PadKernel {
    input: [usize; MAX_DIMS],
    paddings: [[usize; 2]; MAX_DIMS],
    value: i8,
}

impl Kernel for PadKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let output: Vec<usize> = (0..MAX_DIMS)
            .map(|d| self.input[d] + self.paddings[d][0] + self.paddings[d][1])
            .collect();
        let mut data = vec![self.value; output.iter().product()];
        for (i, &q) in inputs[0].i8().iter().enumerate() {
            let (mut rest, mut at, mut stride) = (i, 0, 1);
            for d in (0..MAX_DIMS).rev() {
                at += (rest % self.input[d] + self.paddings[d][0]) * stride;
                rest /= self.input[d];
                stride *= output[d];
            }
            data[at] = q;
        }
        Buffer::I8(data)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let input = emit::usizes(&self.input);
        let before = emit::usizes(&self.paddings.map(|p| p[0]));
        let after = emit::usizes(&self.paddings.map(|p| p[1]));
        let value = emit::int(i32::from(self.value));
        Emitted {
            parameters_type: quote!(Pad),
            parameters: quote!(rt::Pad {
                input: [#input],
                before: [#before],
                after: [#after],
                value: #value,
            }),
            function: "pad",
        }
    }
}
