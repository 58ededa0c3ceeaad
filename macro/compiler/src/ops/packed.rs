//! Weights as the runtime's matrix kernels read them, and the kernels' scratch
//! memory.

use proc_macro2::TokenStream;
use quote::quote;

use super::accumulation::Accumulation;
use crate::emit::{self, Constants};
use crate::graph::ElementType;

/// Channels side by side, in fours: four of one, four of the next. An odd last one
/// stands alone.
fn pack(filter: &[i8], depth: usize) -> Vec<i8> {
    let fours = |channel: &[i8]| -> Vec<[i8; 4]> {
        channel
            .chunks(4)
            .map(|c| std::array::from_fn(|k| c.get(k).copied().unwrap_or(0)))
            .collect()
    };
    let mut packed = Vec::with_capacity(filter.len());
    for pair in filter.chunks(2 * depth.max(1)) {
        let (first, second) = pair.split_at(depth.min(pair.len()));
        let (first, second) = (fours(first), fours(second));
        for (i, four) in first.iter().enumerate() {
            packed.extend(four);
            packed.extend(second.get(i).into_iter().flatten());
        }
    }
    packed
}

/// The runtime's `Packed` of an int8 operator with OHWI weights, its type
/// argument and its zero point; the zero point's share is folded into the biases.
pub(super) fn emit(
    accumulation: &Accumulation,
    depth: usize,
    constants: &mut Constants,
) -> Option<(TokenStream, TokenStream, i32)> {
    let accumulation = &accumulation.simplified();
    let (filter, ..) = accumulation.int8()?;
    let filter = constants.bytes("FILTER", &pack(filter, depth));
    let (bias, zero_point) = folded_bias(accumulation, depth, constants)?;
    let (output, stage) = accumulation.emit_output(constants);
    let depth = emit::fields(&[("depth", depth)]);
    let packed = quote!(rt::Packed { #depth filter: #filter, bias: #bias, output: #output });
    Some((packed, stage, zero_point))
}

/// Weights as they are, biases with the zero point's share, and the zero point.
pub(super) fn folded(
    accumulation: &Accumulation,
    depth: usize,
    constants: &mut Constants,
) -> Option<(TokenStream, TokenStream, i32)> {
    let (filter, ..) = accumulation.int8()?;
    let (bias, zero_point) = folded_bias(accumulation, depth, constants)?;
    Some((constants.bytes("FILTER", filter), bias, zero_point))
}

fn folded_bias(
    accumulation: &Accumulation,
    depth: usize,
    constants: &mut Constants,
) -> Option<(TokenStream, i32)> {
    let (filter, bias, zero_point) = accumulation.int8()?;
    let folded: Vec<i32> = bias
        .iter()
        .zip(filter.chunks(depth.max(1)))
        .map(|(bias, weights)| {
            let sum: i32 = weights.iter().map(|&w| i32::from(w)).sum();
            bias.wrapping_sub(sum.wrapping_mul(zero_point))
        })
        .collect();
    Some((constants.words("BIAS", &folded), zero_point))
}

/// The inputs of two output pixels, in 16 bits.
pub(super) fn columns(depth: usize) -> (ElementType, usize) {
    (ElementType::I16, depth.div_ceil(4) * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_interleaved_and_filled_up() {
        let filter: Vec<i8> = (1..=15).collect();
        assert_eq!(
            pack(&filter, 5),
            [
                1, 2, 3, 4, 6, 7, 8, 9, 5, 0, 0, 0, 10, 0, 0, 0, 11, 12, 13, 14, 15, 0, 0, 0
            ]
        );
    }
}
