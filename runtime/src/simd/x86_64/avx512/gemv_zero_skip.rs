//! `sparse.rs` with AVX-512, if truncation gives all outputs.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::INPUT_XOR;
use crate::params::layout::LANES;
use crate::params::requant::RequantParams;
use crate::simd::dispatch::level;
use crate::simd::gemm::strip as side_by_side;
use crate::simd::isa::Isa;
use crate::simd::target::Level;
use crate::simd::x86_64::avx512::isa::{Avx512, interleave};
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, in_order};
use crate::simd::x86_64::gemv_zero_skip::{MOST, Nonzero, STRIP, any, fits};

/// All channels, out of the way of the usual case.
///
/// # Safety
/// *Enabled*.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn exactly<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: *Enabled*.
    unsafe { any::<Avx512, S>(p, rows, input, output) };
}

/// All channels.
///
/// # Safety
/// *Enabled*.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn strips<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    // SAFETY: there are multipliers and outputs for all strips; the level is what the CPU
    // has; *Enabled*.
    unsafe {
        let truncated = |scales: &RequantParams<'_>| {
            fits(p, rows, input, output) && are_truncated(scales, p.channels / LANES)
        };
        let Some(scales) = p.output.scales().filter(truncated) else {
            return exactly(p, rows, input, output);
        };
        let layer = Layer {
            bias: p.bias.as_ptr(),
            rows: rows.as_ptr(),
            scales: &scales,
            depth: p.depth,
            channels: p.channels,
            to: output.as_mut_ptr().cast(),
        };
        match (level() >= Level::Avx512Vbmi, scales.are_one_sided()) {
            (true, true) => layer.with_vbmi::<true>(input),
            (true, false) => layer.with_vbmi::<false>(input),
            (false, true) => layer.without_vbmi::<true>(input),
            (false, false) => layer.without_vbmi::<false>(input),
        }
    }
}

/// What strips have in common; truncation requantizes all of them.
struct Layer<'a> {
    rows: *const u8,
    bias: *const [i32; LANES],
    scales: &'a RequantParams<'a>,
    depth: usize,
    channels: usize,
    to: *mut i8,
}

