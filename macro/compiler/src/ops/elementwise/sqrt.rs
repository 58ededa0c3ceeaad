//! SQRT: the square root; of negative numbers, 0.

use crate::arithmetic::quant_params::QuantParams;
use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ir::kernel::KernelId;
use crate::ops::elementwise::unary::Unary;
use crate::ops::shared::lookup_table::TableKernel;

/// The operator SQRT: the square root; of negative numbers, 0.
#[derive(Clone)]
pub(crate) struct Sqrt;

impl Sqrt {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Unary for Sqrt {
    const NAME: &'static str = "SQRT";
    const FLOAT: KernelId = KernelId::new("float_sqrt");

    fn real(&self, x: f32) -> f32 {
        x.sqrt()
    }

    fn table(&self, input: QuantParams, output: QuantParams) -> TableKernel {
        // LiteRT's integer root rounds down.
        TableKernel::new(|q| {
            let real = input.scale * (q - input.zero_point).max(0) as f32;
            (real.sqrt() / output.scale).floor() as i32 + output.zero_point
        })
    }
}
