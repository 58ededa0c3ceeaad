//! Kernels for targets with wide SIMD registers. Loops are written once, over
//! [`Isa`]: sixteen sums at a time. [`Generic`] is the definition, in plain Rust;
//! every other instruction set gives the same bytes.
//!
//! # Blocked weights
//! Blocks of sixteen channels, four blocks in a strip (what is left in strips of two
//! and one): four weights of each channel of the strip, then the next four of each,
//! and so on. Depth and channels are filled up with zeros.
//!
//! # What unsafe code relies on
//! `# Safety` sections say which of these a caller has to see to, `SAFETY` comments which of them
//! make a block right. Each has one place that establishes it.
//!
//! - *Enabled*: the CPU has the instruction set of the function's file (or type), and the
//!   function is one with that `target_feature`, or inlined into one. Only [`level()`] says what
//!   the CPU has, and it is never more than `has` has found; the functions of `x86_64.rs` and
//!   `aarch64.rs` choose by it. On AArch64 all CPUs have Advanced SIMD, and WebAssembly with
//!   `simd128` is compiled for it as a whole.
//! - *Covered*: a pointer is valid for the elements that the function names, to read or to write;
//!   no load or store needs an alignment unless it is said. Pointers are taken from slices or
//!   references whose lengths have been compared.
//! - *Tile*, 1 to 4: what [`tile::Tile`] says, by `Tile::new`.
//! - *Plane*, 1 and 2: what [`Plane`] says, by `Plane::fits` and `Plane::period`.
//! - *Rows*: what `sparse::fits` compares.
//! - *Tiled*: what `Tiled::fits` compares.
//! - *Int8*: outputs of stages with [`Packed16Stage::scales`] are int8, so that a pointer to them is one
//!   to bytes.

/// The body for each of some numbers that is below the bound, without a loop.
macro_rules! each {
    ($i:ident in $bound:tt of $($number:literal)* => $body:block) => {
        $(
            if $number < $bound {
                let $i: usize = $number;
                $body
            }
        )*
    };
}

#[cfg(target_arch = "aarch64")]
pub(crate) mod aarch64;
#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64 as target;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wasm32;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm32 as target;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_64;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64 as target;
pub(crate) mod conv_3wide_reuse;
pub(crate) mod dispatch;
pub(crate) mod dwconv;
pub(crate) mod gemm;
pub(crate) mod gemm_tile;
pub(crate) mod generic;
pub(crate) mod isa;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) mod isa128;
pub(crate) mod lut;
#[cfg(test)]
pub(crate) mod tests;

use crate::params::gemm_packed16::Packed16Stage;
#[cfg(target_arch = "x86_64")]
pub(crate) use dispatch::level;
pub(crate) use gemm::Pixels;
#[cfg(target_arch = "x86_64")]
pub(crate) use target::Level;
pub(crate) use target::depthwise_plane;
#[cfg(target_arch = "x86_64")]
pub(crate) use target::{
    gemm_sparse, try_dwconv_unpadded, try_gemm_added, try_gemv_maddubs, try_gemv_w6, try_winograd,
};

use crate::params::gemm_packed16::Packed16;

/// Pixels by channels.
#[inline(always)]
pub(crate) fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    if pixels.is_single() {
        target::gemm_pixel(p, pixels, output);
    } else {
        target::gemm_pixels(p, pixels, output);
    }
}

/// Outputs as int8, if that is what the stage writes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn as_int8<'o, S: Packed16Stage>(
    stage: &S,
    output: &'o mut [S::Element],
) -> Option<&'o mut [i8]> {
    stage.scales()?;
    let (from, len) = (output.as_mut_ptr().cast(), output.len());
    // SAFETY: *Int8*: the stage has scales.
    Some(unsafe { core::slice::from_raw_parts_mut(from, len) })
}
