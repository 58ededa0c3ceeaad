//! One row of inputs as it lies in a tensor, with AVX-512, if truncation gives all outputs:
//! nothing between sums and outputs but what has to be, since the next layer waits.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::gemm::{Pixels, strip};
use crate::simd::gemm_tile::Tile;
use crate::simd::isa::Isa;
use crate::simd::x86_64::avx512::gemv_w6;
use crate::simd::x86_64::avx512::isa::Avx512;
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};

/// All channels, if this is the way to get them; some have `narrow` weights.
///
/// # Safety
/// *Enabled*.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_run<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    narrow: &[u8],
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    let Some((tile, blocks)) = Tile::new(p, pixels, output) else {
        return false;
    };
    let Some(scales) = tile.stage.scales() else {
        return false;
    };
    // SAFETY: *Tile* 3.
    if unsafe { !are_truncated(&scales, blocks) } {
        return false;
    }
    let row = Row {
        input: pixels.bytes.as_ptr(),
        groups: pixels.groups,
        filter: p.filter.as_ptr(),
        bias: p.bias.as_ptr(),
        scales: &scales,
        channels: p.channels,
        to: output.as_mut_ptr().cast(),
    };
    // SAFETY: *Enabled*; *Covered*, by *Tile*; *Int8*.
    unsafe {
        match (pixels.raw, scales.are_one_sided()) {
            (true, true) => row.run::<true, true>(&[], blocks),
            (true, false) => row.run::<true, false>(&[], blocks),
            (false, true) => row.run::<false, true>(narrow, blocks),
            (false, false) => row.run::<false, false>(narrow, blocks),
        }
    }
    true
}

/// What blocks have in common.
pub(crate) struct Row<'a> {
    pub(crate) input: *const i8,
    pub(crate) groups: usize,
    pub(crate) filter: *const u8,
    pub(crate) bias: *const [i32; LANES],
    scales: &'a RequantParams<'a>,
    channels: usize,
    to: *mut i8,
}

