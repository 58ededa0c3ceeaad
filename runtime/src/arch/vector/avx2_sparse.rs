//! `sparse.rs` with AVX2: two rows of weights at once, widened to 16 bits.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx2::{Avx2, Words};
use super::gemm::{Pixels, strip as side_by_side};
use super::isa::{BlockStage, Isa, LANES};
use super::sparse::{Nonzero, STRIP, fits};
use super::tile::Tile;
use crate::ops::Blocks;

/// All channels.
#[inline(always)]
pub(super) unsafe fn strips<S: BlockStage>(
    p: &Blocks<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    let (row, p) = (Pixels::raw_row(input), &Blocks { filter: rows, ..*p });
    let Some((tile, _)) = Tile::new(p, &row, output).filter(|_| fits(p, rows, input, output))
    else {
        return;
    };
    let mut nonzero = Nonzero::new();
    // SAFETY: nothing is asked of the CPU.
    unsafe { nonzero.find::<false>(input) };
    let (mut first, mut width) = (0, 0);
    for strip in 0..p.channels / STRIP {
        if strip == first + width {
            first = strip;
            width = side_by_side(p.channels / STRIP - strip);
        }
        let at = (first * p.depth + strip - first) * STRIP;
        let filter = rows.as_ptr().wrapping_add(at);
        // SAFETY: rows and biases of the strip are there; AVX2 is enabled.
        unsafe {
            let products = products(&nonzero, filter, width * STRIP);
            let mut sums = [[Avx2::zero()]; 4];
            for n in 0..4 {
                let bias = p.bias.as_ptr().wrapping_add(4 * strip + n).cast();
                sums[n] = [Avx2::add(products[n], Avx2::begin(bias))];
            }
            tile.finish::<Avx2, 1, 4>(sums, 0, 4 * strip, output);
        }
    }
}

/// The sums of products of a strip's blocks.
#[inline(always)]
unsafe fn products(nonzero: &Nonzero, filter: *const u8, pitch: usize) -> [Words; 4] {
    // SAFETY: the inputs' rows of 64 bytes are there; AVX2 is enabled.
    unsafe {
        // By lanes of 16 bytes of a row: the first and third four of both its halves, and the
        // second and last four.
        let mut sums = [[_mm256_setzero_si256(); 2]; 4];
        for two in (0..nonzero.count).step_by(2) {
            let ([a, b], values) = nonzero.two(two, filter, pitch);
            let values = _mm256_set1_epi32(values);
            for lane in 0..4 {
                let a = _mm_loadu_si128(a.wrapping_add(LANES * lane).cast());
                let b = _mm_loadu_si128(b.wrapping_add(LANES * lane).cast());
                let (a, b) = (_mm256_cvtepi8_epi16(a), _mm256_cvtepi8_epi16(b));
                let pairs = [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)];
                for i in 0..2 {
                    let products = _mm256_madd_epi16(pairs[i], values);
                    sums[lane][i] = _mm256_add_epi32(sums[lane][i], products);
                }
            }
        }
        // Block `j` has four channels of each lane.
        let mut words = [[_mm256_setzero_si256(); 2]; 4];
        for i in 0..2 {
            for half in 0..2 {
                let (low, high) = (sums[2 * half][i], sums[2 * half + 1][i]);
                words[i][half] = _mm256_permute2x128_si256::<0x20>(low, high);
                words[i + 2][half] = _mm256_permute2x128_si256::<0x31>(low, high);
            }
        }
        words
    }
}
