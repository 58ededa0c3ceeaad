//! Weights as the runtime's matrix kernels read them, and the kernels' scratch
//! memory.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::graph::ElementType;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::tokens::constants::Constants;

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

/// The runtime's `Packed` of an int8 operator with OHWI weights, and its type
/// argument. `rows` is the number of rows or pixels: one row alone takes
/// multipliers that all channels share.
pub(crate) fn emit(
    accumulation: &Accumulation,
    depth: usize,
    rows: usize,
    constants: &mut Constants,
) -> Option<(TokenStream, TokenStream)> {
    let accumulation = &accumulation.simplified();
    let (filter, biases, zero_point) = accumulation.int8()?;
    let filter = constants.bytes("FILTER", &pack(filter, depth));
    let bias = bias(biases, constants);
    let (output, stage) = accumulation.emit_output(rows == 1, constants);
    let zero_point = crate::tokens::literals::int(zero_point);
    let depth = crate::tokens::literals::fields(&[("depth", depth)]);
    let packed = quote!(rt::Packed2 {
        #depth
        zero_point: #zero_point,
        filter: #filter,
        bias: #bias,
        output: #output
    });
    Some((packed, stage))
}

/// Biases, in 16 bits if they fit.
pub(crate) fn bias(biases: &[i32], constants: &mut Constants) -> TokenStream {
    let narrow: Result<Vec<i16>, _> = biases.iter().map(|&b| i16::try_from(b)).collect();
    match narrow {
        Ok(biases) => {
            let list = constants.int16s("BIAS", &biases);
            quote!(rt::Bias::Narrow(#list))
        }
        Err(_) => {
            let list = constants.words("BIAS", biases);
            quote!(rt::Bias::Wide(#list))
        }
    }
}

/// The inputs of two output pixels, in 16 bits.
pub(crate) fn columns(depth: usize) -> (ElementType, usize) {
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
