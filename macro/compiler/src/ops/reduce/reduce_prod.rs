//! REDUCE_PROD: the product over any axes, rescaled after every factor.

use ndarray::{ArrayD, ArrayViewD, Axis};
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::reduce::reducing::{Reduce, Reducing};
use crate::ops::reduce::reduction::{Axes, Dims, Integers, IntegersKernel, count, outputs};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator REDUCE_PROD: the product over some axes.
pub(crate) struct ReduceProd;

impl ReduceProd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Reducing<Self>> {
        Reducing::parse(node, Self)
    }
}

impl Reduce for ReduceProd {
    fn name(&self) -> &'static str {
        "REDUCE_PROD"
    }

    fn traits(&self, _: bool) -> OperatorTraits {
        OperatorTraits {
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn evaluate(&self, input: ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32> {
        input.product_axis(axis)
    }

    fn lower(&self, context: &LowerContext<'_>, axes: &Axes) -> Result<Lowered> {
        if context.target == Target::I32 {
            return IntegersKernel::lower(context, axes, Integers::Product);
        }
        let (input, output) = (context.params(0)?, context.output_params()?);
        let dims = axes.dims(&context.input(0)?.value.shape)?;
        let root = f64::from(output.scale).powf(1.0 / count(&dims) as f64);
        Ok(Lowered::unary(ProductKernel {
            dims,
            input_offset: -input.zero_point,
            // One for each factor: together they are the output's.
            factor: Multiplier::new(f64::from(input.scale) / root),
            output_offset: output.zero_point,
        }))
    }
}

struct ProductKernel {
    dims: Dims,
    input_offset: i32,
    factor: Multiplier,
    output_offset: i32,
}

impl Kernel for ProductKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let mut products: Vec<Option<i32>> = vec![None; total];
        for (&q, at) in inputs[0].i8().iter().zip(outputs(&self.dims)) {
            let x = i32::from(q) + self.input_offset;
            products[at] = Some(match products[at] {
                None => x,
                Some(product) => self.factor.apply_i64(i64::from(product) * i64::from(x)),
            });
        }
        let finish = |product: Option<i32>| {
            let q = self.factor.apply_i64(product.unwrap_or(0).into());
            q.wrapping_add(self.output_offset).clamp(-128, 127) as i8
        };
        Buffer::I8(products.into_iter().map(finish).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::usizes(&self.dims.map(|d| d.0));
        let reduced = self.dims.map(|d| d.1);
        let (input, output) = (
            literals::int(self.input_offset),
            literals::int(self.output_offset),
        );
        let multiplier = literals::multiplier(self.factor);
        Emitted {
            parameters_type: quote!(ReduceProd),
            parameters: quote!(rt::ReduceProd {
                reduce: rt::Reduce { dims: [#sizes], reduced: [#(#reduced),*] },
                input_offset: #input,
                multiplier: #multiplier,
                output_offset: #output,
            }),
            function: KernelId::new("reduce_prod"),
        }
    }
}
