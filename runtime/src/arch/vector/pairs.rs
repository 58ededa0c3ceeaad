//! Windows over images of few channels, to eight output channels: two neighbouring
//! pixels share a vector. The inputs of both lie in sixteen bytes, from which byte
//! shuffles take them: there are half as many products, loads and requantizations.

use core::arch::x86_64::*;

use super::avx512::Avx512;
use super::gemm::Pixels;
use super::isa::{BlockStage, Isa, LANES};
use super::ready::{Ready, Scales};
use super::tile::{Cursor, Tile};
use crate::ops::Blocks;

/// Output channels.
const CHANNELS: usize = 8;

/// Pairs that are worked on at once.
const AT_ONCE: usize = 8;

/// All pixels, if there are as many channels and the inputs of pairs lie close enough.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn is_done<S: BlockStage>(
    p: &Blocks<'_, S>,
    pixels: Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let Some(scales) = p.output.scales() else {
        return false;
    };
    let (Some(&[bias]), Some(&ready)) = (p.bias.first_chunk(), scales.channels.first()) else {
        return false;
    };
    let groups = pixels.groups * pixels.segments.len();
    let fits = p.channels == CHANNELS
        && pixels.step + pixels.run <= LANES
        && pixels.width.is_multiple_of(2)
        && pixels.rest >= LANES
        && p.filter.len() >= groups * 4 * LANES
        && output.len() >= pixels.count * CHANNELS
        && !pixels.raw;
    if !fits {
        return false;
    }
    let channels = [ready.twice()];
    let twice = Blocks {
        depth: p.depth,
        channels: LANES,
        zero_point: p.zero_point,
        filter: p.filter,
        bias: &[core::array::from_fn(|i| bias[i % CHANNELS])],
        output: Scales {
            channels: &channels,
            ..scales
        },
    };
    let pairs = Pixels {
        count: pixels.count / 2,
        width: pixels.width / 2,
        step: pixels.step * 2,
        ..pixels
    };
    // SAFETY: a stage with scales has int8 outputs.
    let output =
        unsafe { core::slice::from_raw_parts_mut(output.as_mut_ptr().cast::<i8>(), output.len()) };
    let Some((tile, _)) = Tile::new(&twice, pairs, output) else {
        return false;
    };
    // SAFETY: sixteen bytes are there wherever a window's run begins.
    unsafe { tile.pairs(p.filter, pixels.step as i32, output) };
    true
}

impl Tile<'_, Scales<'_>> {
    /// All pairs of pixels; `step` bytes from a pair's first inputs to its second ones.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn pairs(&self, filter: &[u8], step: i32, output: &mut [i8]) {
        let Pixels {
            segments, groups, ..
        } = self.pixels;
        let strip = self.strip(filter, 0, 1);
        // Which bytes of sixteen are the first group of each pixel.
        let (first, four) = (0x0302_0100, 0x0404_0404);
        let second = _mm256_set1_epi32(first + step * 0x0101_0101);
        let begin = _mm512_inserti64x4::<1>(_mm512_set1_epi32(first), second);
        let mut cursor = Cursor::default();
        let mut at = 0;
        while at < self.count {
            let places = cursor.places::<AT_ONCE>(&self.pixels, self.count - at);
            // SAFETY: sixteen bytes lie where a run begins; weights and biases are there.
            unsafe {
                let mut w = strip.weights();
                let mut sums = [[Avx512::begin(self.bias_of(strip)); AT_ONCE]];
                for &segment in segments {
                    let from = self.pixels.bytes.as_ptr().wrapping_add(segment as usize);
                    let mut inputs = [_mm512_setzero_si512(); AT_ONCE];
                    for m in 0..AT_ONCE {
                        let x = _mm_loadu_si128(from.wrapping_add(places[m]).cast());
                        inputs[m] = _mm512_broadcast_i32x4(x);
                    }
                    let mut order = begin;
                    for _ in 0..groups {
                        // The same eight channels for both pixels.
                        let weights = Avx512::weights(w);
                        let weights = _mm512_shuffle_i64x2::<0x44>(weights, weights);
                        for m in 0..AT_ONCE {
                            let x = _mm512_shuffle_epi8(inputs[m], order);
                            sums[0][m] = Avx512::dot(sums[0][m], x, weights);
                        }
                        order = _mm512_add_epi8(order, _mm512_set1_epi32(four));
                        w = w.wrapping_add(4 * LANES);
                    }
                }
                self.finish::<Avx512, AT_ONCE, 1>(sums, at, 0, output);
            }
            at += AT_ONCE;
        }
    }
}

impl Ready {
    /// The first eight channels, twice.
    fn twice(&self) -> Self {
        macro_rules! all {
            ($($field:ident)*) => {
                Self { $($field: core::array::from_fn(|i| self.$field[i % CHANNELS]),)* }
            };
        }
        all!(upper lower start factor above nudge multiplier left right half sign)
    }
}
