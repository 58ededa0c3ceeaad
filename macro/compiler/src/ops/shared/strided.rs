//! Operators that move elements by a rule that is affine in every output
//! dimension: `output[i] = input[offset + sum(i[d] * stride[d])]`.

use ndarray::ArrayD;
use niello_numeric::positions;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, QuantRule};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Change, Operator, RealOperands};
use crate::ir::operator_traits::{OperatorTraits, Origin};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Dimensions that the kernel loops over; shapes are merged into as few as possible.
const MAX_DIMS: usize = 6;

/// Sizes of the output, outermost first, and how far one step in each goes in
/// the input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strided {
    pub shape: Vec<usize>,
    pub strides: Vec<isize>,
    pub offset: usize,
}

impl Strided {
    /// All of a tensor as it is.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        let mut strides = vec![0; shape.len()];
        let mut step = 1_isize;
        for (stride, &n) in strides.iter_mut().zip(shape).rev() {
            *stride = step;
            // Shapes of files are checked later.
            step = step.saturating_mul(n as isize);
        }
        Self {
            shape: shape.to_vec(),
            strides,
            offset: 0,
        }
    }

    /// Keeps `count` elements of dimension `d`, from `begin` on, `step` apart.
    pub(crate) fn slice(&mut self, d: usize, begin: usize, count: usize, step: isize) {
        self.offset += begin * self.strides[d].unsigned_abs();
        self.shape[d] = count;
        self.strides[d] *= step;
    }

    /// The walk with its dimensions in another order.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        Self {
            shape: order.iter().map(|&d| self.shape[d]).collect(),
            strides: order.iter().map(|&d| self.strides[d]).collect(),
            offset: self.offset,
        }
    }

    /// The input position of each output element.
    pub(crate) fn positions(&self) -> Vec<usize> {
        positions::strided(&self.shape, &self.strides, self.offset)
    }

    /// Dimensions of 1 dropped, and neighbours that are one walk joined.
    fn merged(&self) -> (Vec<usize>, Vec<isize>) {
        let mut merged: Vec<(usize, isize)> = Vec::new();
        for (&n, &stride) in self.shape.iter().zip(&self.strides) {
            match merged.last_mut() {
                _ if n == 1 => {}
                Some(last) if last.1 == stride * n as isize => *last = (last.0 * n, stride),
                _ => merged.push((n, stride)),
            }
        }
        merged.into_iter().unzip()
    }
}

/// What sets one such operator apart from another.
pub(crate) trait Movement: Send + Sync {
    fn name(&self) -> &'static str;

    /// The operand that is moved.
    fn input(&self) -> usize {
        0
    }

    /// The shape of the output.
    fn shape(&self, input: &[usize]) -> Result<Vec<usize>>;

    /// Where its elements come from; the shape may be split or joined.
    fn walk(&self, input: &[usize]) -> Result<Strided>;
}

/// Makes a [`Movement`] an [`Operator`].
pub(crate) struct Moving {
    movement: Box<dyn Movement>,
    /// The last dimension holds the two parts of a complex number.
    pairs: bool,
}

impl Moving {
    pub(crate) fn new(movement: impl Movement + 'static) -> Self {
        Self {
            movement: Box::new(movement),
            pairs: false,
        }
    }

    fn walk(&self, input: &[usize]) -> Result<Strided> {
        match input {
            [shape @ .., 2] if self.pairs => {
                let mut walk = self.movement.walk(shape)?;
                for stride in &mut walk.strides {
                    *stride *= 2;
                }
                walk.offset *= 2;
                walk.shape.push(2);
                walk.strides.push(1);
                Ok(walk)
            }
            shape => self.movement.walk(shape),
        }
    }
}

impl Operator for Moving {
    fn name(&self) -> &'static str {
        self.movement.name()
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(self.movement.input() + 1),
            origin: Origin::Moved,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs.get(self.movement.input()).copied().unwrap_or(&[]) {
            [shape @ .., 2] if self.pairs => {
                let mut shape = self.movement.shape(shape)?;
                shape.push(2);
                Ok(shape)
            }
            shape => self.movement.shape(shape),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, self.movement.input())?;
        let walk = self.walk(input.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        let moved = data.pick(walk.positions().into_iter().map(Some), 0.0);
        array(shape, moved.f32().to_vec())
    }

    fn adopt(&mut self, change: Change) -> bool {
        let takes = change == Change::ComplexPairs && self.movement.input() == 0;
        self.pairs |= takes;
        takes
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let walk = self.walk(&context.input(self.movement.input())?.value.shape)?;
        let sources = vec![Source::Operand(self.movement.input())];
        Ok(Lowered::new(StridedKernel::new(&walk)?, sources))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Copies elements of any type.
pub(crate) struct StridedKernel {
    walk: Strided,
}

impl StridedKernel {
    pub(crate) fn new(walk: &Strided) -> Result<Self> {
        let (mut shape, mut strides) = walk.merged();
        if shape.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "it walks its input in {} dimensions; supported are {MAX_DIMS}",
                shape.len()
            )));
        }
        let missing = MAX_DIMS - shape.len();
        shape.splice(0..0, vec![1; missing]);
        strides.splice(0..0, vec![0; missing]);
        Ok(Self {
            walk: Strided {
                shape,
                strides,
                offset: walk.offset,
            },
        })
    }

    /// `len` elements as they are.
    pub(crate) fn copy(len: usize) -> Self {
        let mut walk = Strided::whole(&[1, 1, 1, 1, 1, len]);
        walk.strides[..5].fill(0);
        Self { walk }
    }
}

impl Kernel for StridedKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        inputs[0].pick(self.walk.positions().into_iter().map(Some), 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let dims = literals::usizes(&self.walk.shape);
        let strides = self.walk.strides.iter().map(|&s| literals::int(s as i32));
        let offset = literals::fields(&[("offset", self.walk.offset)]);
        Emitted {
            parameters_type: quote!(Strided),
            parameters: quote!(rt::Strided { dims: [#dims], strides: [#(#strides),*], #offset }),
            function: KernelId::new("strided"),
        }
    }
}

/// A dimension counted from the end if it is negative.
pub(crate) fn axis(axis: i32, rank: usize) -> Result<usize> {
    let resolved = if axis < 0 { axis + rank as i32 } else { axis };
    usize::try_from(resolved)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| Error::model(format!("axis {axis} does not fit rank {rank}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_walks_visit_the_same_elements() {
        let mut walk = Strided::whole(&[2, 3, 4, 5]);
        walk.slice(1, 2, 3, -1);
        let walk = walk.permuted(&[0, 2, 3, 1]);
        let kernel = StridedKernel::new(&walk).expect("few dimensions");
        assert_eq!(kernel.walk.shape, [1, 1, 1, 2, 20, 3]);
        assert!(walk.positions() == kernel.walk.positions());
        let whole = StridedKernel::new(&Strided::whole(&[2, 3, 4])).expect("one");
        assert_eq!(whole.walk, StridedKernel::copy(24).walk);
    }
}