impl Layer<'_> {
    /// All strips, with VBMI.
    ///
    /// # Safety
    /// *Enabled* (VBMI, VBMI2, BMI1 and POPCNT, too). *Rows*.
    #[inline(never)]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2,bmi1,popcnt"
    )]
    unsafe fn with_vbmi<const ONE_SIDED: bool>(&self, input: &[i8]) {
        // SAFETY: *Enabled*, *Rows*.
        unsafe { self.strips::<true, ONE_SIDED>(input) };
    }

    /// All strips, without VBMI.
    ///
    /// # Safety
    /// *Enabled*. *Rows*.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn without_vbmi<const ONE_SIDED: bool>(&self, input: &[i8]) {
        // SAFETY: *Enabled*, *Rows*.
        unsafe { self.strips::<false, ONE_SIDED>(input) };
    }

    /// All strips.
    ///
    /// # Safety
    /// *Enabled*. *Rows*.
    #[inline(always)]
    unsafe fn strips<const VBMI: bool, const ONE_SIDED: bool>(&self, input: &[i8]) {
        let mut nonzero = Nonzero::new();
        let strips = self.channels / STRIP;
        let mut strip = 0;
        // SAFETY: the strips are there; *Enabled*, *Rows*.
        unsafe {
            if VBMI {
                nonzero.compress(input);
            } else {
                nonzero.collect(input);
            }
            if VBMI && strips == 2 {
                return self.both::<ONE_SIDED>(&nonzero);
            }
            while strip < strips {
                let width = side_by_side(strips - strip);
                match width {
                    4 => self.some::<4, ONE_SIDED>(&nonzero, strip),
                    2 => self.some::<2, ONE_SIDED>(&nonzero, strip),
                    _ => self.some::<1, ONE_SIDED>(&nonzero, strip),
                }
                strip += width;
            }
        }
    }

    /// `N` strips.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for `N` strips from `strip` on.
    #[inline(always)]
    unsafe fn some<const N: usize, const ONE_SIDED: bool>(&self, nonzero: &Nonzero, strip: usize) {
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
                let by = Requantize::once(4 * (strip + n), self.scales);
                self.finish::<ONE_SIDED>(sums[n], by, strip + n);
            }
        }
    }

    /// Two strips that are all of the layer. The next layer can begin with the outputs of the
    /// first one while the second one waits for its last weights.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for two strips.
    #[inline(always)]
    unsafe fn both<const ONE_SIDED: bool>(&self, nonzero: &Nonzero) {
        // SAFETY: rows, biases, multipliers and outputs of the strips are there; *Enabled*.
        unsafe {
            let mut sums = self.biases::<2>(0);
            let begun = nonzero.add_first(&mut sums, self.rows);
            // Not a loop, which would keep sums in memory.
            let [first, second] = sums;
            self.one_of_two::<ONE_SIDED>(nonzero, begun, first, 0);
            self.one_of_two::<ONE_SIDED>(nonzero, begun, second, 1);
        }
    }

    /// One of two strips side by side, with the sums of so many inputs.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for two strips.
    #[inline(always)]
    unsafe fn one_of_two<const ONE_SIDED: bool>(
        &self,
        nonzero: &Nonzero,
        begun: usize,
        sums: [__m512i; 4],
        strip: usize,
    ) {
        let (mut sums, filter) = ([sums], self.rows.wrapping_add(strip * STRIP));
        // SAFETY: rows, multipliers and outputs of the strip are there; *Enabled*.
        unsafe {
            nonzero.add_others(&mut sums, begun, filter, 2 * STRIP);
            let by = Requantize::soon(4 * strip, self.scales);
            self.finish::<ONE_SIDED>(sums[0], by, strip);
        }
    }

    /// The biases of `N` strips.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for `N` strips from `strip` on.
    #[inline(always)]
    unsafe fn biases<const N: usize>(&self, strip: usize) -> [[__m512i; 4]; N] {
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

    /// From sums to outputs of a strip.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, for a strip with this number. *Int8*.
    #[inline(always)]
    unsafe fn finish<const ONE_SIDED: bool>(
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
    /// Those of a row, as [`Nonzero::collect`] finds them.
    ///
    /// # Safety
    /// *Enabled* (VBMI2, too).
    #[inline(always)]
    unsafe fn compress(&mut self, input: &[i8]) {
        let (whole, rest) = input[..input.len().min(MOST)].as_chunks::<64>();
        // SAFETY: as many bytes as there are; *Enabled*.
        unsafe {
            let mut indices = _mm512_setr_epi32(
                0x0302_0100,
                0x0706_0504,
                0x0B0A_0908,
                0x0F0E_0D0C,
                0x1312_1110,
                0x1716_1514,
                0x1B1A_1918,
                0x1F1E_1D1C,
                0x2322_2120,
                0x2726_2524,
                0x2B2A_2928,
                0x2F2E_2D2C,
                0x3332_3130,
                0x3736_3534,
                0x3B3A_3938,
                0x3F3E_3D3C,
            );
            let mut count = 0;
            for (number, chunk) in whole.iter().enumerate() {
                let x = _mm512_loadu_si512(chunk.as_ptr().cast());
                let nonzero = self.append(count, x, indices);
                if number == 0 {
                    self.first = nonzero;
                }
                count += nonzero.count_ones() as usize;
                indices = _mm512_add_epi8(indices, _mm512_set1_epi8(64));
            }
            if !rest.is_empty() {
                let zeros = _mm512_set1_epi8(INPUT_XOR);
                let there = (1 << rest.len()) - 1;
                let rest = _mm512_mask_loadu_epi8(zeros, there, rest.as_ptr());
                count += self.append(count, rest, indices).count_ones() as usize;
            }
            self.end(count);
        }
    }

    /// Those of a register behind so many; gives a bit for each of them.
    ///
    /// # Safety
    /// *Enabled* (VBMI2, too). No more than [`MOST`] inputs are there already.
    #[inline(always)]
    unsafe fn append(&mut self, count: usize, x: __m512i, indices: __m512i) -> u64 {
        let values = self.values.as_mut_ptr().wrapping_add(count);
        let places = self.indices.as_mut_ptr().wrapping_add(count);
        // SAFETY: both lists have a register's room behind all inputs; *Enabled*.
        unsafe {
            let x = _mm512_xor_si512(x, _mm512_set1_epi8(INPUT_XOR));
            let nonzero = _mm512_test_epi8_mask(x, x);
            _mm512_storeu_si512(values.cast(), _mm512_maskz_compress_epi8(nonzero, x));
            let there = _mm512_maskz_compress_epi8(nonzero, indices);
            _mm512_storeu_si512(places.cast(), there);
            nonzero
        }
    }

    /// Adds the products of fours among the first 64 inputs to the sums of the first `N`
    /// strips; gives the number of inputs. Lists take a while: these weights come before.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of the first `N` strips from `filter` on.
    #[inline(always)]
    unsafe fn add_first<const N: usize>(
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

    /// Adds those of the inputs behind so many, whose rows are `pitch` bytes apart.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of `N` strips from `filter` on, `pitch` bytes apart.
    #[inline(always)]
    unsafe fn add_others<const N: usize>(
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

/// Adds the products of four inputs, whose rows begin there, to the sums of `N` strips.
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
