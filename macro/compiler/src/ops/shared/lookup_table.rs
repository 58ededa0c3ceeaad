//! A 256-byte table: any function of one int8 value.

use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::arithmetic::quant_params::QuantParams;
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::kernel::{Channelwise, Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;

/// `output[i] = table[input[i] + 128]`.
#[derive(Clone)]
pub(crate) struct TableKernel {
    pub table: [i8; 256],
}

impl TableKernel {
    /// From a function of the quantized value, -128 to 127.
    pub(crate) fn new(mut f: impl FnMut(i32) -> i32) -> Self {
        let mut table = [0; 256];
        for (entry, q) in table.iter_mut().zip(-128..) {
            *entry = f(q).clamp(-128, 127) as i8;
        }
        Self { table }
    }

    /// From a real function, in single precision as the reference's lookup
    /// tables are computed.
    pub(crate) fn real(input: QuantParams, output: QuantParams, f: impl Fn(f32) -> f32) -> Self {
        let inverse_scale = 1.0 / output.scale;
        Self::new(|q| {
            let real = input.scale * (q - input.zero_point) as f32;
            let rescaled = (f(real) * inverse_scale).round();
            (rescaled + output.zero_point as f32) as i32
        })
    }

    /// From a real function between DEQUANTIZE and QUANTIZE.
    pub(crate) fn island(input: QuantParams, output: QuantParams, f: impl Fn(f32) -> f32) -> Self {
        Self::new(|q| {
            let real = f(input.scale * (q - input.zero_point) as f32);
            i32::from(output.quantize(if real.is_nan() { 0.0 } else { real }))
        })
    }

    /// A clamp, to another scale; the reference divides scales in single precision.
    pub(crate) fn clamp(input: QuantParams, output: QuantParams, activation: Activation) -> Self {
        let factor = Multiplier::new(f64::from(input.scale / output.scale));
        let (min, max) = activation.quantized_bounds(output);
        Self::new(|q| {
            factor
                .apply(q - input.zero_point)
                .saturating_add(output.zero_point)
                .clamp(min, max)
        })
    }

    /// To another scale and zero point as LiteRT's CONCATENATION of uint8 has it: in float,
    /// of values that are not shifted.
    pub(crate) fn concatenated_uint8(input: QuantParams, output: QuantParams) -> Self {
        let scale = input.scale * (1.0 / output.scale);
        let bias = -(input.zero_point + 128) as f32 * scale;
        Self::new(|q| {
            let rescaled = ((q + 128) as f32 * scale + bias).round() as i32;
            rescaled.saturating_add(output.zero_point)
        })
    }

    /// To another scale and zero point (QUANTIZE of an int8 tensor).
    pub(crate) fn requantize(input: QuantParams, output: QuantParams) -> Self {
        let factor = Multiplier::new(f64::from(input.scale) / f64::from(output.scale));
        Self::new(|q| {
            factor
                .apply(q - input.zero_point)
                .saturating_add(output.zero_point)
        })
    }
}

impl Kernel for TableKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let lookup = |&q: &i8| self.table[usize::from((q as u8) ^ 0x80)];
        Buffer::I8(inputs[0].i8().iter().map(lookup).collect())
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        Some(self)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let table = constants.bytes("TABLE", &self.table);
        Emitted {
            parameters_type: quote!(Table<'static>),
            parameters: quote!(rt::Table { table: #table }),
            function: KernelId::new("table"),
        }
    }

    fn in_place(&self, _input: usize) -> Option<KernelId> {
        Some(KernelId::new("table_in_place"))
    }
}

impl Channelwise for TableKernel {
    fn depth(&self) -> Option<usize> {
        None
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        let of = |range: &IntRange| {
            let entry = |q: i32| (q.clamp(-128, 127) + 128) as usize;
            let values = self.table[entry(range.min)..=entry(range.max)].iter();
            Some(IntRange {
                min: values.clone().copied().min()?.into(),
                max: values.copied().max()?.into(),
            })
        };
        operands.first()?.iter().map(of).collect()
    }

    fn with(&self, _: &Channels, _: &Channels) -> Box<dyn Kernel> {
        Box::new(self.clone())
    }
}
