//! Functions of one int16 value that int8 has as tables.

use quote::quote;

use crate::arithmetic::fixed_point::{Multiplier, inverse_sqrt};
use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// A line with a bend at 0: LEAKY_RELU and ABS.
pub(crate) struct TwoSlopesKernel {
    pub input_offset: i32,
    /// The slopes from 0 on and below it.
    pub positive: Multiplier,
    pub negative: Multiplier,
    pub output_offset: i32,
}

impl Kernel for TwoSlopesKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let one = |&q: &i16| {
            let x = i32::from(q) + self.input_offset;
            let slope = if x < 0 { self.negative } else { self.positive };
            let y = slope.apply(x).saturating_add(self.output_offset);
            y.clamp(-32768, 32767) as i16
        };
        Buffer::I16(inputs[0].i16().iter().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let [input_offset, output_offset] =
            [self.input_offset, self.output_offset].map(literals::int);
        let [positive, negative] = [self.positive, self.negative].map(literals::multiplier);
        Emitted {
            parameters_type: quote!(TwoSlopesI16),
            parameters: quote!(rt::TwoSlopesI16 {
                input_offset: #input_offset,
                positive: #positive,
                negative: #negative,
                output_offset: #output_offset,
            }),
            function: KernelId::new("two_slopes_i16"),
        }
    }
}

/// Bits that keep the root an integer.
pub(crate) const ROOT_SHIFT: i32 = 20;

/// One divided by the square root; the largest number where there is no square root.
pub(crate) struct RsqrtKernel(pub Multiplier);

/// The integer function of [`RsqrtKernel`], from 1 on.
pub(crate) fn rsqrt(x: i32, factor: Multiplier) -> i32 {
    let root = inverse_sqrt(x);
    let root = Multiplier {
        shift: root.shift + ROOT_SHIFT,
        ..root
    };
    let back = Multiplier {
        shift: factor.shift - ROOT_SHIFT,
        ..factor
    };
    back.apply(root.apply(1))
}

impl Kernel for RsqrtKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let one = |&q: &i16| match q {
            1.. => rsqrt(q.into(), self.0).clamp(-32768, 32767) as i16,
            _ => i16::MAX,
        };
        Buffer::I16(inputs[0].i16().iter().map(one).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let multiplier = literals::multiplier(self.0);
        Emitted {
            parameters_type: quote!(RsqrtI16),
            parameters: quote!(rt::RsqrtI16 { multiplier: #multiplier }),
            function: KernelId::new("rsqrt_i16"),
        }
    }
}
