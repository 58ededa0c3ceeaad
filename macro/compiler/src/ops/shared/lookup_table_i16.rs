//! Functions of one int16 value: tables with interpolation between their entries.

use quote::quote;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::tokens::constants::Constants;

/// Steps of the table, each of 128 inputs.
const STEPS: usize = 512;

/// TFLite's table of a function of int16 (`LUTPopulate<int16_t>`): its values at every 128th input,
/// each moved by a quarter of the error that a straight line has halfway to the next one.
pub(crate) struct TableI16Kernel {
    table: Vec<i16>,
}

impl TableI16Kernel {
    /// The kernel of a real function, which is computed in f32 as in the reference.
    pub(crate) fn lower(context: &LowerContext<'_>, f: impl Fn(f32) -> f32) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        if input.zero_point != 0 || output.zero_point != 0 {
            return Err(Error::model(
                "its int16 tensors have zero points that are not 0, which TFLite's kernels refuse; convert \
                 the model again with symmetric int16 activations",
            ));
        }
        Ok(Lowered::unary(Self::real(input, output, f)))
    }

    fn real(input: QuantParams, output: QuantParams, f: impl Fn(f32) -> f32) -> Self {
        let [input_min, input_max] = [-32768.0, 32767.0].map(|q| input.scale * q);
        let [output_min, output_max] = [-32768.0, 32767.0].map(|q| output.scale * q);
        let step = (input_max - input_min) / STEPS as f32;
        let half_step = step / 2.0;
        let inverse = 65536.0 / (output_max - output_min);
        let entry = |value: f32| value.clamp(-32768.0, 32767.0) as i16;
        let mut table: Vec<i16> = (0..STEPS)
            .map(|i| {
                let at = |i: usize, more: f32| f(input_min + i as f32 * step + more) * inverse;
                let (value, next) = (at(i, 0.0).round(), at(i + 1, 0.0));
                let line = ((next + value) / 2.0).round();
                let error = line - at(i, half_step).round();
                entry(value - (error / 2.0).round())
            })
            .collect();
        table.push(entry((f(input_max) * inverse).round()));
        Self { table }
    }

    fn output_of(&self, q: i16) -> i16 {
        let at = (256 + (i32::from(q) >> 7)) as usize;
        let (base, next) = (self.table[at], self.table[at + 1]);
        let slope = i32::from(next.wrapping_sub(base));
        let more = (slope * i32::from(q & 0x7F) + 64) >> 7;
        (i32::from(base) + more) as i16
    }
}

impl Kernel for TableI16Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let all = inputs[0].i16().iter().map(|&q| self.output_of(q));
        Buffer::I16(all.collect())
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let table = constants.int16s("TABLE", &self.table);
        Emitted {
            parameters_type: quote!(TableI16<'static>),
            parameters: quote!(rt::TableI16 { table: #table }),
            function: KernelId::new("table_i16"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_is_close_to_the_function() {
        let params = |scale| QuantParams {
            scale,
            zero_point: 0,
        };
        let (input, output) = (params(8.0 / 32768.0), params(8.0 / 32768.0));
        let hard_swish = |x: f32| x * (x + 3.0).clamp(0.0, 6.0) / 6.0;
        let gelu = |x: f32| 0.5 * x * libm::erfcf(-x * std::f32::consts::FRAC_1_SQRT_2);
        for (f, most) in [(&hard_swish as &dyn Fn(f32) -> f32, 9), (&gelu, 3)] {
            let table = TableI16Kernel::real(input, output, f);
            let errors = (i16::MIN..=i16::MAX).map(|q| {
                let exact = f(f32::from(q) * input.scale) / output.scale;
                (f32::from(table.output_of(q)) - exact).abs()
            });
            let worst = errors.fold(0.0, f32::max);
            assert!(worst < most as f32, "{worst}");
        }
    }
}
