//! Pairs of products that kernels add in 16 bits: VPMADDUBSW does, and saturates.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The largest input: kernels take inputs plus 128.
const LARGEST: i32 = 255;

/// Weights for each saturating pair, at least: with more pairs, correcting them costs as much as
/// the other pairs save.
const WEIGHTS_PER_PAIR: usize = 2048;

/// The channel and the first input of each pair.
pub(crate) type SaturatingPairs = Vec<[u16; 2]>;

/// True if the sum of the products fits into 16 bits for all inputs.
fn fits(pair: &[i8]) -> bool {
    let products = |weight: i8| LARGEST * i32::from(weight);
    let most: i32 = pair.iter().map(|&w| products(w.max(0))).sum();
    let least: i32 = pair.iter().map(|&w| products(w.min(0))).sum();
    most <= i32::from(i16::MAX) && least >= i32::from(i16::MIN)
}

/// The pairs of OHWI weights whose two products may have a sum outside of 16 bits: the channel
/// and the first input of each. A pair has the weights of inputs 0 and 1, of 2 and 3 and so on.
/// For tests of the runtime, too.
#[must_use]
pub fn saturating_pairs(filter: &[i8], depth: usize) -> Vec<[u16; 2]> {
    let channels = filter.chunks_exact(depth.max(1)).enumerate();
    let saturating = |(channel, weights): (usize, &[i8])| {
        let pairs = weights.chunks(2).enumerate();
        let saturating = pairs.filter(|(_, pair)| !fits(pair));
        saturating
            .map(|(pair, _)| [channel as u16, 2 * pair as u16])
            .collect::<Vec<_>>()
    };
    channels.flat_map(saturating).collect()
}

/// The saturating pairs of a layer with these OHWI weights, if they are few.
pub(crate) fn if_few(filter: &[i8], depth: usize, channels: usize) -> Option<SaturatingPairs> {
    if depth.max(channels) > usize::from(u16::MAX) {
        return None;
    }
    let pairs = saturating_pairs(filter, depth);
    (pairs.len() <= filter.len() / WEIGHTS_PER_PAIR).then_some(pairs)
}

/// The pairs as the runtime takes them.
pub(crate) fn emit(pairs: Option<&SaturatingPairs>) -> TokenStream {
    let Some(pairs) = pairs else {
        return quote!(None);
    };
    let pairs = pairs.iter().map(|pair| {
        let [channel, input] = pair.map(Literal::u16_unsuffixed);
        quote!([#channel, #input])
    });
    quote!(Some(&[#(#pairs),*]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_fit_if_no_inputs_saturate() {
        let depth = 6;
        let mut filter = vec![0; 3 * depth];
        // 255 * 128 fits, 255 * 129 does not; neighbours of different pairs are not added.
        filter[2..4].copy_from_slice(&[127, 1]);
        filter[depth + 1..depth + 3].copy_from_slice(&[127, 127]);
        filter[2 * depth..2 * depth + 4].copy_from_slice(&[-127, 127, -64, -64]);
        assert!(saturating_pairs(&filter, depth).is_empty());
        filter[3] = 2;
        filter[2 * depth + 2] = -65;
        assert_eq!(saturating_pairs(&filter, depth), [[0, 2], [2, 2]]);
    }
}
