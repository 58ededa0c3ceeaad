//! Multipliers of sixteen channels, prepared for SIMD kernels.

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::layout::LANES;

/// The multipliers of sixteen channels, prepared for requantization in few instructions: by
/// truncation in f32 (`upper`, `lower`, `start`), by rounding in f32 (`factor`, `nudge`), or in
/// integers (all others).
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct RequantPanel {
    // Fields that are always read are side by side.
    /// The f32 factor of truncated sums: see [`pack_requant`].
    #[cfg(target_arch = "x86_64")]
    pub(crate) upper: [f32; LANES],
    /// The difference of the multiplier to `upper`, which makes up for its rounding.
    #[cfg(target_arch = "x86_64")]
    pub(crate) lower: [f32; LANES],
    /// A little more than a half; 0 in all channels of a strip if truncation does not
    /// give the outputs of one of them.
    #[cfg(target_arch = "x86_64")]
    pub(crate) start: [f32; LANES],
    /// Multiplier and shift as one factor.
    pub(crate) factor: [f32; LANES],
    /// Number that is added to the magnitude of a scaled sum, since the reference rounds twice: half
    /// of the first rounding's unit, `2^(-1 - right)`, or 0 without a right shift.
    pub(crate) nudge: [f32; LANES],
    /// Significands in Q31, one for each channel.
    pub(crate) multiplier: [i32; LANES],
    /// Places to shift a sum left before it is multiplied.
    pub(crate) left: [i32; LANES],
    /// Places to shift the product's upper half right.
    pub(crate) right: [i32; LANES],
    /// Half of 1 shifted left by `right`.
    pub(crate) half: [i32; LANES],
    /// Where a negative number has a 1 that is taken off it before it is rounded: 31,
    /// or nowhere (32) without a shift.
    pub(crate) sign: [i32; LANES],
    // Last, as kernels want the arrays aligned.
    /// True if all channels of the strip do with `upper` and `start`, with rounding to the
    /// nearest number.
    #[cfg(target_arch = "x86_64")]
    pub(crate) is_nearest: bool,
}

impl RequantPanel {
    /// A panel with the multipliers of the first eight channels twice.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn first_half_twice(&self) -> Self {
        let mut twice = *self;
        for i in 0..LANES / 2 {
            let to = i + LANES / 2;
            twice.upper[to] = self.upper[i];
            twice.lower[to] = self.lower[i];
            twice.start[to] = self.start[i];
            twice.factor[to] = self.factor[i];
            twice.nudge[to] = self.nudge[i];
            twice.multiplier[to] = self.multiplier[i];
            twice.left[to] = self.left[i];
            twice.right[to] = self.right[i];
            twice.half[to] = self.half[i];
            twice.sign[to] = self.sign[i];
        }
        twice
    }

    /// A channel's factor, nudge, upper and lower factor, and start: what the compiler's
    /// model of this conversion gives.
    #[cfg(target_arch = "x86_64")]
    pub fn numbers(&self, channel: usize) -> [f32; 5] {
        [
            &self.factor,
            &self.nudge,
            &self.upper,
            &self.lower,
            &self.start,
        ]
        .map(|list| list.get(channel).copied().unwrap_or(0.0))
    }

    /// A channel's multiplier as it was.
    #[inline(always)]
    pub(crate) fn multiplier(&self, channel: usize) -> Multiplier {
        Multiplier {
            multiplier: self.multiplier[channel],
            shift: self.left[channel] - 1 - self.right[channel],
        }
    }
}

