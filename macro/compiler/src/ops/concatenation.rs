//! CONCATENATION along one axis; all tensors share one scale.

use ndarray::{ArrayD, ArrayViewD, Axis};
use quote::quote;

use super::{
    Activation, Buffer, Emitted, Kernel, LowerContext, Lowered, Operator, ParseContext, QuantRule,
    Source, broadcast,
};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};

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

    fn evaluate(&self, inputs: &[Option<ArrayViewD<'_, f32>>], shape: &[usize]) -> ArrayD<f32> {
        let views: Vec<_> = inputs.iter().flatten().cloned().collect();
        self.axis(shape.len())
            .ok()
            .and_then(|axis| ndarray::concatenate(Axis(axis), &views).ok())
            .unwrap_or_else(|| ArrayD::zeros(shape))
    }

    fn rule(&self) -> QuantRule {
        QuantRule::SameAsAllInputs
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let output = context.output_params()?;
        let axis = self.axis(context.output.shape.len())?;
        let mut sources = Vec::new();
        let mut widths = Vec::new();
        for (i, operand) in context.inputs.iter().enumerate() {
            let shape = operand.as_ref().map_or(&[][..], |o| &o.value.shape);
            widths.push(shape[axis..].iter().product());
            let source = match (context.input(i)?.params, context.input(i)?.value.real()) {
                (None, Some(real)) => {
                    Source::Constant(real.iter().map(|&x| output.quantize(x)).collect())
                }
                _ => broadcast::operand(context, i)?.1,
            };
            sources.push(source);
        }
        Ok(Lowered {
            kernel: Box::new(ConcatenationKernel { widths }),
            sources,
        })
    }
}

/// `output` is rows of the inputs' rows, one after another.
struct ConcatenationKernel {
    /// Elements of one row of each input: axis and inner dimensions.
    widths: Vec<usize>,
}

impl Kernel for ConcatenationKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let rows = inputs[0].i8().len() / self.widths[0].max(1);
        let mut output = Vec::new();
        for row in 0..rows {
            for (input, &width) in inputs.iter().zip(&self.widths) {
                output.extend_from_slice(&input.i8()[row * width..][..width]);
            }
        }
        Buffer::I8(output)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let widths = emit::usizes(&self.widths);
        let count = self.widths.len();
        Emitted {
            parameters_type: quote!(Concatenation<#count>),
            parameters: quote!(rt::Concatenation { widths: [#widths] }),
            function: "concatenation",
        }
    }
}
