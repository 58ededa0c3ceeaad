//! What makes outputs of sums.

use std::cell::RefCell;
use std::collections::HashMap;

use niello::__private as rt;

use super::additions::Addition;
use super::random::Random;
use crate::truncation;

/// No case's sums are larger.
const LARGEST_SUM: i64 = 1 << 23;

thread_local! {
    /// What has been found: every level asks for the same.
    static FOUND: RefCell<HashMap<(i32, i32, bool), [i8; 3]>> = RefCell::default();
}

/// [`truncation`] for sums as large as they can be.
fn found(multiplier: i32, shift: i32, one_sided: bool) -> [i8; 3] {
    FOUND.with_borrow_mut(|all| {
        // That of a few cases.
        if all.len() > 10_000 {
            all.clear();
        }
        *all.entry((multiplier, shift, one_sided))
            .or_insert_with(|| truncation(multiplier, shift, LARGEST_SUM, one_sided))
    })
}

/// Multipliers ready for outputs with a zero point and a smallest value.
fn made_ready(
    (multiplier, shift): (Vec<[i32; 16]>, Vec<[i32; 16]>),
    offset: i32,
    activation_min: i32,
) -> Vec<rt::RequantPanel> {
    let pairs: Vec<_> = multiplier.into_iter().zip(shift).collect();
    let one_sided = activation_min >= offset;
    let strips = pairs.chunks(4).flat_map(|strip| {
        let mut units = Vec::new();
        for (multipliers, shifts) in strip {
            for (&m, &shift) in multipliers.iter().zip(shifts) {
                units.extend(found(m, shift, one_sided).map(|unit| unit as u8));
            }
        }
        let four = [0, 1, 2, 3].map(|i| strip[i.min(strip.len() - 1)]);
        let pack_requant = rt::pack_requant(four.map(|b| b.0), four.map(|b| b.1), &units);
        pack_requant.into_iter().take(strip.len())
    });
    strips.collect()
}

/// Outputs of any scales, zero point and bounds.
pub(super) struct Outputs {
    channels: Vec<rt::RequantPanel>,
    offset: i32,
    min: i32,
    max: i32,
}

impl Outputs {
    /// Random output stages of so many blocks, whose shifts are around one of `shifts`' range.
    pub(super) fn random(r: &mut Random, blocks: usize, shifts: [i32; 2]) -> Self {
        Self::random_for(None, r, blocks, shifts)
    }

    /// Random output stages whose outputs are the first operand of an addition, if there is one.
    pub(super) fn random_for(
        addition: Option<&Addition>,
        r: &mut Random,
        blocks: usize,
        [low, high]: [i32; 2],
    ) -> Self {
        let shift = r.between(low, high);
        let multipliers = r.multipliers(blocks, shift);
        match addition {
            Some(addition) => Self::around(r, multipliers, -addition.add.input1.offset),
            None => Self::of(r, multipliers),
        }
    }

    /// Output stages with these significands and shifts, and a random zero point.
    pub(super) fn of(r: &mut Random, multipliers: (Vec<[i32; 16]>, Vec<[i32; 16]>)) -> Self {
        let offset = r.byte().into();
        Self::around(r, multipliers, offset)
    }

    /// Output stages with these significands, shifts and zero point.
    fn around(r: &mut Random, multipliers: (Vec<[i32; 16]>, Vec<[i32; 16]>), offset: i32) -> Self {
        let (min, max) = r.bounds(offset);
        Self {
            channels: made_ready(multipliers, offset, min),
            offset,
            min,
            max,
        }
    }

    /// The parameters of a matrix product with these output stages.
    pub(super) fn blocks<'a>(
        &'a self,
        [depth, channels]: [usize; 2],
        zero_point: i8,
        filter: &'a [u8],
        bias: &'a [[i32; 16]],
    ) -> rt::Packed16<'a, rt::RequantParams<'a>> {
        rt::Packed16 {
            depth,
            channels,
            output_stride: channels,
            zero_point,
            filter,
            filter_i16: &[],
            bias,
            output: self.scales(),
        }
    }

    /// The reference's output of a sum, by a multiplier.
    pub(super) fn reference(&self, multiplier: i32, shift: i32, sum: i32) -> i8 {
        let scaled = rt::Multiplier { multiplier, shift }.apply(sum);
        scaled
            .saturating_add(self.offset)
            .max(self.min)
            .min(self.max) as i8
    }

    /// Smallest and largest output, less the zero point.
    pub(super) fn range(&self) -> [i32; 2] {
        [self.min - self.offset, self.max - self.offset]
    }

    pub(super) fn scales(&self) -> rt::RequantParams<'_> {
        rt::RequantParams {
            channels: &self.channels,
            output_offset: self.offset,
            activation_min: self.min,
            activation_max: self.max,
        }
    }
}
