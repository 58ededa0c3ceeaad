//! TensorFlow Lite Micro's signal library: sound becomes features, in integer arithmetic.
//!
//! Integers without sign are held in `i32`, those of 64 bits in two words, the low one
//! first. What operators keep for later runs is read from one slice and written into
//! another.

pub(crate) mod fft;
pub(crate) mod filter_bank;
pub(crate) mod framer;
pub(crate) mod gain;
pub(crate) mod overlap_add;

pub use fft::{Fft, FftAutoScale, Sample, signal_fft_auto_scale, signal_irfft, signal_rfft};
pub use filter_bank::{
    FilterBankLog, SignalFilterBank, SignalSquareRoot, signal_filter_bank, signal_filter_bank_log,
    signal_filter_bank_square_root,
};
pub use framer::{Delay, Framer, Stacker, signal_delay, signal_framer, signal_stacker};
pub use gain::{Pcan, SpectralSubtraction, signal_pcan, signal_spectral_subtraction};
pub use overlap_add::{OverlapAdd, Sum, signal_overlap_add};

/// Parameters of the kernel [`signal_window`].
#[derive(Clone, Copy, Debug)]
pub struct SignalWindow<'a> {
    /// By sample of a frame.
    pub weights: &'a [i16],
    /// Number of bits of the fraction.
    pub shift: i32,
}

/// Frames by a window function.
pub fn signal_window(p: &SignalWindow<'_>, input: &[i16], output: &mut [i16]) {
    let size = p.weights.len().max(1);
    let frames = output.chunks_exact_mut(size).zip(input.chunks_exact(size));
    for (out, x) in frames {
        for ((out, &x), &w) in out.iter_mut().zip(x).zip(p.weights) {
            let product = (i32::from(x) * i32::from(w)) >> (p.shift & 31);
            *out = product.clamp(-32768, 32767) as i16;
        }
    }
}

/// Parameters of the kernel [`signal_energy`].
#[derive(Clone, Copy, Debug)]
pub struct SignalEnergy {
    /// The first complex number whose energy is computed; before it there is 0.
    pub start: usize,
    /// Index behind the last element.
    pub end: usize,
}

/// Computes squared magnitudes, as unsigned numbers.
pub fn signal_energy(p: &SignalEnergy, input: &[i16], output: &mut [i32]) {
    let pairs = input.chunks_exact(2);
    for (i, (out, pair)) in output.iter_mut().zip(pairs).enumerate() {
        let &[re, im] = pair else { continue };
        let [re, im] = [i32::from(re), i32::from(im)];
        let is_inside = i >= p.start && i < p.end;
        *out = if is_inside {
            (re * re).wrapping_add(im * im)
        } else {
            0
        };
    }
}

/// Bits up to the highest that is set; 32 of 0, as the reference has it.
#[inline(always)]
fn bits(x: u32) -> u32 {
    if x == 0 { 32 } else { 32 - x.leading_zeros() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_shift_and_saturate() {
        let p = SignalWindow {
            weights: &[4096, -4096, 32767],
            shift: 12,
        };
        let mut output = [9; 6];
        signal_window(&p, &[5, 5, 20_000, -1, -1, -20_000], &mut output);
        assert_eq!(output, [5, -5, 32767, -1, 1, -32768]);
    }

    #[test]
    fn energies_have_no_sign() {
        let mut output = [9; 3];
        let p = SignalEnergy { start: 1, end: 3 };
        signal_energy(&p, &[1, 1, 3, -4, -32768, -32768], &mut output);
        assert_eq!(output, [0, 25, i32::MIN]);
    }
}
