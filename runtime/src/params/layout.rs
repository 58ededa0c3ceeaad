//! Sizes of the blocks that weights are packed in. The compiler packs, kernels read: emitted
//! modules assert that both use the same sizes ([`PackedLayout`]).

/// Sums, channels or elements that are worked on at once.
pub(crate) const LANES: usize = 16;

/// Output channels of a strip of FULLY_CONNECTED weights that are stored input by input.
pub(crate) const STRIP: usize = 4 * LANES;

/// Most inputs of a row whose zeros are skipped: their positions are bytes.
pub(crate) const ZERO_SKIP_INPUTS: usize = 256;

/// Channels of a block of DEPTHWISE_CONV_2D that kernels take at once.
pub(crate) const DEPTHWISE_BLOCK: usize = 64;

/// Outputs of a tile of Winograd's F(4x4, 3x3) along one dimension.
pub(crate) const WINOGRAD_OUTPUTS: usize = 4;

/// Tiles of F(4x4, 3x3) that are multiplied at once.
pub(crate) const WINOGRAD_TILES: usize = 4;

/// The sizes of this module, by name.
#[derive(Clone, Copy, Debug)]
pub struct PackedLayout {
    /// Output channels of a block of weights.
    pub lanes: usize,
    /// Output channels of a strip of weights that are stored input by input.
    pub strip: usize,
    /// Most inputs of a row whose zeros are skipped.
    pub zero_skip_inputs: usize,
    /// Channels of a block of DEPTHWISE_CONV_2D.
    pub depthwise_block: usize,
    /// Outputs of a tile of Winograd's F(4x4, 3x3) along one dimension.
    pub winograd_outputs: usize,
    /// Tiles of F(4x4, 3x3) that are multiplied at once.
    pub winograd_tiles: usize,
}

impl PackedLayout {
    /// Panics, at compile time, if the kernels read weights in another layout.
    pub const fn check(self) {
        assert!(
            self.lanes == LANES
                && self.strip == STRIP
                && self.zero_skip_inputs == ZERO_SKIP_INPUTS
                && self.depthwise_block == DEPTHWISE_BLOCK
                && self.winograd_outputs == WINOGRAD_OUTPUTS
                && self.winograd_tiles == WINOGRAD_TILES,
            "niello and its compiler pack weights in different layouts"
        );
    }
}

/// Inputs are XORed with this number before kernels read them: 0x80 on x86-64, else 0. VPDPBUSD
/// multiplies unsigned by signed bytes: on x86-64, `x ^ 0x80` read as an unsigned byte is
/// `x + 128`, and biases are less by 128 times the sum of weights. Elsewhere products are of signed
/// bytes.
pub(crate) const XOR128: i8 = if cfg!(target_arch = "x86_64") {
    -128
} else {
    0
};

/// Copies bytes in the form that kernels read, `x ^ XOR128`.
#[inline(always)]
pub(crate) fn xor128(from: &[i8], to: &mut [i8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from ^ XOR128;
    }
}
