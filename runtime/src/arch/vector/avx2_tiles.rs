//! Pixels by channels with AVX2. Inputs and weights are widened once, to pairs of 16-bit
//! numbers, for many products: the weights of some blocks for all pixels, the inputs of a few
//! pixels for these blocks.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use super::SHIFT;
use super::avx2::{Avx2, pairs, products};
use super::avx2_windows;
use super::gemm::{self, Pixels};
use super::isa::{BlockStage, Isa};
use super::tile::{Cursor, Tile};
use crate::ops::Blocks;

/// Pixels at once, two registers of sums each: with six, LLVM keeps sums in memory.
const PIXELS: usize = 5;

/// Groups of four inputs that there is room for: the weights of as many for a block.
const GROUPS: usize = 288;

/// Groups in a register.
const CHUNK: usize = 8;

/// Pairs of 16-bit numbers: first and third inputs of all groups, second and fourth ones, and
/// a register more of each.
type Inputs = [[i32; GROUPS + CHUNK]; 2];

/// Widened numbers.
struct Room {
    weights: [MaybeUninit<<Avx2 as Isa>::Weights>; GROUPS],
    inputs: [MaybeUninit<Inputs>; PIXELS],
}

/// All pixels by all channels.
#[inline(always)]
pub(super) unsafe fn all<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        return;
    };
    // SAFETY: the caller's promises.
    if unsafe { avx2_windows::is_done(&tile, p.filter, blocks, output) } {
        return;
    }
    let groups = pixels.groups * pixels.segments.len();
    if groups > GROUPS {
        // SAFETY: the caller's promises.
        unsafe { gemm::all::<Avx2, S, 4, 4, 4>(p, pixels, output) };
        return;
    }
    let mut room = Room {
        weights: [const { MaybeUninit::uninit() }; GROUPS],
        inputs: [const { MaybeUninit::uninit() }; PIXELS],
    };
    let at_once = GROUPS / groups;
    let mut first = 0;
    while first < blocks {
        let count = at_once.min(blocks - first);
        // SAFETY: there is room for the weights of `count` blocks.
        unsafe {
            for n in 0..count {
                let block = first + n;
                let (begin, width) = gemm::strip_of(block, blocks);
                let strip = tile.strip(p.filter, begin, width).part(block - begin);
                for group in 0..groups {
                    room.weights[n * groups + group].write(Avx2::weights(strip.group(group)));
                }
            }
            let mut cursor = Cursor::default();
            let mut at = 0;
            while at < tile.count {
                let left = tile.count - at;
                let tiles = [at, first, count];
                at += match left {
                    1 => room.tile::<S, 1>(&tile, tiles, &mut cursor, output),
                    2 | 3 => room.tile::<S, 3>(&tile, tiles, &mut cursor, output),
                    _ => room.tile::<S, PIXELS>(&tile, tiles, &mut cursor, output),
                };
            }
        }
        first += count;
    }
}

impl Room {
    /// The outputs of `M` pixels, `at` the first one, and of `count` blocks. Gives `M`.
    // A function of its own has all registers.
    #[inline(never)]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn tile<S: BlockStage, const M: usize>(
        &mut self,
        tile: &Tile<'_, S>,
        [at, first, count]: [usize; 3],
        cursor: &mut Cursor,
        output: &mut [S::Element],
    ) -> usize {
        let pixels = tile.pixels;
        let groups = pixels.segments.len() * pixels.groups;
        let places = cursor.places::<M>(pixels, tile.count - at);
        // SAFETY: the pixels and the blocks' weights are there; the caller's promises.
        unsafe {
            self.widen::<M>(pixels, places);
            for n in 0..count {
                let weights = self.weights.as_ptr().wrapping_add(n * groups);
                let bias = tile.bias_of_block(first + n);
                let sums = sums::<M>(weights.cast(), self.inputs.as_ptr().cast(), bias, groups);
                tile.finish::<Avx2, M, 1>([sums], at, first + n, output);
            }
        }
        M
    }

    /// The inputs of pixels that begin there.
    #[inline(always)]
    unsafe fn widen<const M: usize>(&mut self, pixels: &Pixels<'_>, places: [usize; M]) {
        // SAFETY: all groups of the pixels are there, and room for their chunks.
        unsafe {
            let shift = _mm256_set1_epi8(if pixels.raw { SHIFT } else { 0 });
            for m in 0..M {
                let first = self.inputs[m].as_mut_ptr().cast::<i32>();
                let second = first.wrapping_add(GROUPS + CHUNK);
                let mut begin = 0;
                for &segment in pixels.segments {
                    for chunk in (0..pixels.groups).step_by(CHUNK) {
                        // What is behind the segment is overwritten by the next one.
                        let at = places[m] + segment as usize + 4 * chunk;
                        let bytes = pairs(_mm256_xor_si256(load(pixels.bytes, at), shift));
                        let to = begin + chunk;
                        _mm256_storeu_si256(first.wrapping_add(to).cast(), bytes[0]);
                        _mm256_storeu_si256(second.wrapping_add(to).cast(), bytes[1]);
                    }
                    begin += pixels.groups;
                }
            }
        }
    }
}

/// 32 bytes, fewer where there are no more.
#[inline(always)]
unsafe fn load(bytes: &[i8], at: usize) -> __m256i {
    // SAFETY: as many bytes as there are; AVX2 is enabled.
    unsafe {
        let from = bytes.as_ptr().wrapping_add(at);
        if at + 32 <= bytes.len() {
            return _mm256_loadu_si256(from.cast());
        }
        let mut all = [0_i8; 32];
        core::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), bytes.len() - at);
        _mm256_loadu_si256(all.as_ptr().cast())
    }
}

/// The sums of `M` pixels and a block.
#[inline(always)]
unsafe fn sums<const M: usize>(
    weights: *const <Avx2 as Isa>::Weights,
    inputs: *const Inputs,
    bias: *const i32,
    groups: usize,
) -> [<Avx2 as Isa>::Sums; M] {
    // SAFETY: weights, inputs and biases are there; AVX2 is enabled.
    unsafe {
        let mut sums = [Avx2::begin(bias); M];
        for group in 0..groups {
            for half in 0..2 {
                let weights = (*weights.wrapping_add(group))[half];
                for m in 0..M {
                    // No reference: not all of them have been written.
                    let x = (&raw const (*inputs.wrapping_add(m))[half][group]).read();
                    let x = _mm256_set1_epi32(x);
                    sums[m] = Avx2::add(sums[m], products(x, weights));
                }
            }
        }
        sums
    }
}
