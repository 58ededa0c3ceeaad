//! Kernels that write some of the channels of a tensor, with the stride of the whole tensor: operands
//! of CONCATENATION that are never tensors of their own.

use crate::kernels::copy::copy;
use crate::kernels::gemm_packed16::{
    conv_2d_packed16, fully_connected_packed16, fully_connected_xor128,
};
use crate::params::gemm_packed16::{Packed16, Packed16Conv2d};
use crate::params::requant::RequantParams;

/// Parameters of [`concat_slice`]: one operand of a concatenation.
#[derive(Clone, Copy, Debug)]
pub struct ConcatSlice<P> {
    /// Parameters of the kernel that computes the channels.
    pub product: P,
    /// Number of the first channel in the result of the concatenation.
    pub begin: usize,
}

/// Something that writes channels of pixels, beginning with the first pixel's.
pub trait WritesChannels {
    /// Computes the channels of all pixels.
    fn write(&self, input: &[i8], output: &mut [i8], scratch: &mut [i8]);
}

/// A layer whose rows their producer has XORed with 0x80: see [`fully_connected_xor128`].
#[derive(Clone, Copy, Debug)]
pub struct Xor128Rows<P>(pub P);

/// Channels that are copied from a tensor as they are.
#[derive(Clone, Copy, Debug)]
pub struct Copied {
    /// Number of channels that are copied.
    pub channels: usize,
    /// Elements from a pixel's outputs to the next pixel's.
    pub output_stride: usize,
}

impl WritesChannels for Packed16<'_, RequantParams<'_>> {
    fn write(&self, input: &[i8], output: &mut [i8], scratch: &mut [i8]) {
        fully_connected_packed16(self, input, output, scratch);
    }
}

impl WritesChannels for Xor128Rows<Packed16<'_, RequantParams<'_>>> {
    fn write(&self, input: &[i8], output: &mut [i8], scratch: &mut [i8]) {
        fully_connected_xor128(&self.0, input, output, scratch);
    }
}

impl WritesChannels for Packed16Conv2d<'_, RequantParams<'_>> {
    fn write(&self, input: &[i8], output: &mut [i8], scratch: &mut [i8]) {
        conv_2d_packed16(self, input, output, scratch);
    }
}

impl WritesChannels for Copied {
    fn write(&self, input: &[i8], output: &mut [i8], _: &mut [i8]) {
        let pixels = output.chunks_mut(self.output_stride.max(1));
        for (output, input) in pixels.zip(input.chunks_exact(self.channels.max(1))) {
            copy(input, output);
        }
    }
}

/// Writes some channels; the others of the output are anything.
#[inline(always)]
pub fn concat_slice<P: WritesChannels>(
    p: &ConcatSlice<P>,
    input: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    debug_assert!(p.begin <= output.len(), "the output is too short");
    if let Some(output) = output.get_mut(p.begin..) {
        p.product.write(input, output, scratch);
    }
}

/// Writes some channels into a tensor that has others.
#[inline(always)]
pub fn concat_slice_in_place<P: WritesChannels>(
    p: &ConcatSlice<P>,
    in_out: &mut [i8],
    scratch: &mut [i8],
    input: &[i8],
) {
    concat_slice(p, input, in_out, scratch);
}

/// Computes the channels and copies the other channels from `others`.
#[inline(always)]
pub fn concat_slice_copy<P: WritesChannels>(
    p: &ConcatSlice<P>,
    input: &[i8],
    others: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    copy(others, output);
    concat_slice(p, input, output, scratch);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_channels_stay_or_are_copied() {
        let product = Copied {
            channels: 2,
            output_stride: 5,
        };
        let p = ConcatSlice { product, begin: 3 };
        let mut output = [9; 10];
        concat_slice(&p, &[1, 2, 3, 4], &mut output, &mut []);
        assert_eq!(output, [9, 9, 9, 1, 2, 9, 9, 9, 3, 4]);
        let others = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        concat_slice_copy(&p, &[-1, -2, -3, -4], &others, &mut output, &mut []);
        assert_eq!(output, [0, 1, 2, -1, -2, 5, 6, 7, -3, -4]);
        concat_slice_in_place(&p, &mut output, &mut [], &[7, 7]);
        assert_eq!(output, [0, 1, 2, 7, 7, 5, 6, 7, -3, -4]);
    }
}
