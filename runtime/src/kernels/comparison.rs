//! EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL; the output is 1
//! or 0.

use crate::arithmetic::fixed_point::{Integer, Multiplier};
use crate::params::broadcast::Broadcast;

/// How an operand is brought to a common scale.
#[derive(Clone, Copy, Debug)]
pub struct CompareOperand {
    /// Negated zero point of the operand.
    pub offset: i32,
    /// Scale of the operand, as a multiplier.
    pub multiplier: Multiplier,
}

/// Parameters of all comparisons of quantized tensors.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
    /// Bits that operands gain before they are rescaled.
    pub left_shift: u32,
    /// How operand 1 is rescaled.
    pub input1: CompareOperand,
    /// How operand 2 is rescaled.
    pub input2: CompareOperand,
}

impl CompareOperand {
    #[inline(always)]
    pub(super) fn scaled(&self, q: i32, left_shift: u32) -> i32 {
        self.multiplier
            .apply(q.wrapping_add(self.offset).wrapping_shl(left_shift))
    }
}

#[inline(always)]
fn compare<T: Integer>(
    p: &Comparison,
    input1: &[T],
    input2: &[T],
    output: &mut [i8],
    f: impl Fn(&i32, &i32) -> bool,
) {
    p.broadcast.apply(input1, input2, output, |a, b| {
        // Integers are compared as they are: rescaling would not keep large ones.
        let holds = if p.left_shift == 0 {
            f(&a.wide(), &b.wide())
        } else {
            let a = p.input1.scaled(a.wide(), p.left_shift);
            f(&a, &p.input2.scaled(b.wide(), p.left_shift))
        };
        i8::from(holds)
    });
}

macro_rules! comparisons {
    ($($(#[$docs:meta])* $name:ident $f:ident;)*) => {
        $($(#[$docs])*
        pub fn $name<T: Integer>(p: &Comparison, input1: &[T], input2: &[T], output: &mut [i8]) {
            compare(p, input1, input2, output, i32::$f);
        })*
    };
}

comparisons! {
    /// Computes `output = input1 == input2`, broadcast.
    equal eq;
    /// Computes `output = input1 != input2`, broadcast.
    not_equal ne;
    /// Computes `output = input1 > input2`, broadcast.
    greater gt;
    /// Computes `output = input1 >= input2`, broadcast.
    greater_equal ge;
    /// Computes `output = input1 < input2`, broadcast.
    less lt;
    /// Computes `output = input1 <= input2`, broadcast.
    less_equal le;
}

/// Parameters of comparisons of f32 operands.
#[derive(Clone, Copy, Debug)]
pub struct RealComparison {
    /// Sizes and strides of the operands.
    pub broadcast: Broadcast,
}

macro_rules! comparisons_f32 {
    ($($(#[$docs:meta])* $name:ident $f:ident;)*) => {
        $($(#[$docs])*
        pub fn $name(p: &RealComparison, input1: &[f32], input2: &[f32], output: &mut [i8]) {
            p.broadcast.apply(input1, input2, output, |a: f32, b: f32| i8::from(a.$f(&b)));
        })*
    };
}

comparisons_f32! {
    /// Computes `output = input1 == input2`, broadcast.
    equal_f32 eq;
    /// Computes `output = input1 != input2`, broadcast.
    not_equal_f32 ne;
    /// Computes `output = input1 > input2`, broadcast.
    greater_f32 gt;
    /// Computes `output = input1 >= input2`, broadcast.
    greater_equal_f32 ge;
    /// Computes `output = input1 < input2`, broadcast.
    less_f32 lt;
    /// Computes `output = input1 <= input2`, broadcast.
    less_equal_f32 le;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_count() {
        let operand = |shift| CompareOperand {
            offset: 0,
            multiplier: Multiplier {
                multiplier: 1 << 30,
                shift,
            },
        };
        let p = Comparison {
            broadcast: Broadcast {
                dims: [1, 1, 1, 1, 1, 3],
                strides1: [0, 0, 0, 0, 0, 1],
                strides2: [0; 6],
            },
            left_shift: 8,
            // A step of operand 2 is two of operand 1.
            input1: operand(0),
            input2: operand(1),
        };
        let mut output = [0; 3];
        greater(&p, &[3_i8, 4, 5], &[2], &mut output);
        assert_eq!(output, [0, 0, 1]);
        equal(&p, &[3_i8, 4, 5], &[2], &mut output);
        assert_eq!(output, [0, 1, 0]);
        let integers = Comparison { left_shift: 0, ..p };
        less_equal(&integers, &[1, i32::MAX, 2], &[2], &mut output);
        assert_eq!(output, [1, 0, 1]);
    }
}
