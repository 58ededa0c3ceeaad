//! An f32 input that the graph scales and shifts element by element before
//! anything else: the step is done in float while the input is quantized, so
//! that columns of very different ranges keep their resolution.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use quote::quote;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::element_type::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::Operator;
use crate::ir::operator_traits::OperatorTraits;
use crate::limits;
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;

/// `(x - center) * factor`, elementwise; made by the rewriter, not in files.
#[derive(Clone, Debug)]
pub(crate) struct InputAffine {
    /// The shape of the input.
    pub shape: Vec<usize>,
    /// The subtrahend, in a shape that broadcasts to the input's.
    pub center: ArrayD<f32>,
    pub factor: ArrayD<f32>,
}

impl InputAffine {
    /// Elements of the input after which constants repeat, at most.
    pub(crate) const LONGEST: usize = 1 << 22;

    /// After how many elements of `shape` a constant that broadcasts to it repeats.
    pub(crate) fn period(constant: &[usize], shape: &[usize]) -> usize {
        limits::product(Self::tail(constant, shape).iter().copied())
    }

    /// The dimensions of `shape` in which a constant differs, and those behind them.
    fn tail<'a>(constant: &[usize], shape: &'a [usize]) -> &'a [usize] {
        let varying = constant.iter().position(|&n| n != 1);
        let rank = varying.map_or(0, |first| constant.len() - first);
        &shape[shape.len() - rank.min(shape.len())..]
    }

    /// One period of a constant.
    fn repeating(&self, constant: &ArrayD<f32>) -> Vec<f32> {
        let tail = Self::tail(constant.shape(), &self.shape);
        let leading = constant.ndim() - tail.len();
        let inner = constant.shape()[leading..].to_vec();
        let constant = constant.as_standard_layout().into_owned();
        let constant = constant.into_shape_with_order(inner).unwrap_or_default();
        let all = constant.broadcast(IxDyn(tail));
        shortest_period(all.map_or(Vec::new(), |all| all.iter().copied().collect()))
    }
}

/// The least number that both divide.
fn common_multiple(a: usize, b: usize) -> usize {
    let (mut larger, mut smaller) = (a, b);
    while smaller > 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    a / larger.max(1) * b
}

impl Operator for InputAffine {
    fn name(&self) -> &'static str {
        "(input normalization)"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            reads_f32: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.shape.clone())
    }

    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>> {
        let x = owned(inputs, 0)?;
        let x = x
            .into_shape_with_order(IxDyn(shape))
            .map_err(Error::internal)?;
        Ok((x - &self.center) * &self.factor)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let output = context.params_of_output()?;
        let centers = self.repeating(&self.center);
        let factors = self
            .factor
            .mapv(|f| (f64::from(f) / f64::from(output.scale)) as f32);
        let factors = self.repeating(&factors);
        let period = common_multiple(centers.len(), factors.len());
        let repeat = |v: Vec<f32>| v.into_iter().cycle().take(period).collect();
        Ok(Lowered::unary(InputAffineKernel {
            centers: repeat(centers),
            factors: repeat(factors),
            output,
            element: context.target.element(),
        }))
    }
}

/// Drops repetitions: `[1, 2, 1, 2]` is `[1, 2]`.
fn shortest_period(mut data: Vec<f32>) -> Vec<f32> {
    let n = data.len();
    let period = (1..n)
        .find(|&p| n.is_multiple_of(p) && data.iter().skip(p).zip(&data).all(|(a, b)| a == b));
    data.truncate(period.unwrap_or(n));
    data
}

/// The kernel of [`InputAffine`]: `q = round((x - center) * factor) + zero_point`.
struct InputAffineKernel {
    centers: Vec<f32>,
    /// Divided by the output's scale.
    factors: Vec<f32>,
    output: QuantParams,
    element: ElementType,
}

impl Kernel for InputAffineKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let elements = inputs[0].f32().iter().enumerate().map(|(i, x)| {
            let i = i % self.centers.len().max(1);
            let steps = ((x - self.centers[i]) * self.factors[i]).round() as i32;
            steps.saturating_add(self.output.zero_point)
        });
        Buffer::saturated(self.element, elements)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let centers = constants.floats("CENTER", &self.centers);
        let factors = constants.floats("FACTOR", &self.factors);
        let zero_point = crate::tokens::literals::int(self.output.zero_point);
        Emitted {
            parameters_type: quote!(QuantizeElementwise<'static>),
            parameters: quote!(rt::QuantizeElementwise {
                center: #centers,
                factor: #factors,
                zero_point: #zero_point,
            }),
            function: KernelId::new("quantize_elementwise"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_stored_for_one_period() {
        let constant = |shape: &[usize], data: &[f32]| {
            ArrayD::from_shape_vec(IxDyn(shape), data.to_vec()).expect("as many")
        };
        let affine = InputAffine {
            shape: vec![1, 2, 2, 3],
            center: constant(&[1, 1, 1, 3], &[1.0, 2.0, 3.0]),
            factor: constant(&[2, 1, 1], &[4.0, 5.0]),
        };
        assert_eq!(affine.repeating(&affine.center), [1.0, 2.0, 3.0]);
        let rows = [[4.0; 6], [5.0; 6]].concat();
        assert_eq!(affine.repeating(&affine.factor), rows);
        assert_eq!(affine.repeating(&constant(&[], &[7.0])), [7.0]);
        assert_eq!(common_multiple(2, 3), 6);
        assert_eq!(common_multiple(4, 6), 12);
    }

    #[test]
    fn repetitions_are_stored_once() {
        assert_eq!(shortest_period(vec![1.0, 2.0, 1.0, 2.0]), [1.0, 2.0]);
        assert_eq!(shortest_period(vec![3.0; 6]), [3.0]);
        assert_eq!(shortest_period(vec![1.0, 2.0, 1.0]), [1.0, 2.0, 1.0]);
    }
}
