//! Sums of int16 inputs and int8 weights that fit 32 bits, and their factors.

use crate::arithmetic::fixed_point::Multiplier;
use crate::ir::graph::ElementType;
use crate::ops::shared::weighted_sum::{Accumulation, OutputStage, Terms};

/// The largest magnitude of an int16 input.
const LARGEST_INPUT: i64 = 1 << 15;

/// Weights, biases and factors of a 16x8 operator whose sums, and all parts of them, fit 32 bits.
pub(crate) struct Int16Sums {
    pub filter: Vec<i8>,
    pub bias: Vec<i32>,
    /// See the runtime's `RequantizeI16Fast` for this and the shifts.
    pub factors: Vec<i32>,
    pub left: u32,
    pub right: u32,
    pub activation: (i32, i32),
}

/// A channel whose output does not depend on the input: its sum is the output in 1/256.
const CONSTANT_PLACES: i32 = 8;

impl Accumulation {
    /// The sums of an operator with int16 inputs, 64-bit biases and int8 weights, if kernels that
    /// add up in 32 bits give the reference's outputs: `|bias| + 2^15 * sum of |w|` is below 2^31 for
    /// each channel, and the shifts of the multipliers are at most 16 places apart. Channels with a
    /// constant output need neither.
    pub(crate) fn int16(&self) -> Option<Int16Sums> {
        let (
            Terms::I64 { filter, bias },
            OutputStage::Requantize {
                element: ElementType::I16,
                multipliers,
                output_offset: 0,
                activation,
                ..
            },
            0,
        ) = (&self.terms, &self.output, self.input_offset)
        else {
            return None;
        };
        let mut reaches = vec![0; bias.len()];
        let channel_of = self.channel_of(filter.len());
        for (i, w) in filter.iter().enumerate() {
            *reaches.get_mut(channel_of(i))? += i64::from(*w).abs() * LARGEST_INPUT;
        }
        let channels = || bias.iter().zip(&reaches).zip(multipliers);
        let constants: Vec<Option<i32>> = channels()
            .map(|((bias, reach), by)| constant(*bias, *reach, *by))
            .collect();
        // The reference's shift to the right of each channel that is not constant.
        let live = constants.iter().zip(multipliers);
        let places = live.filter_map(|(constant, by)| constant.is_none().then_some(15 - by.shift));
        let (least, most) = (
            places.clone().min().unwrap_or(32),
            places.max().unwrap_or(32),
        );
        // The nearest number to 32 for which all factors are whole and below 2^31.
        let places = 32.min(least + 16).max(most);
        let (left, right) = ((32 - places).max(0), (places - 32).max(0));
        if places > least + 16 || left > CONSTANT_PLACES || right > 16 {
            return None;
        }
        let (mut narrow, mut factors) = (Vec::new(), Vec::new());
        for (((bias, reach), by), constant) in channels().zip(&constants) {
            if let Some(q) = constant {
                narrow.push(q << CONSTANT_PLACES);
                factors.push(1 << (places - CONSTANT_PLACES).min(30));
                continue;
            }
            let bound = bias
                .checked_abs()?
                .checked_add(*reach)?
                .checked_mul(1 << left)?;
            let significand = by.significand_16();
            if bound > i64::from(i32::MAX) || !(0..0x8000).contains(&significand) {
                return None;
            }
            narrow.push(*bias as i32);
            factors.push(significand << (places - (15 - by.shift)));
        }
        let is_exact = places - CONSTANT_PLACES <= 30 || constants.iter().all(Option::is_none);
        let weights = filter.iter().enumerate();
        let filter = weights.map(|(i, w)| match constants.get(channel_of(i)) {
            Some(Some(_)) => 0,
            _ => *w,
        });
        is_exact.then(|| Int16Sums {
            filter: filter.collect(),
            bias: narrow,
            factors,
            left: left as u32,
            right: right as u32,
            activation: *activation,
        })
    }
}

/// The output of a channel, before it is clamped, if all of its sums have the same and it is an
/// int16: a larger sum never has a smaller one, as long as no product leaves 48 bits.
fn constant(bias: i64, reach: i64, by: Multiplier) -> Option<i32> {
    let sums = [bias.checked_sub(reach)?, bias.checked_add(reach)?];
    let is_small = sums.iter().all(|sum| sum.unsigned_abs() < 1 << 47);
    let shift = 15 - by.shift;
    if !is_small || !(1..=62).contains(&shift) || by.multiplier < 0 {
        return None;
    }
    // In 64 bits, as the reference's result may wrap around.
    let significand = i64::from(by.significand_16());
    let [least, most] = sums.map(|sum| (sum * significand + (1 << (shift - 1))) >> shift);
    let is_int16 = (-32768..=32767).contains(&least);
    (least == most && is_int16).then_some(least as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_channels_are_found() {
        let tiny = Multiplier {
            multiplier: 0x5A5A_A5A5,
            shift: -36,
        };
        let q = constant(1 << 46, 1 << 30, tiny).expect("the same");
        assert_eq!(q, tiny.apply_i64(1 << 46));
        assert_eq!(q, tiny.apply_i64((1 << 46) - (1 << 30)));
        let large = Multiplier { shift: -10, ..tiny };
        assert_eq!(constant(5, 1 << 30, large), None);
        assert_eq!(constant(5, 0, large), Some(large.apply_i64(5)));
        assert_eq!(constant(1 << 46, 0, large), None);
    }
}
