//! x86_64-i8-avx512vnni, NR = 64, KC = 4: one row with many zeros, if truncation gives all outputs. See
//! `common/gemv_zero_skip.rs` for the layout of weights. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::shared::gemm_tile::strip_width;
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx512::isa::{Avx512, interleave};
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};
use crate::simd::x86_64::common::gemv_zero_skip::{self as zero_skip, Nonzero, STRIP, fits};

/// One row by all channels; the weights of inputs that are zero are not read.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn gemv_zero_skip<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*; *Rows*, by `Layer::new`.
    unsafe {
        match Layer::new(p, rows, input, output) {
            None => gemv_in_integers(p, rows, input, output),
            Some(layer) if layer.scales.are_one_sided() => layer.run::<true>(input),
            Some(layer) => layer.run::<false>(input),
        }
    }
}

/// All channels where truncation does not give the outputs; out of the way of the usual case.
///
/// # Safety
/// *Enabled*.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn gemv_in_integers<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { zero_skip::gemv_zero_skip::<Avx512, S>(p, rows, input, output) };
}

/// A layer of one row; truncation requantizes all outputs.
pub(crate) struct Layer<'a> {
    /// Pointer to the rows of weights.
    pub(crate) rows: *const u8,
    bias: *const [i32; LANES],
    /// Multipliers and the output's range.
    pub(crate) scales: RequantParams<'a>,
    depth: usize,
    channels: usize,
    to: *mut i8,
}

impl<'a> Layer<'a> {
    /// A layer with all rows, biases, multipliers and outputs (*Rows*); none if truncation
    /// does not give all outputs.
    #[inline(always)]
    pub(crate) fn new<S: Packed16Stage>(
        p: &'a Packed16<'_, S>,
        rows: &[u8],
        input: &[i8],
        output: &mut [S::Element],
    ) -> Option<Self> {
        let scales = p.output.scales()?;
        // SAFETY: there are multipliers for all blocks, as `fits` has said.
        let is_right =
            fits(p, rows, input, output) && unsafe { are_truncated(&scales, p.channels / LANES) };
        is_right.then_some(Self {
            bias: p.bias.as_ptr(),
            rows: rows.as_ptr(),
            scales,
            depth: p.depth,
            channels: p.channels,
            to: output.as_mut_ptr().cast(),
        })
    }

    /// Number of strips of 64 channels.
    #[inline(always)]
    pub(crate) fn count(&self) -> usize {
        self.channels / STRIP
    }

    /// Computes all strips, of the inputs that are not zero.
    ///
    /// # Safety
    /// *Enabled*. *Rows*.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn run<const ONE_SIDED: bool>(&self, input: &[i8]) {
        let mut nonzero = Nonzero::new();
        nonzero.collect(input);
        // SAFETY: *Enabled*, *Rows*.
        unsafe { self.strips::<ONE_SIDED>(&nonzero) };
    }

    /// Computes all strips, from the listed inputs.
    ///
    /// # Safety
    /// *Enabled*. *Rows*.
    #[inline(always)]
    pub(crate) unsafe fn strips<const ONE_SIDED: bool>(&self, nonzero: &Nonzero) {
        let (strips, mut strip) = (self.count(), 0);
        while strip < strips {
            let width = strip_width(strips - strip);
            // SAFETY: the strips are there; *Enabled*, *Rows*.
            unsafe {
                match width {
                    4 => self.side_by_side::<4, ONE_SIDED>(nonzero, strip),
                    2 => self.side_by_side::<2, ONE_SIDED>(nonzero, strip),
                    _ => self.side_by_side::<1, ONE_SIDED>(nonzero, strip),
                }
            }
            strip += width;
        }
    }

    /// Computes `N` strips with rows side by side.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for `N` strips from `strip` on.
    #[inline(always)]
    unsafe fn side_by_side<const N: usize, const ONE_SIDED: bool>(
        &self,
        nonzero: &Nonzero,
        strip: usize,
    ) {
        let filter = self.rows.wrapping_add(strip * STRIP * self.depth);
        // SAFETY: rows, biases, multipliers and outputs of the strips are there; *Enabled*.
        unsafe {
            let mut sums = self.biases::<N>(strip);
            let begun = match strip {
                0 => nonzero.add_first(&mut sums, filter),
                _ => 0,
            };
            nonzero.add_others(&mut sums, begun, filter, N * STRIP);
            for n in 0..N {
                let by = Requantize::new_without_single(4 * (strip + n), &self.scales);
                self.finish::<ONE_SIDED>(sums[n], by, strip + n);
            }
        }
    }

    /// Loads the biases of `N` strips.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for `N` strips from `strip` on.
    #[inline(always)]
    pub(crate) unsafe fn biases<const N: usize>(&self, strip: usize) -> [[__m512i; 4]; N] {
        let bias = self.bias.wrapping_add(4 * strip);
        // SAFETY: *Covered*; *Enabled*.
        unsafe {
            let mut sums = [[_mm512_setzero_si512(); 4]; N];
            for k in 0..4 * N {
                sums[k / 4][k % 4] = _mm512_loadu_si512(bias.wrapping_add(k).cast());
            }
            sums
        }
    }

    /// Requantizes and stores the sums of a strip.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for a strip with this number. *Int8*.
    #[inline(always)]
    pub(crate) unsafe fn finish<const ONE_SIDED: bool>(
        &self,
        sums: [__m512i; 4],
        by: Requantize<4>,
        strip: usize,
    ) {
        // SAFETY: *Enabled*, *Rows*, *Int8*.
        unsafe {
            let bytes = in_order(by.requantize::<ONE_SIDED>(sums));
            _mm512_storeu_si512(self.to.wrapping_add(strip * STRIP).cast(), bytes);
        }
    }
}

