//! x86_64-i8-avx512vnni, MR x NR = 1x64, KC = 4: one row by all channels, if truncation gives all
//! outputs. The next layer waits for these, so nothing is spilled between accumulation and store,
//! and several sums for each block hide the latency of VPDPBUSD. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_tile::{Tile, strip_width};
use crate::simd::shared::isa::Isa;
use crate::simd::shared::pixels::Pixels;
use crate::simd::x86_64::avx512::isa::Avx512;
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};

/// One pixel with inputs side by side, by all channels.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn gemv<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*; *Covered*, by `Row::new`; *Int8*.
    unsafe {
        let Some((row, blocks)) = Row::new(p, pixels, output) else {
            gemm::gemv::<Avx512, S>(p, pixels, output);
            return;
        };
        match (pixels.raw, row.scales.are_one_sided()) {
            (true, true) => row.run::<true, true>(0, blocks),
            (true, false) => row.run::<true, false>(0, blocks),
            (false, true) => row.run::<false, true>(0, blocks),
            (false, false) => row.run::<false, false>(0, blocks),
        }
    }
}

/// One row of inputs, and where the weights, biases, multipliers and outputs of all blocks are.
pub(crate) struct Row<'a> {
    /// Pointer to the first input.
    pub(crate) input: *const i8,
    /// Number of groups of four inputs.
    pub(crate) groups: usize,
    /// Pointer to the weights: see `simd`.
    pub(crate) filter: *const u8,
    /// The biases of the first block.
    pub(crate) bias: *const [i32; LANES],
    /// Multipliers and the output's range.
    pub(crate) scales: RequantParams<'a>,
    channels: usize,
    to: *mut i8,
}

impl<'a> Row<'a> {
    /// The row and the number of blocks; none if outputs are not int8, or if truncation does not
    /// give all of them. What it points to is *Covered*.
    #[inline(always)]
    pub(crate) fn new<S: Packed16Stage>(
        p: &'a Packed16<'_, S>,
        pixels: &Pixels<'_>,
        output: &mut [S::Element],
    ) -> Option<(Self, usize)> {
        let (_, blocks) = Tile::new(p, pixels, output)?;
        let scales = p.output.scales()?;
        let row = Self {
            input: pixels.bytes.as_ptr(),
            groups: pixels.groups,
            filter: p.filter.as_ptr(),
            bias: p.bias.as_ptr(),
            scales,
            channels: p.channels,
            to: output.as_mut_ptr().cast(),
        };
        // SAFETY: *Tile* 3.
        unsafe { are_truncated(&scales, blocks) }.then_some((row, blocks))
    }

    /// The blocks from `first` on, of `blocks`.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of all
    /// blocks. *Int8*.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(crate) unsafe fn run<const RAW: bool, const ONE_SIDED: bool>(
        &self,
        first: usize,
        blocks: usize,
    ) {
        let mut block = first;
        while block < blocks {
            let width = strip_width(blocks - block);
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

    /// Computes `N` blocks, each in `SUMS` sums that are added up at the end: a single sum would wait
    /// for itself.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: inputs, weights, biases, multipliers and outputs of `N`
    /// blocks. *Int8*.
    #[inline(always)]
    pub(crate) unsafe fn strip<
        const N: usize,
        const SUMS: usize,
        const RAW: bool,
        const ONE_SIDED: bool,
    >(
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

    /// Requantizes and stores the sums of `N` blocks, which include biases.
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
            let by = Requantize::<N>::new_for_few_sums(block, &self.scales);
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

/// Loads four inputs for all channels; `RAW` says that they are as in a tensor.
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
