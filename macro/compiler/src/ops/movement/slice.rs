//! SLICE: a block, by its size and its begin, which may be computed at run time.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, constant_source};
use crate::ir::graph::array;
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::movement::dynamic_slice::{Block, SliceKernel};
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::{Movement, Moving, Strided};

pub(crate) enum Slice {
    Fixed(Moving),
    /// Its begin is operand 1.
    AtRunTime {
        size: Vec<usize>,
    },
}

impl Slice {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let size = node.integers(2, "size")?;
        if node.input(1)?.constant.is_some() {
            let begin = node.integers(1, "begin")?;
            return Ok(Self::Fixed(Moving::new(Fixed { begin, size })));
        }
        let known = |&n: &i32| {
            usize::try_from(n).ok().filter(|&n| n > 0).ok_or_else(|| {
                Error::model(format!(
                    "its begin (input 1) is computed at run time, and its size {n} depends on it; \
                     only sizes that are known at compile time are supported"
                ))
            })
        };
        let size = size.iter().map(known).collect::<Result<_>>()?;
        Ok(Self::AtRunTime { size })
    }
}

impl Operator for Slice {
    fn name(&self) -> &'static str {
        "SLICE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(match self {
                Self::Fixed(_) => 1,
                Self::AtRunTime { .. } => 2,
            }),
            integer_operands: IntegerOperands::One(1),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match (self, inputs) {
            (Self::Fixed(fixed), _) => fixed.output_shape(inputs),
            (Self::AtRunTime { size }, &[input, begin]) => {
                Block::new(input, size, begin)?;
                Ok(size.clone())
            }
            _ => Err(Error::model("it needs a tensor and a begin")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let size = match self {
            Self::Fixed(fixed) => return fixed.evaluate(inputs, shape),
            Self::AtRunTime { size } => size,
        };
        let (input, begin) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let block = Block::new(input.shape(), size, begin.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        let begin = Buffer::I32(begin.iter().map(|&x| x as i32).collect());
        let out = SliceKernel(block).simulate(&[&data, &begin]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let size = match self {
            Self::Fixed(fixed) => return fixed.lower(context),
            Self::AtRunTime { size } => size,
        };
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let kernel = SliceKernel(Block::new(shape(0)?, size, shape(1)?)?);
        let data = constant_source(context, 0)?;
        Ok(Lowered::new(kernel, vec![data, Source::Operand(1)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// A block whose place is known.
pub(crate) struct Fixed {
    begin: Vec<i32>,
    /// -1 is all that is left.
    size: Vec<i32>,
}

impl Movement for Fixed {
    fn name(&self) -> &'static str {
        "SLICE"
    }

    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.walk(input)?.shape)
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        let bad = || {
            Error::model(format!(
                "begin {:?} and size {:?} do not fit {input:?}",
                self.begin, self.size
            ))
        };
        if self.begin.len() != input.len() || self.size.len() != input.len() {
            return Err(bad());
        }
        let mut walk = Strided::whole(input);
        for (d, (&begin, &size)) in self.begin.iter().zip(&self.size).enumerate() {
            let begin = usize::try_from(begin).map_err(|_| bad())?;
            let left = input[d].checked_sub(begin).ok_or_else(bad)?;
            let size = match size {
                -1 => left,
                size => usize::try_from(size).map_err(|_| bad())?,
            };
            if size > left {
                return Err(bad());
            }
            walk.slice(d, begin, size, 1);
        }
        Ok(walk)
    }
}
