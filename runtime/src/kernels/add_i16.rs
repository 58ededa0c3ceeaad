//! ADD and SUB of int16 in few instructions, which vectorize: the same as `add.rs` where no number
//! that is multiplied leaves 32 bits.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::macros::multiversion::multiversion;
use crate::params::add::Add;

/// `Multiplier::apply_small` of a multiplier below 1, for numbers that are shifted left by one
/// already: what depends on the multiplier alone is computed once.
#[derive(Clone, Copy)]
struct Small {
    multiplier: i32,
    right: u32,
    /// Half of 1 shifted left by `right`.
    half: i32,
    /// All bits if the reference rounds a second time.
    twice: i32,
}

impl Small {
    fn new(by: Multiplier) -> Option<Self> {
        let right = -by.shift;
        (0..=30).contains(&right).then_some(Self {
            multiplier: by.multiplier,
            right: right.cast_unsigned(),
            half: (1 << right) >> 1,
            twice: -i32::from(right > 0),
        })
    }

    /// `x / 2 * multiplier`, with both roundings of the reference.
    #[inline(always)]
    fn apply(self, x: i32) -> i32 {
        let product = i64::from(x) * i64::from(self.multiplier);
        let high = ((product + (1 << 31)) >> 32) as i32;
        let away = (high >> 31) & self.twice;
        (high + away + self.half) >> self.right
    }
}

/// An addition whose terms are below 2^30: operands without zero points, and multipliers up to 1/2,
/// as the compiler makes them (it divides by twice the larger scale).
#[derive(Clone, Copy)]
struct AddI16 {
    input1: Small,
    input2: Small,
    output: Small,
    /// All bits to subtract the second term.
    negate: i32,
    output_offset: i32,
    activation_min: i32,
    activation_max: i32,
}

impl AddI16 {
    fn new(p: &Add, negate: i32) -> Option<Self> {
        let is_small = |m: Multiplier| m.shift < 0 || m.shift == 0 && m.multiplier <= 1 << 30;
        let fits = p.input1.offset == 0
            && p.input2.offset == 0
            && is_small(p.input1.multiplier)
            && is_small(p.input2.multiplier);
        Some(Self {
            input1: Small::new(p.input1.multiplier)?,
            input2: Small::new(p.input2.multiplier)?,
            output: Small::new(p.output_multiplier)?,
            negate,
            output_offset: p.output_offset,
            activation_min: p.activation_min,
            activation_max: p.activation_max,
        })
        .filter(|_| fits)
    }

    #[inline(always)]
    fn element(&self, a: i16, b: i16) -> i16 {
        let x = self.input1.apply(i32::from(a) << 16);
        let y = self.input2.apply(i32::from(b) << 16);
        // From -2^30 to below 2^30, as each term is at most half of 2^15 * 2^15.
        let sum = x + ((y ^ self.negate) - self.negate);
        let q = self.output.apply(sum << 1).wrapping_add(self.output_offset);
        i16::wrapped(q.max(self.activation_min).min(self.activation_max))
    }
}

multiversion! {
fn add_all(by: &AddI16, p: &Add, a: &[i16], b: &[i16], output: &mut [i16]) {
    p.broadcast.apply(a, b, output, |a, b| by.element(a, b));
}

fn add_all_in_place(by: &AddI16, p: &Add, in_out: &mut [i16], b: &[i16]) {
    p.broadcast.apply_in_place(in_out, b, |a, b| by.element(a, b));
}
}

/// `a + b`, or `a - b` if `negate` is -1; false if it has to be computed otherwise.
#[inline(always)]
pub(super) fn try_add<T: Integer>(
    p: &Add,
    negate: i32,
    a: &[T],
    b: &[T],
    output: &mut [T],
) -> bool {
    let (Some(a), Some(b), Some(output)) = (T::int16(a), T::int16(b), T::int16_mut(output)) else {
        return false;
    };
    let by = AddI16::new(p, negate);
    if let Some(by) = &by {
        add_all(by, p, a, b, output);
    }
    by.is_some()
}

/// [`try_add`] in place of the first operand.
#[inline(always)]
pub(super) fn try_add_in_place<T: Integer>(
    p: &Add,
    negate: i32,
    in_out: &mut [T],
    b: &[T],
) -> bool {
    let (Some(in_out), Some(b)) = (T::int16_mut(in_out), T::int16(b)) else {
        return false;
    };
    let by = AddI16::new(p, negate);
    if let Some(by) = &by {
        add_all_in_place(by, p, in_out, b);
    }
    by.is_some()
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn small_multiplications_round_as_the_reference_does() {
        let numbers = [0, 1, 2, 3, 0x3FFF, 0x4000, 0x7FFF, 0x5A5A, 0x8000];
        for shift in -30..=0 {
            for multiplier in [1 << 30, 0x5A5A_A5A5, i32::MAX] {
                let by = Multiplier { multiplier, shift };
                let small = Small::new(by).expect("in range");
                for x in numbers.into_iter().flat_map(|x| [x, -x, !x]) {
                    for x in
                        [x << 15, (x << 15) + 1, x].map(|x: i32| x.clamp(-1 << 30, (1 << 30) - 1))
                    {
                        assert_eq!(small.apply(x << 1), by.apply(x), "{x} {by:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn sums_are_those_of_the_general_kernel() {
        use crate::params::add::AddOperand;
        use crate::params::broadcast::Broadcast;
        use crate::params::linear::Linear;
        let values: Vec<i16> = (-40..=40)
            .flat_map(|k| [k * 819, k, i16::MIN, i16::MAX])
            .collect();
        let n = values.len();
        let mut state = 1_u32;
        let mut random = |count: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % count
        };
        for _ in 0..200 {
            let mut by = |least: i32, count: u32| Multiplier {
                multiplier: (1 << 30) + (random(1 << 23) as i32) * 127,
                shift: least + random(count) as i32,
            };
            let (mut first, second) = (by(-6, 6), by(-6, 6));
            if random(2) == 0 {
                first = Multiplier {
                    multiplier: 1 << 30,
                    shift: 0,
                };
            }
            let operand = |multiplier| AddOperand {
                offset: 0,
                multiplier,
            };
            let shift = -(random(17) as i32);
            let p = Add {
                broadcast: Broadcast {
                    dims: [1, 1, 1, 1, 1, n],
                    strides1: [n, n, n, n, n, 1],
                    strides2: [n, n, n, n, n, 1],
                },
                input1: operand(first),
                input2: operand(second),
                output_multiplier: Multiplier {
                    multiplier: 0x5A5A_A5A5 + random(1000) as i32,
                    shift,
                },
                output_offset: 0,
                activation_min: [-32768, 0][random(2) as usize],
                activation_max: 32767,
                linear: Linear::NONE,
            };
            let mut turned = values.clone();
            turned.rotate_left(random(n as u32) as usize);
            for negate in [0, -1] {
                let mut output = vec![0; n];
                assert!(try_add(&p, negate, &values, &turned, &mut output));
                for ((a, b), got) in values.iter().zip(&turned).zip(&output) {
                    let term = |by: Multiplier, x: i16| by.apply(i32::from(x) << 15);
                    let y = term(second, *b);
                    let sum = term(first, *a) + if negate == 0 { y } else { -y };
                    let wanted = p.output_multiplier.apply(sum);
                    let wanted = wanted.clamp(p.activation_min, p.activation_max);
                    assert_eq!(i32::from(*got), wanted, "{a} {b} {negate}");
                }
                let mut in_out = values.clone();
                assert!(try_add_in_place(&p, negate, &mut in_out, &turned));
                assert_eq!(in_out, output);
            }
        }
    }
}
