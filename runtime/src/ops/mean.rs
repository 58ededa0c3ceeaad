//! MEAN and SUM over some of 4 dimensions.

use super::here::here;
use super::reduce::Reduce;
use crate::arithmetic::{Integer, Multiplier};

/// Parameters of [`mean`].
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Sizes, outermost first.
    pub dims: [usize; 4],
    /// Which dimensions are averaged.
    pub reduced: [bool; 4],
    /// The input's zero point times the number of averaged elements, negated.
    pub bias: i32,
    /// The input's scale by the output's and that number.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
}

here! {
    /// One sum per output element.
    pub fn mean<T: MeanHere>(p: &Mean, input: &[T], output: &mut [T]) = mean_here,
        for i8 i16 i32;
}

fn mean_here<T: Integer>(p: &Mean, input: &[T], output: &mut [T]) {
    let lanes = Reduce {
        dims: p.dims,
        reduced: p.reduced,
    };
    lanes.fold(
        input,
        output,
        p.bias,
        |sum, q| sum.wrapping_add(q.wide()),
        |sum| T::saturated(p.output_multiplier.apply(sum).wrapping_add(p.output_offset)),
    );
}
