//! LOGISTIC and TANH of int16: interpolation in the runtime's table.

use quote::quote;

use crate::arithmetic::sigmoid_lut_i16::{Steps, logistic, tanh};
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

pub(crate) struct SigmoidKernel {
    steps: Steps,
    tanh: bool,
}

impl SigmoidKernel {
    /// Inputs in 2^-12, or for TANH also in 2^-11, need no rescaling.
    pub(crate) fn lower(context: &LowerContext<'_>, tanh: bool) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        if input.zero_point != 0 || output.zero_point != 0 || output.scale != 1.0 / 32768.0 {
            return Err(Error::model(format!(
                "its int16 zero points are {} and {}, its output scale {}; expected 0, 0 and 1/32768",
                input.zero_point, output.zero_point, output.scale
            )));
        }
        let power = 12 + f64::from(input.scale).log2().round() as i32;
        let exact = (f64::from(input.scale).log2() - f64::from(power - 12)).abs() < 1e-3;
        let steps = if exact && (power == 0 || tanh && power == 1) {
            Steps::of_power(power)
        } else {
            Steps::of_scale(input.scale)
        };
        Ok(Lowered::unary(Self { steps, tanh }))
    }
}

impl Kernel for SigmoidKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let f = if self.tanh { tanh } else { logistic };
        let data = inputs[0].i16().iter();
        Buffer::I16(data.map(|&x| f(x, self.steps)).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let multiplier = literals::int(self.steps.multiplier);
        let shift = literals::int(self.steps.shift as i32);
        Emitted {
            parameters_type: quote!(Steps),
            parameters: quote!(rt::Steps { multiplier: #multiplier, shift: #shift }),
            function: KernelId::new(if self.tanh {
                "tanh_i16"
            } else {
                "logistic_i16"
            }),
        }
    }
}
