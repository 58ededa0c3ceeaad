//! PRELU: x for x >= 0, alpha * x below.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::params::broadcast::Broadcast;

/// Parameters of the kernel [`prelu`].
#[derive(Clone, Copy, Debug)]
pub struct Prelu {
    /// How input and alpha meet.
    pub broadcast: Broadcast,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Negated zero point of alpha.
    pub alpha_offset: i32,
    /// The input's scale by the output's.
    pub identity: Multiplier,
    /// Multiplier of negative inputs: the input's scale times alpha's.
    pub slope: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

impl Prelu {
    #[inline(always)]
    fn element<T: Integer>(&self, x: T, alpha: i8) -> T {
        let x = x.wide() + self.input_offset;
        let y = if x >= 0 {
            self.identity.apply(x)
        } else {
            self.slope.apply(x * (i32::from(alpha) + self.alpha_offset))
        };
        T::saturated(y.wrapping_add(self.output_offset))
    }
}

/// Computes PRELU of int8 tensors.
pub fn prelu(p: &Prelu, input: &[i8], alpha: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input, alpha, output, |x, alpha| p.element(x, alpha));
}

/// Computes PRELU of int16 tensors.
pub fn prelu_i16(p: &Prelu, input: &[i16], alpha: &[i8], output: &mut [i16]) {
    p.broadcast
        .apply(input, alpha, output, |x, alpha| p.element(x, alpha));
}

/// Computes PRELU of int8 in place.
pub fn prelu_in_place(p: &Prelu, in_out: &mut [i8], alpha: &[i8]) {
    p.broadcast
        .apply_in_place(in_out, alpha, |x, alpha| p.element(x, alpha));
}
