//! Matrix products for every instruction set: which tile comes after which. Tests:
//! `kernels/packed16_tests.rs`, `tests/tests/simd_levels/`, `tests/cross`.

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::shared::gemm_tile::{Tile, strip_width};
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;

/// All pixels by all channels, a block of sixteen channels after the other, `M` pixels at once;
/// `output` has `channels` elements for each pixel.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn gemm<I: Isa, S: Packed16Stage, const M: usize>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let mut block = 0;
    while block < blocks {
        let width = strip_width(blocks - block);
        let strip = tile.strip(p.filter, block, width);
        for n in 0..width {
            // SAFETY: *Enabled*, *Tile*.
            unsafe {
                if pixels.raw {
                    tile.column::<I, M, 1, true>(strip.part(n), output);
                } else {
                    tile.column::<I, M, 1, false>(strip.part(n), output);
                }
            }
        }
        block += width;
    }
}

/// One pixel with inputs side by side, by all channels: one row times a matrix.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn gemv<I: Isa, S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe {
        if pixels.raw {
            gemv_of::<I, S, true>(p, pixels, output);
        } else {
            gemv_of::<I, S, false>(p, pixels, output);
        }
    }
}

/// One pixel by all channels; `RAW` says that its inputs are as they are in a tensor.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn gemv_of<I: Isa, S: Packed16Stage, const RAW: bool>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    };
    let mut block = 0;
    while block < blocks {
        let width = strip_width(blocks - block);
        // SAFETY: *Enabled*, *Tile*.
        unsafe {
            let strip = tile.strip(p.filter, block, width);
            match width {
                4 if I::WIDE => tile.single::<I, 4, RAW>(strip, output),
                2 if I::WIDE => tile.single::<I, 2, RAW>(strip, output),
                _ => {
                    for n in 0..width {
                        tile.single::<I, 1, RAW>(strip.part(n), output);
                    }
                }
            }
        }
        block += width;
    }
}
