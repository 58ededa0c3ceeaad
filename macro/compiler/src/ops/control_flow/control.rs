//! What is left of IF and WHILE when their subgraphs have become regions of the program: IF
//! chooses between the results of its branches, WHILE hands its variables on.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, QuantRule, Target, constant_source};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{ControlRole, IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::operand;
use crate::ops::shared::strided::StridedKernel;
use crate::tokens::constants::Constants;

/// The result of the branch that has run: operands are the condition and both.
pub(crate) struct Merge;

/// The content of a loop's variable for its first round, or for the next one.
pub(crate) struct Carry;

impl Operator for Merge {
    fn name(&self) -> &'static str {
        "IF"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsAllInputs,
            integer_operands: IntegerOperands::One(0),
            control: Some(ControlRole::Merge),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [_, a, b] if a == b => Ok(a.to_vec()),
            _ => Err(Error::model("its branches give different shapes")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        let is_true = operand(inputs, 0)?.first().is_some_and(|&c| c != 0.0);
        Ok(operand(inputs, if is_true { 1 } else { 2 })?.to_owned())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let sources = vec![Source::Operand(0), source(context, 1)?, source(context, 2)?];
        Ok(Lowered::new(MergeKernel, sources))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

impl Operator for Carry {
    fn name(&self) -> &'static str {
        "WHILE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsAllInputs,
            control: Some(ControlRole::Carry),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().copied().unwrap_or_default().to_vec())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        Ok(operand(inputs, 0)?.to_owned())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let kernel = StridedKernel::copy(context.output.len());
        Ok(Lowered::new(kernel, vec![source(context, 0)?]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// An operand in the output's element type and scale.
fn source(context: &LowerContext<'_>, i: usize) -> Result<Source> {
    let value = context.input(i)?.value;
    let Some(params) = context.target.params() else {
        return constant_source(context, i);
    };
    // A constant of a float model may have a scale of its own.
    let real = value.constant.is_some().then(|| value.real()).flatten();
    match real.filter(|_| value.params() != Some(params)) {
        None => constant_source(context, i),
        Some(real) => Ok(Source::Constant(match context.target {
            Target::I16(params) => {
                Buffer::I16(real.iter().map(|&x| params.quantize_i16(x)).collect())
            }
            _ => Buffer::I8(real.iter().map(|&x| params.quantize(x)).collect()),
        })),
    }
}

struct MergeKernel;

impl Kernel for MergeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        inputs[if inputs[0].is_true() { 1 } else { 2 }].clone()
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Merge),
            parameters: quote!(rt::Merge),
            function: KernelId::new("merge"),
        }
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        match input {
            1 => Some(KernelId::new("merge_into_first")),
            2 => Some(KernelId::new("merge_into_second")),
            _ => None,
        }
    }
}
