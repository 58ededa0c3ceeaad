//! SEGMENT_SUM and the UNSORTED_SEGMENT operators: slices that have the same number become
//! one; always in f32.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, constant_source};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{Arithmetic, IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// How the slices of a segment become one.
#[derive(Clone, Copy, PartialEq)]
enum Combine {
    Sum,
    Product,
    Max,
    Min,
}

impl Combine {
    /// What a segment without slices is.
    fn empty(self) -> f32 {
        match self {
            Combine::Sum => 0.0,
            Combine::Product => 1.0,
            Combine::Max => f32::MIN,
            Combine::Min => f32::MAX,
        }
    }

    fn of(self, a: f32, b: f32) -> f32 {
        match self {
            Combine::Sum => a + b,
            Combine::Product => a * b,
            Combine::Max => a.max(b),
            Combine::Min => a.min(b),
        }
    }

    fn runtime(self) -> &'static str {
        match self {
            Combine::Sum => "segment_sum",
            Combine::Product => "segment_product",
            Combine::Max => "segment_max",
            Combine::Min => "segment_min",
        }
    }
}

pub(crate) struct Segments {
    name: &'static str,
    combine: Combine,
    segments: usize,
}

/// Operand `i`, the number of segments.
fn unsorted(node: &ParseContext<'_>, name: &'static str, combine: Combine) -> Result<Segments> {
    let stated = node.integers(2, "number of segments")?;
    let segments = stated.first().and_then(|&n| usize::try_from(n).ok());
    let segments = segments
        .filter(|n| (1..1 << 24).contains(n))
        .ok_or_else(|| Error::model(format!("its number of segments is {stated:?}")))?;
    Ok(Segments {
        name,
        combine,
        segments,
    })
}

/// The operator SEGMENT_SUM and the UNSORTED_SEGMENT operators: slices that have the same number
/// become one; always in f32.
pub(crate) struct SegmentSum;

impl SegmentSum {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Segments> {
        let ids = node.integers(1, "segment ids")?;
        let last = ids.last().copied().unwrap_or(0);
        if !ids.is_sorted() || ids.iter().any(|&id| id < 0) || last >= 1 << 24 {
            return Err(Error::model("its segment ids are not in order"));
        }
        Ok(Segments {
            name: "SEGMENT_SUM",
            combine: Combine::Sum,
            segments: last as usize + 1,
        })
    }
}

pub(crate) struct UnsortedSegmentSum;

impl UnsortedSegmentSum {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Segments> {
        unsorted(node, "UNSORTED_SEGMENT_SUM", Combine::Sum)
    }
}

pub(crate) struct UnsortedSegmentProd;

impl UnsortedSegmentProd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Segments> {
        unsorted(node, "UNSORTED_SEGMENT_PROD", Combine::Product)
    }
}

pub(crate) struct UnsortedSegmentMax;

impl UnsortedSegmentMax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Segments> {
        unsorted(node, "UNSORTED_SEGMENT_MAX", Combine::Max)
    }
}

pub(crate) struct UnsortedSegmentMin;

impl UnsortedSegmentMin {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Segments> {
        unsorted(node, "UNSORTED_SEGMENT_MIN", Combine::Min)
    }
}

impl Segments {
    fn kernel(&self, inputs: &[&[usize]]) -> Result<SegmentKernel> {
        match inputs {
            [data, ids] if data.starts_with(ids) => Ok(SegmentKernel {
                segments: self.segments,
                inner: data[ids.len()..].iter().product(),
                combine: self.combine,
            }),
            _ => Err(Error::model(format!(
                "its operands have the shapes {inputs:?}, but the first does not begin with the second"
            ))),
        }
    }
}

impl Operator for Segments {
    fn name(&self) -> &'static str {
        self.name
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(2),
            integer_operands: IntegerOperands::One(1),
            arithmetic: Arithmetic::FloatOnly,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        self.kernel(inputs)?;
        Ok([&[self.segments], &inputs[0][inputs[1].len()..]].concat())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (data, ids) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = self.kernel(&[data.shape(), ids.shape()])?;
        let data = Buffer::F32(data.iter().copied().collect());
        let ids = Buffer::I32(ids.iter().map(|&x| x as i32).collect());
        array(shape, kernel.simulate(&[&data, &ids]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower_float(context)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if !context.input(0)?.value.element.is_real() {
            return Err(Error::model(
                "its data are integers; supported are real numbers",
            ));
        }
        let shape = |i: usize| Ok::<_, Error>(context.input(i)?.value.shape.as_slice());
        let kernel = self.kernel(&[shape(0)?, shape(1)?])?;
        let data = constant_source(context, 0)?;
        Ok(Lowered::new(kernel, vec![data, Source::Operand(1)]))
    }
}

/// Numbers outside of the segments are left out.
struct SegmentKernel {
    segments: usize,
    /// How many elements a slice has.
    inner: usize,
    combine: Combine,
}

impl Kernel for SegmentKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut output = vec![self.combine.empty(); self.segments * self.inner];
        let slices = inputs[0].f32().chunks(self.inner.max(1));
        for (slice, &id) in slices.zip(inputs[1].i32()) {
            let Some(id) = usize::try_from(id).ok().filter(|&id| id < self.segments) else {
                continue;
            };
            let segment = &mut output[id * self.inner..][..self.inner];
            for (out, &x) in segment.iter_mut().zip(slice) {
                *out = self.combine.of(*out, x);
            }
        }
        Buffer::F32(output)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let inner = literals::fields(&[("inner", self.inner)]);
        Emitted {
            parameters_type: quote!(Segments),
            parameters: quote!(rt::Segments { #inner }),
            function: KernelId::new(self.combine.runtime()),
        }
    }
}
