//! Multipliers as kernels want them.

use crate::arithmetic::fixed_point::Multiplier;
use crate::params::layout::LANES;

/// The multipliers of sixteen channels, ready for the few-instruction requantization.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct RequantPanel {
    // What is always read lies side by side.
    /// The factor of truncated sums: see [`pack_requant`].
    #[cfg(target_arch = "x86_64")]
    pub(crate) upper: [f32; LANES],
    /// What it lacks to the multiplier.
    #[cfg(target_arch = "x86_64")]
    pub(crate) lower: [f32; LANES],
    /// A little more than a half; 0 in all channels of a strip if truncation does not
    /// give the outputs of one of them.
    #[cfg(target_arch = "x86_64")]
    pub(crate) start: [f32; LANES],
    /// Multiplier and shift as one factor.
    pub(crate) factor: [f32; LANES],
    /// What rounding twice adds to a scaled sum's magnitude: half of the first
    /// rounding's unit.
    pub(crate) nudge: [f32; LANES],
    /// Q31 significands.
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
    /// The first eight channels' in place of the others', too.
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

/// Q31 significands and powers of two made ready. The compiler's model, which it has proven
/// the numbers with: `RequantPanel` in `shortened`. What is computed here must not change without it.
///
/// `units` are a signed byte and a signed 16-bit number per channel that the compiler has
/// found: with them, `sum * upper + (sum * lower + start)`, each rounded towards zero, is the
/// output of every sum that there can be. The factor `upper` is as many units in the last place
/// from the nearest one, and 64 more if `lower` is zero, 96 if steps may be rounded to the
/// nearest number as well; `start` as many from 1/2 and the first rounding's share. The factor's
/// -128 says that there are no such numbers, and so does their absence.
pub const fn pack_requant<const N: usize>(
    multiplier: [[i32; LANES]; N],
    shift: [[i32; LANES]; N],
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))] units: &[u8],
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

/// What is added to the units of a single factor.
#[cfg(target_arch = "x86_64")]
const SINGLE: i32 = 64;

/// The same if steps may be rounded to the nearest number.
#[cfg(target_arch = "x86_64")]
const NEAREST: i32 = 96;

/// More than units are without what is added.
#[cfg(target_arch = "x86_64")]
const RANGE: i32 = 16;

/// A channel's units; none behind the last channel.
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

/// The least units of a strip of four blocks.
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

/// Per-channel multipliers and what all channels share, of the few-instruction
/// requantization.
#[derive(Clone, Copy, Debug)]
pub struct RequantParams<'a> {
    /// Multipliers: a block for each sixteen channels, or one that all blocks share.
    pub channels: &'a [RequantPanel],
    /// The output's zero point.
    pub output_offset: i32,
    /// Smallest output.
    pub activation_min: i32,
    /// Largest output.
    pub activation_max: i32,
}

impl RequantParams<'_> {
    /// True if there are multipliers for so many blocks.
    #[inline(always)]
    pub(crate) fn are_for(&self, blocks: usize) -> bool {
        self.channels.len() == 1 || self.channels.len() >= blocks
    }

    /// A block's multipliers.
    #[inline(always)]
    pub(crate) fn of(&self, block: usize) -> *const RequantPanel {
        let shared = self.channels.len() == 1;
        let block = if shared { 0 } else { block };
        self.channels.as_ptr().wrapping_add(block)
    }

    /// True if the smallest output is the zero point, which is what becomes of negative
    /// sums.
    #[inline(always)]
    pub(crate) fn are_one_sided(&self) -> bool {
        self.activation_min == self.output_offset
    }
}