impl Row<'_> {
    /// All blocks.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of all
    /// blocks. *Int8*.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run<const RAW: bool, const ONE_SIDED: bool>(&self, narrow: &[u8], blocks: usize) {
        let mut block = 0;
        if !RAW {
            // SAFETY: *Enabled*, *Covered*.
            block = unsafe { self.w6_strips::<ONE_SIDED>(narrow, blocks) };
        }
        while block < blocks {
            let width = strip(blocks - block);
            // SAFETY: *Enabled*, *Covered*.
            unsafe {
                match width {
                    4 => self.strip::<4, 2, RAW, ONE_SIDED>(block),
                    2 => self.strip::<2, 4, RAW, ONE_SIDED>(block),
                    _ => self.strip::<1, 8, RAW, ONE_SIDED>(block),
                }
            }
            block += width;
        }
    }

    /// Whole strips, the first blocks of which have narrow weights; gives the number of their
    /// blocks. Loads and what decodes weights are busy at the same time.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of all
    /// blocks. *Int8*.
    #[inline(always)]
    unsafe fn w6_strips<const ONE_SIDED: bool>(&self, narrow: &[u8], blocks: usize) -> usize {
        let (size, strips) = (gemv_w6::block_bytes(self.groups), blocks / 4);
        let count = (narrow.len() / size).min(4 * strips);
        if count == 0 || !self.groups.is_multiple_of(gemv_w6::GROUPS) {
            return 0;
        }
        let mut before = 0;
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            let totals = self.totals();
            for strip in 0..strips {
                let weights = narrow.as_ptr().wrapping_add(before * size);
                let end = (count * (strip + 1)).div_ceil(strips);
                let block = 4 * strip;
                match end - before {
                    0 => self.strip::<4, 2, false, ONE_SIDED>(block),
                    1 => self.w6_strip::<1, 3, ONE_SIDED>(weights, totals, block),
                    2 => self.w6_strip::<2, 2, ONE_SIDED>(weights, totals, block),
                    3 => self.w6_strip::<3, 1, ONE_SIDED>(weights, totals, block),
                    _ => self.w6_strip::<4, 0, ONE_SIDED>(weights, totals, block),
                }
                before = end;
            }
        }
        4 * strips
    }

    /// `N` blocks, each in `SUMS` sums: one would wait for itself.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of `N`
    /// blocks. *Int8*.
    #[inline(always)]
    unsafe fn strip<const N: usize, const SUMS: usize, const RAW: bool, const ONE_SIDED: bool>(
        &self,
        block: usize,
    ) {
        let mut w = self.filter.wrapping_add(64 * block * self.groups);
        let mut from = self.input;
        // SAFETY: as many groups of inputs, weights of each block, biases, multipliers and
        // outputs are there.
        unsafe {
            let mut sums = [[_mm512_setzero_si512(); N]; SUMS];
            for n in 0..N {
                sums[0][n] = _mm512_loadu_si512(self.bias.wrapping_add(block + n).cast());
            }
            for _ in 0..self.groups / SUMS {
                for i in 0..SUMS {
                    let x = inputs::<RAW>(from.wrapping_add(4 * i));
                    for n in 0..N {
                        let weights = _mm512_loadu_si512(w.wrapping_add(n * 64).cast());
                        sums[i][n] = _mm512_dpbusd_epi32(sums[i][n], x, weights);
                    }
                    w = w.wrapping_add(N * 64);
                }
                from = from.wrapping_add(4 * SUMS);
            }
            for _ in 0..self.groups % SUMS {
                let x = inputs::<RAW>(from);
                for n in 0..N {
                    let weights = _mm512_loadu_si512(w.wrapping_add(n * 64).cast());
                    sums[0][n] = _mm512_dpbusd_epi32(sums[0][n], x, weights);
                }
                w = w.wrapping_add(N * 64);
                from = from.wrapping_add(4);
            }
            let mut step = SUMS / 2;
            while step > 0 {
                for i in 0..step {
                    for n in 0..N {
                        sums[i][n] = _mm512_add_epi32(sums[i][n], sums[i + step][n]);
                    }
                }
                step /= 2;
            }
            self.finish::<N, ONE_SIDED>(sums[0], block);
        }
    }

    /// From sums, biases included, to outputs of `N` blocks.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: multipliers and outputs of `N` blocks. *Int8*.
    #[inline(always)]
    pub(crate) unsafe fn finish<const N: usize, const ONE_SIDED: bool>(
        &self,
        sums: [__m512i; N],
        block: usize,
    ) {
        // SAFETY: *Enabled*, *Covered*, *Int8*.
        unsafe {
            let by = Requantize::<N>::soon(block, self.scales);
            let words = [sums[0], sums[1 % N], sums[2 % N], sums[3 % N]];
            let bytes = in_order(by.requantize::<ONE_SIDED>(words));
            let to = self.to.wrapping_add(block * LANES);
            let left = self.channels - block * LANES;
            if N == 1 && left == 8 {
                // The next layer's loads would wait for a masked store.
                _mm_storel_epi64(to.cast(), _mm512_castsi512_si128(bytes));
            } else if left < N * LANES {
                _mm512_mask_storeu_epi8(to, (1 << left) - 1, bytes);
            } else if N == 4 {
                _mm512_storeu_si512(to.cast(), bytes);
            } else if N == 2 {
                _mm256_storeu_si256(to.cast(), _mm512_castsi512_si256(bytes));
            } else {
                _mm_storeu_si128(to.cast(), _mm512_castsi512_si128(bytes));
            }
        }
    }
}

/// Four inputs, 128 more than they are.
///
/// # Safety
/// *Enabled*. *Covered*: 4 bytes.
#[inline(always)]
unsafe fn inputs<const RAW: bool>(from: *const i8) -> __m512i {
    // SAFETY: *Covered*.
    unsafe {
        if RAW {
            Avx512::broadcast4_xor128(from)
        } else {
            Avx512::broadcast4(from)
        }
    }
}
