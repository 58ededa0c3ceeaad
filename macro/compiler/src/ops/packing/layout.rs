//! Sizes of the blocks that weights are packed in for wide registers. The runtime has the same
//! ones in its `params/layout.rs`; [`check`] makes the emitted module assert it.

use proc_macro2::TokenStream;
use quote::quote;

use crate::tokens::literals::fields;

/// Output channels of a block of weights.
pub(crate) const LANES: usize = 16;

/// Output channels of a strip of weights that are stored input by input.
pub(crate) const STRIP: usize = 4 * LANES;

/// Most inputs of a row whose zeros are skipped: their positions are bytes.
pub(crate) const ZERO_SKIP_INPUTS: usize = 256;

/// Channels of a block of DEPTHWISE_CONV_2D that kernels take at once.
pub(crate) const DEPTHWISE_BLOCK: usize = 64;

/// Outputs of a tile of Winograd's F(4x4, 3x3) along one dimension.
pub(crate) const WINOGRAD_OUTPUTS: usize = 4;

/// Tiles of F(4x4, 3x3) that are multiplied at once.
pub(crate) const WINOGRAD_TILES: usize = 4;

/// An assertion of the emitted module: the runtime's kernels read these sizes.
pub(crate) fn check() -> TokenStream {
    let sizes = fields(&[
        ("lanes", LANES),
        ("strip", STRIP),
        ("zero_skip_inputs", ZERO_SKIP_INPUTS),
        ("depthwise_block", DEPTHWISE_BLOCK),
        ("winograd_outputs", WINOGRAD_OUTPUTS),
        ("winograd_tiles", WINOGRAD_TILES),
    ]);
    quote!(const _: () = rt::PackedLayout { #sizes }.check();)
}
