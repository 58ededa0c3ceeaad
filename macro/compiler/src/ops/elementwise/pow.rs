//! POW of two tensors, or by a constant: then a function of one value.

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{KernelId, Lowered};
use crate::ir::operator_traits::FloatKernel;
use crate::ops::elementwise::binary_f32::{Integers, OfReals, Real};
use crate::ops::elementwise::int32;
use crate::ops::shared::float_kernels;

/// The operator POW of two tensors, or by a constant: then a function of one value.
#[derive(Clone)]
pub(crate) struct Pow;

impl Pow {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<OfReals<Self>> {
        Ok(OfReals(Self))
    }
}

impl Real for Pow {
    const NAME: &'static str = "POW";
    const FLOAT: KernelId = KernelId::new("float_pow_of");
    const FLOAT_KERNEL: FloatKernel = FloatKernel::Libm;
    const RUNTIME: &'static str = "pow";

    fn real(&self, a: f32, b: f32) -> f32 {
        a.powf(b)
    }

    fn run(&self, a: f32, b: f32) -> f32 {
        libm::powf(a, b)
    }

    fn integers(&self) -> Option<Integers> {
        Some(("pow_i32", int32::pow))
    }

    fn lower_float(&self, context: &LowerContext<'_>, numbers: &[Option<f32>]) -> Result<Lowered> {
        match *numbers {
            [None, Some(exponent)] => {
                let kernel = KernelId::new("float_pow");
                let function = move |x: f32| x.powf(exponent);
                Ok(float_kernels::unary(kernel, 0, exponent, function))
            }
            _ => {
                float_kernels::binary(Self::FLOAT, context, Activation::None, Box::new(libm::powf))
            }
        }
    }
}
