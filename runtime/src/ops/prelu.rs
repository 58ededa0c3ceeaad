//! PRELU: x for x >= 0, alpha * x below.

use super::broadcast::Broadcast;
use crate::arithmetic::Multiplier;

/// Parameters of [`prelu`].
#[derive(Clone, Copy, Debug)]
pub struct Prelu {
    /// How input and alpha meet.
    pub broadcast: Broadcast,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Alpha's negated zero point.
    pub alpha_offset: i32,
    /// The input's scale by the output's.
    pub identity: Multiplier,
    /// The same times alpha's scale.
    pub slope: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
}

impl Prelu {
    #[inline(always)]
    fn element(&self, x: i8, alpha: i8) -> i8 {
        let x = i32::from(x) + self.input_offset;
        let y = if x >= 0 {
            self.identity.apply(x)
        } else {
            self.slope.apply(x * (i32::from(alpha) + self.alpha_offset))
        };
        y.wrapping_add(self.output_offset).clamp(-128, 127) as i8
    }
}

/// All elements.
pub fn prelu(p: &Prelu, input: &[i8], alpha: &[i8], output: &mut [i8]) {
    p.broadcast
        .apply(input, alpha, output, |x, alpha| p.element(x, alpha));
}

/// All elements, in place.
pub fn prelu_in_place(p: &Prelu, in_out: &mut [i8], alpha: &[i8]) {
    p.broadcast
        .apply_in_place(in_out, alpha, |x, alpha| p.element(x, alpha));
}
