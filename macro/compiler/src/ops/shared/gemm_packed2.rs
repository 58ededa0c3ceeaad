//! Weighted sums for small cores: weights of two channels side by side, and the scratch memory
//! of the kernels.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::graph::ElementType;
use crate::ops::packing::packed2::pack;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The runtime's `Packed2` of an int8 operator with OHWI weights, and its type
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
    let zero_point = literals::int(zero_point);
    let depth = literals::fields(&[("depth", depth)]);
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