/// Prepares Q31 significands and powers of two. The compiler's model, with which it has proven the
/// numbers: `RequantPanel` in `simd_models`; neither changes without the other.
///
/// `units` has three bytes for each channel, which the compiler has found; none if truncation does
/// not give the outputs:
///
/// ```text
/// byte 0: mark + units of `upper`, signed     bytes 1 and 2: units of `start`, i16 little-endian
///
/// mark   0   two factors:  q = trunc(sum * upper + (sum * lower + start)), each step towards zero
///       64   one factor:   `lower` is 0
///       96   one factor, and steps may be rounded to the nearest number instead
///     -128   (all of byte 0) no such numbers: the whole strip of four blocks does without
///
/// upper = f32(multiplier) moved by that many units in the last place, at most 16
/// lower = f32(multiplier - upper)
/// start = f32(0.5 + units * 2^-24) + nudge
/// ```
pub const fn pack_requant<const N: usize>(
    multiplier: [[i32; LANES]; N],
    shift: [[i32; LANES]; N],
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(unused_variables, reason = "only kernels for x86-64 read it")
    )]
    units: &[u8],
) -> [RequantPanel; N] {
    let mut all = [const {
        RequantPanel {
            #[cfg(target_arch = "x86_64")]
            upper: [0.0; LANES],
            #[cfg(target_arch = "x86_64")]
            lower: [0.0; LANES],
            #[cfg(target_arch = "x86_64")]
            start: [0.0; LANES],
            #[cfg(target_arch = "x86_64")]
            is_nearest: false,
            multiplier: [0; LANES],
            left: [0; LANES],
            right: [0; LANES],
            half: [0; LANES],
            sign: [0; LANES],
            factor: [0.0; LANES],
            nudge: [0.0; LANES],
        }
    }; N];
    let mut block = 0;
    while block < N {
        #[cfg(target_arch = "x86_64")]
        let least = least_of_strip(units, block);
        #[cfg(target_arch = "x86_64")]
        {
            all[block].is_nearest = least >= NEAREST - RANGE;
        }
        let mut i = 0;
        while i < LANES {
            let shift = shift[block][i];
            let right = if shift < 0 { -shift & 31 } else { 0 };
            let panel = &mut all[block];
            panel.multiplier[i] = multiplier[block][i];
            panel.left[i] = if shift > 0 { shift & 31 } else { 0 } + 1;
            panel.right[i] = right;
            panel.half[i] = ((1_u32 << right) >> 1) as i32;
            panel.sign[i] = if right > 0 { 31 } else { 32 };
            let scale = power_of_two(panel.left[i] - 32 - right);
            let factor = multiplier[block][i] as f64 * scale;
            panel.factor[i] = factor as f32;
            panel.nudge[i] = if right > 0 {
                power_of_two(-1 - right) as f32
            } else {
                0.0
            };
            #[cfg(target_arch = "x86_64")]
            if least >= -RANGE {
                let [units, start] = units_of(units, block * LANES + i);
                let mark = match units {
                    n if n >= NEAREST - RANGE => NEAREST,
                    n if n >= SINGLE - RANGE => SINGLE,
                    _ => 0,
                };
                let (is_single, units) = (mark != 0, units - mark);
                let upper = f32::from_bits(panel.factor[i].to_bits().wrapping_add_signed(units));
                panel.upper[i] = upper;
                if !is_single {
                    panel.lower[i] = (factor - upper as f64) as f32;
                }
                panel.start[i] = (0.5 + start as f64 * power_of_two(-24)) as f32 + panel.nudge[i];
            }
            i += 1;
        }
        block += 1;
    }
    all
}

/// The mark of channels with one factor.
#[cfg(target_arch = "x86_64")]
const SINGLE: i32 = 64;

/// The mark of channels with one factor whose steps may be rounded to the nearest number.
#[cfg(target_arch = "x86_64")]
const NEAREST: i32 = 96;

/// A number larger than units without their mark.
#[cfg(target_arch = "x86_64")]
const RANGE: i32 = 16;

/// The marked units of `upper` and the units of `start` of a channel; behind the last channel,
/// those that need nothing.
#[cfg(target_arch = "x86_64")]
const fn units_of(units: &[u8], channel: usize) -> [i32; 2] {
    let at = 3 * channel;
    if at + 2 < units.len() {
        let start = i16::from_le_bytes([units[at + 1], units[at + 2]]);
        [units[at] as i8 as i32, start as i32]
    } else {
        [NEAREST, 0]
    }
}

/// The least marked units of a strip of four blocks.
#[cfg(target_arch = "x86_64")]
const fn least_of_strip(units: &[u8], block: usize) -> i32 {
    if units.is_empty() {
        return i8::MIN as i32;
    }
    let first = block / 4 * 4 * LANES;
    let mut least = NEAREST;
    let mut i = 0;
    while i < 4 * LANES {
        let [units, _] = units_of(units, first + i);
        if units < least {
            least = units;
        }
        i += 1;
    }
    least
}

/// 2 to an exponent in the range of normal numbers.
pub(crate) const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// Per-channel multipliers and the numbers that all channels share, of the few-instruction
/// requantization.
#[derive(Clone, Copy, Debug)]
pub struct RequantParams<'a> {
    /// Multipliers: a block for each sixteen channels, or one that all blocks share.
    pub channels: &'a [RequantPanel],
    /// Zero point of the output tensor.
    pub output_offset: i32,
    /// Smallest output; smaller ones are clamped.
    pub activation_min: i32,
    /// Largest output; larger ones are clamped.
    pub activation_max: i32,
}

impl RequantParams<'_> {
    /// True if there are multipliers for `blocks` blocks.
    #[inline(always)]
    pub(crate) fn are_for(&self, blocks: usize) -> bool {
        self.channels.len() == 1 || self.channels.len() >= blocks
    }

    /// Pointer to the multipliers of a block.
    #[inline(always)]
    pub(crate) fn of(&self, block: usize) -> *const RequantPanel {
        let shared = self.channels.len() == 1;
        let block = if shared { 0 } else { block };
        self.channels.as_ptr().wrapping_add(block)
    }

    /// True if the smallest output is the zero point, which is the output of negative
    /// sums.
    #[inline(always)]
    pub(crate) fn are_one_sided(&self) -> bool {
        self.activation_min == self.output_offset
    }
}
