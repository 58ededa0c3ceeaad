//! BUCKETIZE: how many of the sorted boundaries are not above a value.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::quantization::cast::ToI32Kernel;
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;

/// The operator BUCKETIZE: how many of the sorted boundaries are not above a value.
pub(crate) struct Bucketize {
    boundaries: Vec<f32>,
}

impl Bucketize {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_bucketize_options();
        let options = options.ok_or_else(|| Error::model("it has no BucketizeOptions"))?;
        let boundaries: Vec<f32> = options.boundaries().unwrap_or_default().iter().collect();
        if !boundaries.is_sorted() {
            return Err(Error::model("its boundaries are not in order"));
        }
        Ok(Self { boundaries })
    }
}

/// The bucket of a value.
fn bucket(boundaries: &[f32], x: f32) -> i32 {
    // NaN is above all of them, as for the reference.
    let above = boundaries.iter().position(|&b| x < b);
    above.unwrap_or(boundaries.len()) as i32
}

impl Operator for Bucketize {
    fn name(&self) -> &'static str {
        "BUCKETIZE"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            reads_reals: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs.first().map_or(Vec::new(), |shape| shape.to_vec()))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, _: &[usize]) -> Result<ArrayD<f32>> {
        Ok(owned(inputs, 0)?.mapv(|x| bucket(&self.boundaries, x) as f32))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let runtime = match context.element(0)? {
            ElementType::F32 => "bucketize",
            ElementType::I32 => "bucketize_i32",
            ElementType::I8 => {
                let params = context.params(0)?;
                let table = (-128..=127)
                    .map(|q| bucket(&self.boundaries, params.dequantize(q)))
                    .collect();
                return Ok(Lowered::unary(ToI32Kernel { table }));
            }
            other => {
                return Err(Error::model(format!(
                    "its input is {}; supported are float32, int8 and int32",
                    other.name()
                )));
            }
        };
        Ok(Lowered::unary(BucketizeKernel {
            boundaries: self.boundaries.clone(),
            runtime,
        }))
    }
}

struct BucketizeKernel {
    boundaries: Vec<f32>,
    runtime: &'static str,
}

impl Kernel for BucketizeKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let real = |at: usize| inputs[0].number(at) as f32;
        let all = (0..inputs[0].len()).map(real);
        Buffer::I32(all.map(|x| bucket(&self.boundaries, x)).collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let boundaries = constants.floats("BOUNDARIES", &self.boundaries);
        Emitted {
            parameters_type: quote!(Bucketize<'static>),
            parameters: quote!(rt::Bucketize { boundaries: #boundaries }),
            function: KernelId::new(self.runtime),
        }
    }
}
