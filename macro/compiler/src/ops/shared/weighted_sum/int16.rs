//! Sums of int16 inputs and int8 weights that fit 32 bits, and their factors.

use crate::arithmetic::fixed_point::Multiplier;
use crate::ir::graph::ElementType;
use crate::ops::shared::weighted_sum::{Accumulation, OutputStage, Terms};

/// The largest magnitude of an int16 input.
const LARGEST_INPUT: i64 = 1 << 15;

/// Weights, biases and factors of a 16x8 operator whose sums, and all parts of them, fit 32 bits.
pub(crate) struct Int16Sums<'a> {
    pub filter: &'a [i8],
    pub bias: Vec<i32>,
    /// See the runtime's `RequantizeI16Fast`.
    pub factors: Vec<i32>,
    pub activation: (i32, i32),
}

impl Accumulation {
    /// The sums of an operator with int16 inputs, 64-bit biases and int8 weights, if kernels that
    /// add up in 32 bits give the reference's outputs: `|bias| + 2^15 * sum of |w|` is below 2^31 for
    /// each channel, and each multiplier is a factor in 1/2^32.
    pub(crate) fn int16(&self) -> Option<Int16Sums<'_>> {
        let (
            Terms::I64 { filter, bias },
            OutputStage::Requantize {
                element: ElementType::I16,
                multipliers,
                output_offset: 0,
                activation,
                ..
            },
        ) = (&self.terms, &self.output)
        else {
            return None;
        };
        let mut totals = vec![0; bias.len()];
        let channel_of = self.channel_of(filter.len());
        for (i, w) in filter.iter().enumerate() {
            *totals.get_mut(channel_of(i))? += i64::from(*w).abs();
        }
        let fits = |(bias, total): (&i64, &i64)| {
            let bound = bias.checked_abs()?.checked_add(total * LARGEST_INPUT)?;
            (bound <= i64::from(i32::MAX)).then_some(*bias as i32)
        };
        let input_is_symmetric = self.input_offset == 0;
        Some(Int16Sums {
            filter,
            bias: (bias.iter().zip(&totals).map(fits)).collect::<Option<Vec<i32>>>()?,
            factors: (multipliers.iter().map(|m| factor(*m))).collect::<Option<Vec<i32>>>()?,
            activation: *activation,
        })
        .filter(|_| input_is_symmetric)
    }
}

/// A multiplier of 64-bit sums in 1/2^32, if it is a whole number of them below 1/2: the reference
/// multiplies by a significand of 15 bits, then shifts by 16 to 32 places.
fn factor(multiplier: Multiplier) -> Option<i32> {
    let significand = multiplier.significand_16();
    if significand == 0 {
        return Some(0);
    }
    let left = 17 + multiplier.shift;
    let fits = (0..0x8000).contains(&significand) && (0..=16).contains(&left);
    fits.then(|| significand << left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_give_what_the_reference_does() {
        let sums = [
            0,
            1,
            5,
            98_303,
            98_304,
            98_305,
            1 << 30,
            i64::from(i32::MAX),
        ];
        for shift in -17..=-1 {
            for multiplier in [0, 1 << 30, 0x5A5A_A5A5, 0x7FFE_FFFF, 0x7FFF_0000, i32::MAX] {
                let by = Multiplier { multiplier, shift };
                let factor = i64::from(factor(by).expect("in range"));
                for sum in sums.into_iter().flat_map(|sum| [sum, -sum]) {
                    let got = (sum * factor + (1 << 31)) >> 32;
                    assert_eq!(got as i32, by.apply_i64(sum), "{sum} {by:?}");
                }
            }
        }
        for shift in [-18, 0] {
            let multiplier = 1 << 30;
            assert_eq!(factor(Multiplier { multiplier, shift }), None);
        }
    }
}
