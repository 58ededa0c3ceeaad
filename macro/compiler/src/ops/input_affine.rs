//! An f32 input that the graph scales and shifts element by element before
//! anything else: the step is done in float while the input is quantized, so
//! that columns of very different ranges keep their resolution.

use ndarray::{ArrayD, ArrayViewD, IxDyn};
use quote::quote;

use super::{Buffer, Emitted, Kernel, LowerContext, Lowered, Operator, owned};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};
use crate::graph::QuantParams;

/// `(x - center) * factor`, elementwise; made by the rewriter, not in files.
#[derive(Clone, Debug)]
pub(crate) struct InputAffine {
    /// In the shape of the input.
    pub center: ArrayD<f32>,
    pub factor: ArrayD<f32>,
}

impl Operator for InputAffine {
    fn name(&self) -> &'static str {
        "(input normalization)"
    }

    fn output_shape(&self, _: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.center.shape().to_vec())
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

    fn reads_f32(&self) -> bool {
        true
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let output = context.output_params()?;
        let centers = shortest_period(self.center.iter().copied().collect());
        let factors = self
            .factor
            .iter()
            .map(|f| (f64::from(*f) / f64::from(output.scale)) as f32);
        let factors = shortest_period(factors.collect());
        let period = centers.len().max(factors.len());
        let repeat = |v: Vec<f32>| v.into_iter().cycle().take(period).collect();
        Ok(Lowered::unary(InputAffineKernel {
            centers: repeat(centers),
            factors: repeat(factors),
            output,
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

struct InputAffineKernel {
    centers: Vec<f32>,
    /// Divided by the output's scale.
    factors: Vec<f32>,
    output: QuantParams,
}

impl Kernel for InputAffineKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let elements = inputs[0].f32().iter().enumerate().map(|(i, x)| {
            let i = i % self.centers.len().max(1);
            let steps = ((x - self.centers[i]) * self.factors[i]).round() as i32;
            steps
                .saturating_add(self.output.zero_point)
                .clamp(-128, 127) as i8
        });
        Buffer::I8(elements.collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let centers = constants.floats("CENTER", &self.centers);
        let factors = constants.floats("FACTOR", &self.factors);
        let zero_point = emit::int(self.output.zero_point);
        Emitted {
            parameters_type: quote!(QuantizeElementwise<'static>),
            parameters: quote!(rt::QuantizeElementwise {
                center: #centers,
                factor: #factors,
                zero_point: #zero_point,
            }),
            function: "quantize_elementwise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shortest_period;

    #[test]
    fn repetitions_are_stored_once() {
        assert_eq!(shortest_period(vec![1.0, 2.0, 1.0, 2.0]), [1.0, 2.0]);
        assert_eq!(shortest_period(vec![3.0; 6]), [3.0]);
        assert_eq!(shortest_period(vec![1.0, 2.0, 1.0]), [1.0, 2.0, 1.0]);
    }
}
