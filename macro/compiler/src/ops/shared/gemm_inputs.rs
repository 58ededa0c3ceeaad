//! How the inputs of a matrix product with packed weights come, which chooses the runtime's kernel.

use crate::ops::packing::layout::{STRIP, ZERO_SKIP_INPUTS};
use crate::ops::packing::saturating_pairs;
use crate::ops::packing::saturating_pairs::SaturatingPairs;
use crate::ops::packing::weights6;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::window::Window;

/// The least number of weights for which zeros are skipped: fewer lie in a first-level cache, from
/// where reading all is as fast.
const LEAST_SPARSE: usize = 16 * 1024;

/// Which inputs the sums of one output pixel read, and how.
#[derive(Clone)]
pub(crate) enum Inputs {
    /// This number of rows of the input: a matrix product.
    Rows(usize),
    /// This number of rows of the input, which the kernel in front has written as `x ^ 0x80`.
    Xor128Rows(usize),
    /// The only row; many of its inputs are likely to be zero.
    ZeroSkipRow(Option<SaturatingPairs>),
    /// The only row, with the weights of 6 bits in an order of their own, too, or few long
    /// pairs.
    Weights6Row(Vec<i8>, Option<SaturatingPairs>),
    /// A window, with the input's channels.
    Window(Window, usize),
}

impl Inputs {
    /// The kind of the inputs of FULLY_CONNECTED, by the number of rows and the weights.
    pub(crate) fn rows(rows: usize, depth: usize, accumulation: &Accumulation) -> Self {
        if rows != 1 {
            return Self::Rows(rows);
        }
        let accumulation = accumulation.simplified();
        let pairs = accumulation.int8().and_then(|(filter, ..)| {
            saturating_pairs::if_few(filter, depth, accumulation.channels())
        });
        if is_sparse(depth, &accumulation) {
            return Self::ZeroSkipRow(pairs);
        }
        let weights6 = accumulation.int8().filter(|_| accumulation.is_fast());
        let weights6 = weights6
            .and_then(|(filter, ..)| weights6::of_row(filter, depth, accumulation.channels()));
        match weights6 {
            Some(narrow) if !narrow.is_empty() || pairs.is_some() => {
                Self::Weights6Row(narrow, pairs)
            }
            _ => Self::Rows(rows),
        }
    }
}

/// True for a row that kernels take by its inputs. An input whose smallest value is zero is
/// taken for sparse: mostly, RELU made it.
pub(crate) fn is_sparse(depth: usize, accumulation: &Accumulation) -> bool {
    let channels = accumulation.channels();
    let lowest = accumulation
        .int8()
        .is_some_and(|(_, _, zero_point)| zero_point == i32::from(i8::MIN));
    lowest
        && depth.is_multiple_of(4)
        && depth <= ZERO_SKIP_INPUTS
        && channels.is_multiple_of(STRIP)
        && depth * channels >= LEAST_SPARSE
}
