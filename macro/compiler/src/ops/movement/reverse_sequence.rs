//! REVERSE_SEQUENCE: the first elements of every sequence backwards, as many as an
//! operand says.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, constant_source};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::axis;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator REVERSE_SEQUENCE: the first elements of every sequence backwards, as many as an
/// operand says.
pub(crate) struct ReverseSequence {
    sequence: i32,
    batch: i32,
}

impl ReverseSequence {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_reverse_sequence_options();
        let options = options.ok_or_else(|| Error::model("it has no ReverseSequenceOptions"))?;
        Ok(Self {
            sequence: options.seq_dim(),
            batch: options.batch_dim(),
        })
    }

    fn kernel(&self, input: &[usize], lengths: &[usize]) -> Result<ReverseSequenceKernel> {
        let sequence = axis(self.sequence, input.len())?;
        let batch = axis(self.batch, input.len())?;
        if sequence == batch || lengths != [input[batch]] {
            return Err(Error::model(format!(
                "lengths of shape {lengths:?} for sequences along {sequence} and batches along \
                 {batch} of {input:?}"
            )));
        }
        let (first, second) = (sequence.min(batch), sequence.max(batch));
        Ok(ReverseSequenceKernel {
            outer: input[..first].iter().product(),
            first: input[first],
            middle: input[first + 1..second].iter().product(),
            second: input[second],
            inner: input[second + 1..].iter().product(),
            sequence_first: sequence < batch,
        })
    }
}

impl Operator for ReverseSequence {
    fn name(&self) -> &'static str {
        "REVERSE_SEQUENCE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            integer_operands: IntegerOperands::One(1),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[input, lengths] = inputs else {
            return Err(Error::model("it needs an input and lengths"));
        };
        self.kernel(input, lengths)?;
        Ok(input.to_vec())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (input, lengths) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = self.kernel(shape, lengths.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        let lengths = Buffer::I32(lengths.iter().map(|&x| x as i32).collect());
        let out = kernel.simulate(&[&data, &lengths]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let kernel = self.kernel(shape(0)?, shape(1)?)?;
        let data = constant_source(context, 0)?;
        Ok(Lowered::new(kernel, vec![data, Source::Operand(1)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Lengths beyond the dimension are the whole of it.
struct ReverseSequenceKernel {
    outer: usize,
    first: usize,
    middle: usize,
    second: usize,
    inner: usize,
    /// Sequences lie along `first`, batches along `second`; else the other way round.
    sequence_first: bool,
}

impl Kernel for ReverseSequenceKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let lengths = inputs[1].i32();
        let total = self.outer * self.first * self.middle * self.second * self.inner;
        let positions = (0..total).map(|i| {
            let (rest, inner) = (i / self.inner, i % self.inner);
            let (rest, second) = (rest / self.second, rest % self.second);
            let (rest, middle) = (rest / self.middle, rest % self.middle);
            let (outer, first) = (rest / self.first, rest % self.first);
            let source = |batch: usize, at: usize, size: usize| {
                let length = usize::try_from(lengths[batch]).unwrap_or(0).min(size);
                if at < length { length - 1 - at } else { at }
            };
            let (first, second) = if self.sequence_first {
                (source(second, first, self.first), second)
            } else {
                (first, source(first, second, self.second))
            };
            let row = ((outer * self.first + first) * self.middle + middle) * self.second + second;
            Some(row * self.inner + inner)
        });
        inputs[0].pick(positions, 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::fields(&[
            ("outer", self.outer),
            ("first", self.first),
            ("middle", self.middle),
            ("second", self.second),
            ("inner", self.inner),
        ]);
        let sequence_first = self.sequence_first;
        Emitted {
            parameters_type: quote!(ReverseSequence),
            parameters: quote!(rt::ReverseSequence { #sizes sequence_first: #sequence_first }),
            function: KernelId::new("reverse_sequence"),
        }
    }
}
