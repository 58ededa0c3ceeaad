//! Kernels for targets with wide SIMD registers. Loops are written once, over
//! [`Isa`]: sixteen sums at a time. [`Plain`] is the definition, in plain Rust;
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
//! - *Int8*: outputs of stages with [`BlockStage::scales`] are int8, so that a pointer to them is one
//!   to bytes.

#[cfg(target_arch = "aarch64")]
#[path = "aarch64.rs"]
mod target;
#[cfg(target_arch = "wasm32")]
#[path = "wasm32.rs"]
mod target;
#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod target;

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

#[cfg(target_arch = "x86_64")]
mod average;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_depthwise;
#[cfg(target_arch = "x86_64")]
mod avx2_pairs;
#[cfg(target_arch = "x86_64")]
mod avx2_requantize;
#[cfg(target_arch = "x86_64")]
mod avx2_row;
#[cfg(target_arch = "x86_64")]
mod avx2_sparse;
#[cfg(target_arch = "x86_64")]
mod avx2_sums;
#[cfg(target_arch = "x86_64")]
mod avx2_windows;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_requantize;
#[cfg(target_arch = "x86_64")]
mod avx512_sparse;
#[cfg(target_arch = "x86_64")]
mod columns;
mod depthwise;
#[cfg(target_arch = "x86_64")]
mod few;
#[cfg(not(target_arch = "x86_64"))]
mod four;
mod gemm;
mod isa;
mod level;
#[cfg(target_arch = "x86_64")]
mod narrow;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod one;
mod plain;
mod ready;
mod rows;
#[cfg(target_arch = "x86_64")]
mod shift;
#[cfg(target_arch = "wasm32")]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sparse;
#[cfg(target_arch = "x86_64")]
mod strips;
#[cfg(target_arch = "x86_64")]
mod sum;
mod table;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod whole;
#[cfg(target_arch = "x86_64")]
mod winograd;
#[cfg(target_arch = "x86_64")]
mod winograd_avx2;
#[cfg(target_arch = "x86_64")]
mod winograd_avx512;

#[cfg(target_arch = "x86_64")]
pub(crate) use average::Average;
#[cfg(target_arch = "x86_64")]
pub(crate) use columns::Direct;
pub(crate) use depthwise::Plane;
pub(crate) use gemm::Pixels;
pub(crate) use isa::LANES;
pub use isa::{BlockKernels, BlockStage};
#[cfg(target_arch = "x86_64")]
pub(crate) use level::level;
pub use level::{Level, all_levels, available, force, levels};
pub use ready::{Ready, Scales, ready};
#[cfg(target_arch = "x86_64")]
pub(crate) use shift::{Lines, pad_apart, pad_lines};
#[cfg(target_arch = "x86_64")]
pub use sum::Addend;
#[cfg(target_arch = "x86_64")]
pub(crate) use sum::Sum;
pub(crate) use table::{look_up, look_up_in_place};
pub(crate) use target::depthwise_plane;
#[cfg(target_arch = "x86_64")]
pub(crate) use target::{
    dense_is_done, direct_is_done, gemm_sparse, narrow_is_done, tiles_are_done,
};
#[cfg(target_arch = "x86_64")]
pub(crate) use winograd::Tiled;

use crate::ops::Blocks;

/// What is XORed to inputs before kernels read them. VPDPBUSD multiplies unsigned
/// bytes by signed ones: inputs are 128 more than they are, and biases make up for it.
pub(crate) const SHIFT: i8 = if cfg!(target_arch = "x86_64") {
    -128
} else {
    0
};

/// Pixels by channels.
#[inline(always)]
pub(crate) fn multiply<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    #[cfg(target_arch = "x86_64")]
    if p.output.addend().is_some() {
        target::gemm_added(p, pixels, output);
        return;
    }
    if pixels.is_single() {
        target::gemm_pixel(p, pixels, output);
    } else {
        target::gemm_pixels(p, pixels, output);
    }
}