impl Nonzero {
    /// Adds the products of whole fours among the first 64 inputs to the sums of the first `N`
    /// strips; gives the number of these inputs. They come from a mask, as lists take a while.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of the first `N` strips from `filter` on.
    #[inline(always)]
    pub(crate) unsafe fn add_first<const N: usize>(
        &self,
        sums: &mut [[__m512i; 4]; N],
        filter: *const u8,
    ) -> usize {
        let mut first = self.first;
        let end = first.count_ones() as usize / 4 * 4;
        for four in (0..end).step_by(4) {
            let mut rows = [filter; 4];
            for row in &mut rows {
                *row = row.wrapping_add(first.trailing_zeros() as usize * N * STRIP);
                first &= first.wrapping_sub(1);
            }
            // SAFETY: *Enabled*, *Rows*.
            unsafe { add_four(sums, rows, self.four(four)) };
        }
        end
    }

    /// Adds the products of the listed inputs from number `begun` on; rows of weights are `pitch`
    /// bytes apart.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of `N` strips from `filter` on, `pitch` bytes apart.
    #[inline(always)]
    pub(crate) unsafe fn add_others<const N: usize>(
        &self,
        sums: &mut [[__m512i; 4]; N],
        begun: usize,
        filter: *const u8,
        pitch: usize,
    ) {
        for four in (begun..self.count).step_by(4) {
            // SAFETY: *Enabled*, *Rows*.
            unsafe { add_four(sums, self.rows(four, filter, pitch), self.four(four)) };
        }
    }
}

/// Adds the products of four inputs to the sums of `N` strips; `rows` point to the inputs' weights.
///
/// # Safety
/// *Enabled*. *Covered*: four inputs, and `N` strips of each row.
#[inline(always)]
unsafe fn add_four<const N: usize>(
    sums: &mut [[__m512i; 4]; N],
    rows: [*const u8; 4],
    inputs: *const i8,
) {
    // SAFETY: *Enabled*, *Covered*.
    unsafe {
        let x = Avx512::broadcast4(inputs);
        for n in 0..N {
            let [a, b, c, d] = rows.map(|row| row.wrapping_add(n * STRIP));
            let a = _mm512_loadu_si512(a.cast());
            let b = _mm512_loadu_si512(b.cast());
            let c = _mm512_loadu_si512(c.cast());
            let d = _mm512_loadu_si512(d.cast());
            let weights = interleave([a, b, c, d]);
            for j in 0..4 {
                sums[n][j] = _mm512_dpbusd_epi32(sums[n][j], x, weights[j]);
            }
        }
    }
}
