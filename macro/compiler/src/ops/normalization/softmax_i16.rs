//! SOFTMAX of int16: two interpolated tables.

use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

pub(crate) struct SoftmaxI16Kernel {
    depth: usize,
    /// From input steps to steps of 10 / 65535.
    multiplier: Multiplier,
    exponentials: Vec<i16>,
    reciprocals: Vec<i16>,
}

impl SoftmaxI16Kernel {
    pub(crate) fn lower(context: &LowerContext<'_>, beta: f32, depth: usize) -> Result<Lowered> {
        let (input, output) = (context.params(0)?, context.params_of_output()?);
        let near = (output.scale - 1.0 / 32768.0).abs() <= 0.001 / 32768.0;
        if !near || output.zero_point != 0 || input.zero_point != 0 {
            return Err(Error::model(format!(
                "its int16 output has scale {} and zero point {}; expected 1/32768 and 0",
                output.scale, output.zero_point
            )));
        }
        let factor = f64::from(input.scale) * f64::from(beta) / (10.0 / 65535.0);
        Ok(Lowered::unary(Self {
            depth,
            multiplier: Multiplier::new(factor),
            exponentials: interpolation(10.0 / 65535.0, 32767, f32::exp),
            reciprocals: interpolation(1.0 / 65535.0, -32768, |x| 1.0 / (1.0 + x)),
        }))
    }
}

/// TFLite's table of 512 steps over the int16 inputs, one more to interpolate
/// the last: each is moved by half of the error in the middle of its step.
/// Outputs are in steps of 2 / 65535.
fn interpolation(scale: f32, zero_point: i32, f: impl Fn(f32) -> f32) -> Vec<i16> {
    let (min, max) = (
        scale * (-32768 - zero_point) as f32,
        scale * (32767 - zero_point) as f32,
    );
    let output_scale = 2.0_f32 / 65535.0;
    let per_unit = 65536.0 / (output_scale * 32767.0 - output_scale * -32768.0);
    let step = (max - min) / 512.0;
    let clamp = |x: f32| x.clamp(-32768.0, 32767.0) as i16;
    let mut table: Vec<i16> = (0..512)
        .map(|i| {
            let at = min + i as f32 * step;
            let value = (f(at) * per_unit).round();
            let next = f(min + (i + 1) as f32 * step) * per_unit;
            let middle = (f(at + step / 2.0) * per_unit).round();
            let error = ((next + value) / 2.0).round() - middle;
            clamp(value - (error / 2.0).round())
        })
        .collect();
    table.push(clamp((f(max) * per_unit).round()));
    table
}

fn lookup(table: &[i16], x: i16) -> i16 {
    let index = (256 + (i32::from(x) >> 7)) as usize;
    let (base, next) = (i32::from(table[index]), i32::from(table[index + 1]));
    let slope = next.wrapping_sub(base) as i16;
    let delta = (i32::from(slope) * i32::from(x & 0x7F) + 64) >> 7;
    (base + delta) as i16
}

impl Kernel for SoftmaxI16Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut output = Vec::with_capacity(inputs[0].len());
        for row in inputs[0].i16().chunks(self.depth.max(1)) {
            let max = row.iter().copied().max().unwrap_or(0);
            let exponentials: Vec<i16> = row
                .iter()
                .map(|&q| {
                    let difference = i32::from(q) - i32::from(max);
                    let scaled = self.multiplier.apply(difference).saturating_add(32767);
                    lookup(&self.exponentials, scaled.clamp(-32768, 32767) as i16)
                })
                .collect();
            // Q16.15.
            let sum: i32 = exponentials.iter().map(|&e| i32::from(e)).sum();
            let headroom = sum.leading_zeros();
            let normal = ((i64::from(sum) << (headroom.max(1) - 1)) + (1 << 13)) >> 14;
            let x = (normal as i32 - (1 << 15) - (1 << 16)).clamp(-32768, 32767) as i16;
            let reciprocal = i64::from(lookup(&self.reciprocals, x));
            let shift = 31_u32.saturating_sub(headroom);
            let round = if shift > 0 { 1 << (shift - 1) } else { 0 };
            output.extend(exponentials.iter().map(|&e| {
                let product = (i64::from(e) * reciprocal + round) >> shift;
                product.clamp(0, 32767) as i16
            }));
        }
        Buffer::I16(output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let depth = literals::fields(&[("depth", self.depth)]);
        let multiplier = literals::multiplier(self.multiplier);
        let exponentials = constants.int16s("EXPONENTIALS", &self.exponentials);
        let reciprocals = constants.int16s("RECIPROCALS", &self.reciprocals);
        Emitted {
            parameters_type: quote!(SoftmaxI16<'static>),
            parameters: quote!(rt::SoftmaxI16 {
                #depth
                input_multiplier: #multiplier,
                exponentials: #exponentials,
                reciprocals: #reciprocals,
            }),
            function: KernelId::new("softmax_i16"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_the_functions() {
        let exp = interpolation(10.0 / 65535.0, 32767, f32::exp);
        assert_eq!(exp.len(), 513);
        for x in (-32768..=32767_i32).step_by(37) {
            let real = (f64::from(x - 32767) * 10.0 / 65535.0).exp() * 32768.0;
            let got = f64::from(lookup(&exp, x as i16));
            // Its 512 steps are of 10 / 512, those of 128 inputs 128 / 65535 of 10.
            assert!((got - real).abs() < 8.0, "{x}: {got} {real}");
        }
    }
}
