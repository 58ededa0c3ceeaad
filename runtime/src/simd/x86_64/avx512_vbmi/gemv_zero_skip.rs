//! x86_64-i8-avx512vbmi2: one row with many zeros, whose other inputs VPCOMPRESSB lists. See
//! `common/gemv_zero_skip.rs` for the layout of weights. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::params::layout::XOR128;
use crate::simd::x86_64::avx512::gemv_zero_skip::{Layer, gemv_in_integers};
use crate::simd::x86_64::avx512::requantize::Requantize;
use crate::simd::x86_64::common::gemv_zero_skip::{MAX_INPUTS, Nonzero, STRIP};

/// One row by all channels; the weights of inputs that are zero are not read.
///
/// # Safety
/// *Enabled*.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2,bmi1,popcnt"
)]
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
            Some(layer) if layer.scales.are_one_sided() => layer.run_compressed::<true>(input),
            Some(layer) => layer.run_compressed::<false>(input),
        }
    }
}

impl Layer<'_> {
    /// Computes all strips, of the inputs that are not zero.
    ///
    /// # Safety
    /// *Enabled* (VBMI, VBMI2, BMI1 and POPCNT, too). *Rows*.
    #[inline(never)]
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,avx512vbmi2,bmi1,popcnt"
    )]
    unsafe fn run_compressed<const ONE_SIDED: bool>(&self, input: &[i8]) {
        let mut nonzero = Nonzero::new();
        // SAFETY: *Enabled*, *Rows*.
        unsafe {
            nonzero.compress(input);
            if self.count() == 2 {
                self.both::<ONE_SIDED>(&nonzero);
            } else {
                self.strips::<ONE_SIDED>(&nonzero);
            }
        }
    }

    /// Computes two strips that are all of the layer. The next layer can begin with the outputs of the
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

    /// Computes one of two strips side by side; `sums` has the products of `begun` inputs.
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
            let by = Requantize::new_for_few_sums(4 * strip, &self.scales);
            self.finish::<ONE_SIDED>(sums[0], by, strip);
        }
    }
}

impl Nonzero {
    /// Lists the inputs of a row, as [`Nonzero::collect`] does.
    ///
    /// # Safety
    /// *Enabled* (VBMI2, too).
    #[inline(always)]
    unsafe fn compress(&mut self, input: &[i8]) {
        let (whole, rest) = input[..input.len().min(MAX_INPUTS)].as_chunks::<64>();
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
                let zeros = _mm512_set1_epi8(XOR128);
                let mask = (1 << rest.len()) - 1;
                let rest = _mm512_mask_loadu_epi8(zeros, mask, rest.as_ptr());
                count += self.append(count, rest, indices).count_ones() as usize;
            }
            self.end(count);
        }
    }

    /// Appends the inputs of a register to lists of `count` inputs; gives a bit for each of them.
    ///
    /// # Safety
    /// *Enabled* (VBMI2, too). No more than [`MAX_INPUTS`] inputs are there already.
    #[inline(always)]
    unsafe fn append(&mut self, count: usize, x: __m512i, indices: __m512i) -> u64 {
        let values = self.values.as_mut_ptr().wrapping_add(count);
        let places = self.indices.as_mut_ptr().wrapping_add(count);
        // SAFETY: both lists have a register's room behind all inputs; *Enabled*.
        unsafe {
            let x = _mm512_xor_si512(x, _mm512_set1_epi8(XOR128));
            let nonzero = _mm512_test_epi8_mask(x, x);
            _mm512_storeu_si512(values.cast(), _mm512_maskz_compress_epi8(nonzero, x));
            let nonzero_indices = _mm512_maskz_compress_epi8(nonzero, indices);
            _mm512_storeu_si512(places.cast(), nonzero_indices);
            nonzero
        }
    }
}
