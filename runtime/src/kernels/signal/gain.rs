//! Noise is subtracted, and the gain follows it.

use crate::kernels::signal::bits;

/// Parameters of the kernel [`signal_spectral_subtraction`].
#[derive(Clone, Copy, Debug)]
pub struct SpectralSubtraction {
    /// How much a new value and the estimate so far count, in even channels and in odd ones.
    pub smoothing: [[u32; 2]; 2],
    /// Smallest share of a signal that remains.
    pub min_signal_remaining: u32,
    /// Bits of fraction of the estimate.
    pub smoothing_bits: u32,
    /// Bits of fraction of the factors.
    pub spectral_subtraction_bits: u32,
    /// The estimate is never above the signal.
    pub clamping: bool,
}

/// The signal less the noise; `estimate` and `next` are the noise after it.
pub fn signal_spectral_subtraction(
    p: &SpectralSubtraction,
    input: &[i32],
    noise: &[i32],
    output: &mut [i32],
    estimate: &mut [i32],
    next: &mut [i32],
) {
    let signals = input.iter().zip(noise);
    let outputs = output.iter_mut().zip(estimate).zip(next);
    for (i, ((&x, &old), ((out, estimate), next))) in signals.zip(outputs).enumerate() {
        let x = x as u32;
        let scaled = x.wrapping_shl(p.smoothing_bits);
        let [new, rest] = p.smoothing[i & 1].map(u64::from);
        let sum = (u64::from(scaled) * new).wrapping_add(u64::from(old as u32) * rest);
        let noise = sum.wrapping_shr(p.spectral_subtraction_bits) as u32;
        let subtracted = noise.min(scaled);
        let kept = if p.clamping { subtracted } else { noise };
        let product = u64::from(x) * u64::from(p.min_signal_remaining);
        let floor = product.wrapping_shr(p.spectral_subtraction_bits) as u32;
        *out = (scaled - subtracted)
            .wrapping_shr(p.smoothing_bits)
            .max(floor) as i32;
        (*estimate, *next) = (kept as i32, kept as i32);
    }
}

/// Parameters of the kernel [`signal_pcan`].
#[derive(Clone, Copy, Debug)]
pub struct Pcan<'a> {
    /// Gains of noise up to 2, then polynomials by power of two, four entries each.
    pub gains: &'a [i16],
    /// From the product of signal and gain to 12 bits of fraction.
    pub snr_shift: i32,
}

/// The gain for a noise.
#[inline(always)]
fn gain(gains: &[i16], noise: u32) -> u32 {
    let at = |i: usize| i32::from(gains.get(i).copied().unwrap_or(0));
    if noise <= 2 {
        return at(noise as usize) as u32;
    }
    let top = bits(noise);
    let first = 4 * top as usize - 6;
    let x = (((u64::from(noise) << 11) >> top) & 0x3ff) as i32;
    let slope = ((at(first + 2) * x) >> 5).wrapping_add(at(first + 1) << 5);
    let rounded = slope.wrapping_mul(x).wrapping_add(1 << 14) >> 15;
    i32::from(rounded.wrapping_add(at(first)) as i16) as u32
}

/// Signals by the gains of their noise, small ones squared.
pub fn signal_pcan(p: &Pcan<'_>, input: &[i32], noise: &[i32], output: &mut [i32]) {
    for ((out, &x), &noise) in output.iter_mut().zip(input).zip(noise) {
        let product = u64::from(x as u32) * u64::from(gain(p.gains, noise as u32));
        let snr = product.wrapping_shr(p.snr_shift as u32) as u32;
        *out = if snr < 2 << 12 {
            (snr * snr) >> 20
        } else {
            (snr >> 6) - (1 << 6)
        } as i32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_follows_the_signal() {
        let p = SpectralSubtraction {
            smoothing: [[1, 3], [4, 0]],
            min_signal_remaining: 1,
            smoothing_bits: 1,
            spectral_subtraction_bits: 2,
            clamping: false,
        };
        let (mut output, mut estimate, mut next) = ([0; 2], [0; 2], [0; 2]);
        let noise = [40, 0];
        signal_spectral_subtraction(
            &p,
            &[100, 100],
            &noise,
            &mut output,
            &mut estimate,
            &mut next,
        );
        // (200 + 3 * 40) / 4; all of it.
        assert_eq!((estimate, next), ([80, 200], [80, 200]));
        assert_eq!(output, [60, 25]);
    }

    #[test]
    fn gains_are_polynomials() {
        // Four entries for noise of 2 bits: 7 + 16 x + 32 x^2 of a fraction x.
        let gains = [1, 2, 3, 7, 0, 0, 0];
        let mut output = [9; 3];
        let p = Pcan {
            gains: &gains,
            snr_shift: 0,
        };
        signal_pcan(&p, &[4096; 3], &[0, 1, 2], &mut output);
        assert_eq!(output, [16, 64, 128]);
        signal_pcan(&p, &[1], &[-1], &mut output);
    }
}
