//! Matrix products and convolutions whose outputs are an operand of ADD: where there is a
//! kernel for it, outputs meet the other operand before they are stored.

use crate::kernels::add::add_in_place;
use crate::kernels::gemm_packed16::{
    conv_2d_packed16, fully_connected_packed16, fully_connected_xor128,
};
use crate::params::add::Add;
#[cfg(target_arch = "x86_64")]
use crate::params::add::Addend;
use crate::params::gemm_packed16::{Packed16, Packed16Conv2d};
use crate::params::linear::Linear;
use crate::params::requant::RequantParams;
#[cfg(target_arch = "x86_64")]
use {
    crate::kernels::gemm_packed16::{
        conv_2d_inner, fully_connected_inner, fully_connected_xor128_inner,
    },
    crate::params::gemm_packed16::Packed16Stage,
};
#[cfg(target_arch = "x86_64")]
use {crate::params::add::AddF32, crate::simd::dispatch};

/// Parameters of the layer that makes the first operand, and of the addition of another operand of
/// its shape.
#[derive(Clone, Copy, Debug)]
pub struct FusedAdd<P> {
    /// Parameters of the kernel that computes the first operand.
    pub product: P,
    /// Parameters of ADD, for outputs that are stored first.
    pub add: Add,
    /// Factors of ADD in fused steps, for a first operand that counts from its zero point.
    pub linear: Linear,
}

/// [`fully_connected_packed16`], and the sums of outputs and `other`.
pub fn fully_connected_packed16_add(
    p: &FusedAdd<Packed16<'_, RequantParams<'_>>>,
    input: &[i8],
    other: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    #[cfg(target_arch = "x86_64")]
    if let Some(stage) = p.stage(&p.product.output, other, output) {
        fully_connected_inner(&p.product.with(stage), input, output, scratch);
        return;
    }
    fully_connected_packed16(&p.product, input, output, scratch);
    add_in_place(&p.add, output, other);
}

/// [`fully_connected_xor128`], and the sums of outputs and `other`.
pub fn fully_connected_xor128_add(
    p: &FusedAdd<Packed16<'_, RequantParams<'_>>>,
    input: &[i8],
    other: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    #[cfg(target_arch = "x86_64")]
    if let Some(stage) = p.stage(&p.product.output, other, output) {
        fully_connected_xor128_inner(&p.product.with(stage), input, output);
        return;
    }
    fully_connected_xor128(&p.product, input, output, scratch);
    add_in_place(&p.add, output, other);
}

/// [`conv_2d_packed16`], and the sums of outputs and `other`.
pub fn conv_2d_packed16_add(
    p: &FusedAdd<Packed16Conv2d<'_, RequantParams<'_>>>,
    input: &[i8],
    other: &[i8],
    output: &mut [i8],
    scratch: &mut [i8],
) {
    #[cfg(target_arch = "x86_64")]
    {
        let (w, product) = (&p.product.window, &p.product);
        let image = (w.input_height * w.input_width * product.input_depth).max(1);
        let size = (w.output_height * w.output_width * product.gemm.channels).max(1);
        let images = input.chunks_exact(image).zip(other.chunks_exact(size));
        for ((input, other), output) in images.zip(output.chunks_exact_mut(size)) {
            if let Some(stage) = p.stage(&product.gemm.output, other, output) {
                conv_2d_inner(&product.with(stage), input, output, scratch);
            } else {
                conv_2d_packed16(product, input, output, scratch);
                add_in_place(&p.add, output, other);
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        conv_2d_packed16(&p.product, input, output, scratch);
        add_in_place(&p.add, output, other);
    }
}

/// Outputs by `scales`, and sums with an addend.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
struct Added<'a> {
    scales: &'a RequantParams<'a>,
    addend: Addend<'a>,
}

#[cfg(target_arch = "x86_64")]
impl Packed16Stage for Added<'_> {
    type Element = i8;
    const TO_INT8: bool = true;
    const ADDS: bool = true;

    #[inline(always)]
    fn scales(&self) -> Option<RequantParams<'_>> {
        Some(*self.scales)
    }

    #[inline(always)]
    fn finish(&self, sum: i32, channel: usize) -> i8 {
        self.scales.finish(sum, channel)
    }

    #[inline(always)]
    fn addend(&self) -> Option<Addend<'_>> {
        Some(self.addend)
    }

    #[inline(always)]
    fn as_int8_mut<'o>(&self, output: &'o mut [i8]) -> Option<&'o mut [i8]> {
        Some(output)
    }
}

#[cfg(target_arch = "x86_64")]
impl<P> FusedAdd<P> {
    /// The stage that stores sums, if the CPU has a kernel for it.
    #[inline(always)]
    fn stage<'a>(
        &'a self,
        scales: &'a RequantParams<'a>,
        other: &'a [i8],
        output: &[i8],
    ) -> Option<Added<'a>> {
        let (add, fits) = (&self.add, other.len() >= output.len());
        let numbers = self.linear.fused()?;
        let sum = AddF32 {
            min: add.activation_min,
            max: add.activation_max,
            ..numbers
        };
        let addend = Addend { other, sum, add };
        (fits && dispatch::has_gemm_added::<Added<'_>>()).then_some(Added { scales, addend })
    }
}
