//! Weighted sums for small cores: weights of two channels side by side, and the scratch memory
//! of the kernels.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, KernelId};
use crate::ops::packing::packed2::pack;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::weighted_sum::Int16Sums;
use crate::ops::shared::window::{self, Window};
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

/// The call of a convolution over int16 inputs, if its sums fit 32 bits; the accumulation has
/// OHWI weights.
pub(crate) fn emit_i16(
    accumulation: &Accumulation,
    window: &Window,
    input_depth: usize,
    constants: &mut Constants,
) -> Option<Emitted> {
    let sums = accumulation.int16()?;
    let depth = sums.filter.len() / sums.bias.len().max(1);
    let filter = constants.bytes("FILTER", &pack(&sums.filter, depth));
    let bias = bias(&sums.bias, constants);
    let output = emit_factors(&sums, constants);
    let window = window::emit(window);
    let sizes = literals::fields(&[("input_depth", input_depth)]);
    let depth = literals::fields(&[("depth", depth)]);
    Some(Emitted {
        parameters_type: quote!(Packed2Conv2d<'static, rt::RequantizeI16Fast<'static>>),
        parameters: quote!(rt::Packed2Conv2d {
            window: #window,
            #sizes
            packed: rt::Packed2 {
                #depth
                zero_point: 0,
                filter: #filter,
                bias: #bias,
                output: #output,
            },
        }),
        function: KernelId::new("conv_2d_packed2_i16"),
    })
}

/// The runtime's `RequantizeI16Fast`, with a factor for each channel.
pub(crate) fn emit_factors(sums: &Int16Sums, constants: &mut Constants) -> TokenStream {
    let factor = constants.words("MULTIPLIER", &sums.factors);
    let (min, max) = sums.activation;
    let (min, max) = (literals::int(min), literals::int(max));
    let shifts = literals::fields(&[("left", sums.left as usize), ("right", sums.right as usize)]);
    quote!(rt::RequantizeI16Fast {
        factor: #factor,
        #shifts
        activation_min: #min,
        activation_max: #max,
    })
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
