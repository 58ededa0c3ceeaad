//! Channels of a spectrum, their roots and their logarithms.

use crate::kernels::signal::bits;

/// Parameters of the kernel [`signal_filter_bank`].
#[derive(Clone, Copy, Debug)]
pub struct SignalFilterBank<'a> {
    /// Weights of the frequencies in their own channel.
    pub weights: &'a [i16],
    /// Weights of the frequencies in the next channel.
    pub unweights: &'a [i16],
    /// By channel, and one before the first: its first frequency.
    pub channel_frequency_starts: &'a [i16],
    /// Index of the first weight of each channel.
    pub channel_weight_starts: &'a [i16],
    /// How many frequencies it has.
    pub channel_widths: &'a [i16],
}

/// Energies of channels, two words each.
pub fn signal_filter_bank(p: &SignalFilterBank<'_>, input: &[i32], output: &mut [i32]) {
    let channels = p
        .channel_frequency_starts
        .iter()
        .zip(p.channel_weight_starts)
        .zip(p.channel_widths);
    // What the channel before adds.
    let mut sum = 0_u64;
    for (i, ((&frequency, &start), &width)) in channels.enumerate() {
        let [frequency, start, width] = [frequency, start, width].map(|n| n.max(0) as usize);
        let x = input.get(frequency..frequency + width).unwrap_or(&[]);
        let own = p.weights.get(start..start + width).unwrap_or(&[]);
        let next = p.unweights.get(start..start + width).unwrap_or(&[]);
        let mut carried = 0_u64;
        for ((&x, &own), &next) in x.iter().zip(own).zip(next) {
            let x = u64::from(x as u32);
            sum = sum.wrapping_add((i64::from(own) as u64).wrapping_mul(x));
            carried = carried.wrapping_add((i64::from(next) as u64).wrapping_mul(x));
        }
        if let Some(words) = i
            .checked_sub(1)
            .and_then(|i| output.get_mut(2 * i..2 * i + 2))
        {
            words.copy_from_slice(&[sum as i32, (sum >> 32) as i32]);
        }
        sum = carried;
    }
}

/// Parameters of [`signal_filter_bank_square_root`]: there are none.
#[derive(Clone, Copy, Debug)]
pub struct SignalSquareRoot;

/// The nearest root, one digit after the other; roots of 32-bit numbers fit 16 bits.
fn root(mut x: u64) -> u32 {
    let largest = if x >> 32 == 0 { 0xffff } else { 0xffff_ffff };
    let mut bit = match x.checked_ilog2() {
        Some(top) => 1_u64 << (top & !1),
        None => return 0,
    };
    let mut root = 0_u64;
    while bit != 0 {
        if x >= root + bit {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    if x > root && root != largest {
        root += 1;
    }
    root as u32
}

/// Roots of integers of two words, shifted right.
pub fn signal_filter_bank_square_root(
    _: &SignalSquareRoot,
    input: &[i32],
    scale_bits: &[i32],
    output: &mut [i32],
) {
    let shift = scale_bits.first().copied().unwrap_or(0) as u32;
    for (out, words) in output.iter_mut().zip(input.chunks_exact(2)) {
        if let &[low, high] = words {
            let x = u64::from(low as u32) | (u64::from(high as u32) << 32);
            *out = root(x).wrapping_shr(shift) as i32;
        }
    }
}

/// Parameters of the kernel [`signal_filter_bank_log`].
#[derive(Clone, Copy, Debug)]
pub struct FilterBankLog<'a> {
    /// `log2(1 + x) - x` in 16 bits, in 128 steps.
    pub table: &'a [i16; 129],
    /// Factor that logarithms are multiplied by.
    pub output_scale: u32,
    /// By how much inputs are shifted left.
    pub correction_bits: usize,
}

/// Natural logarithms; 0 for numbers below 2.
pub fn signal_filter_bank_log(p: &FilterBankLog<'_>, input: &[i32], output: &mut [i16]) {
    for (out, &x) in output.iter_mut().zip(input) {
        let x = (x as u32).wrapping_shl(p.correction_bits as u32);
        if x < 2 {
            *out = 0;
            continue;
        }
        let whole = bits(x) - 1;
        let rest = u64::from(x - (1 << whole));
        let fraction = ((rest << 16) >> whole) as i32;
        let segment = (fraction >> 9) as usize;
        let low = i32::from(p.table[segment & 127]);
        let high = i32::from(p.table[(segment & 127) + 1]);
        let within = ((high - low) * (fraction & 511)) >> 16;
        let log2 = (whole << 16).wrapping_add((fraction + low + within) as u32);
        // 45426 / 2^16 is ln(2).
        let ln = ((u64::from(log2) * 45426 + 32768) >> 16) as u32;
        let scaled = p.output_scale.wrapping_mul(ln).wrapping_add(32768) >> 16;
        *out = scaled.min(32767) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_overlap() {
        let p = SignalFilterBank {
            weights: &[1, 2, 3],
            unweights: &[10, 20, -30],
            channel_frequency_starts: &[0, 1, 2],
            channel_weight_starts: &[0, 1, 2],
            channel_widths: &[1, 1, 1],
        };
        let mut output = [9; 4];
        signal_filter_bank(&p, &[5, 7, -1], &mut output);
        let second = 20 * 7 + 3 * u64::from(u32::MAX);
        assert_eq!(output, [50 + 14, 0, second as i32, (second >> 32) as i32]);
        signal_filter_bank(&p, &[1], &mut [0; 1]);
    }

    #[test]
    fn roots_are_the_nearest() {
        let mut output = [9; 5];
        let input = [6, 0, 7, 0, -1, 0, -1, -1, 0, 4];
        signal_filter_bank_square_root(&SignalSquareRoot, &input, &[0], &mut output);
        assert_eq!(output, [2, 3, 65535, -1, 1 << 17]);
    }
}
