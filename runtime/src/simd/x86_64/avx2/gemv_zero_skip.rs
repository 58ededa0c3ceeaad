//! x86_64-i8-avx2-vpmaddubsw: one row with many zeros. See `common/gemv_zero_skip.rs` for the layout
//! of weights. VPMADDUBSW adds two products to 16 bits, which hold them if unsigned inputs are at
//! most 128: larger inputs are split into two entries of the list. Tests: `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::params::gemm_packed16::Packed16;
use crate::params::gemm_packed16::Packed16Stage;
use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx2::isa::Avx2;
use crate::simd::x86_64::avx2::registers::{Words, interleave};
use crate::simd::x86_64::common::gemv_zero_skip::{Inputs, MAX_INPUTS, gemv_of_inputs};

/// The largest value of an entry; larger inputs have two entries.
const LARGEST: u8 = 128;

/// One row by all channels; the weights of inputs that are zero are not read.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn gemv_zero_skip<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    let mut nonzero = Nonzero {
        count: 0,
        values: [const { MaybeUninit::uninit() }; 2 * MAX_INPUTS + 4],
        rows: [const { MaybeUninit::uninit() }; 2 * MAX_INPUTS + 4],
    };
    // SAFETY: *Enabled*.
    unsafe {
        nonzero.collect(input);
        gemv_of_inputs::<Avx2, S>(p, rows, input, output, &nonzero);
    }
}

/// The entries: inputs that are not zero, XORed with 0x80, or two parts of one.
struct Nonzero {
    count: usize,
    values: [MaybeUninit<u8>; 2 * MAX_INPUTS + 4],
    /// Offsets of their rows of weights, if strips were not side by side.
    rows: [MaybeUninit<u32>; 2 * MAX_INPUTS + 4],
}

/// Bytes of a row of one strip.
const ROW: usize = 4 * LANES;

impl Nonzero {
    /// Lists at most [`MAX_INPUTS`] inputs. In place: to copy the lists, loads would have to wait
    /// for stores of single bytes (no store forwarding).
    ///
    /// # Safety
    /// *Enabled*.
    #[inline(always)]
    unsafe fn collect(&mut self, input: &[i8]) {
        let mut count = 0;
        let mut push = |value: u8, index: usize| {
            self.values[count].write(value);
            self.rows[count].write((index * ROW) as u32);
            count += 1;
        };
        for (number, part) in input.chunks(32).take(MAX_INPUTS / 32).enumerate() {
            let mut bytes = [XOR128; 32];
            bytes[..part.len()].copy_from_slice(part);
            // SAFETY: *Covered*: 32 bytes; *Enabled*.
            let zeros = unsafe {
                let x = _mm256_loadu_si256(bytes.as_ptr().cast());
                _mm256_movemask_epi8(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(XOR128)))
            };
            let mut left = !(zeros as u32);
            while left != 0 {
                let i = left.trailing_zeros() as usize;
                let x = (bytes[i % 32] ^ XOR128) as u8;
                push(x.min(LARGEST), 32 * number + i);
                if x > LARGEST {
                    push(x - LARGEST, 32 * number + i);
                }
                left &= left - 1;
            }
        }
        // They are read in fours.
        for _ in 0..3 {
            push(0, 0);
        }
        self.count = count - 3;
    }

    /// Pointers to the rows of weights of four entries, with `STRIPS` strips side by side.
    ///
    /// # Safety
    /// `four` is below the number of inputs that were found.
    #[inline(always)]
    unsafe fn rows<const STRIPS: usize>(&self, four: usize, filter: *const u8) -> [*const i8; 4] {
        // SAFETY: at least this number has been found, with zeros behind them.
        let at = |i: usize| unsafe { self.rows.get_unchecked(four + i).assume_init() };
        let row = |i: usize| filter.wrapping_add(at(i) as usize * STRIPS).cast();
        [row(0), row(1), row(2), row(3)]
    }

    /// The sums of a strip without its biases.
    ///
    /// # Safety
    /// *Enabled*. *Rows*, with those of the strip from `filter` on.
    #[inline(always)]
    unsafe fn products<const STRIPS: usize>(&self, filter: *const u8) -> [Words; 4] {
        // SAFETY: *Enabled*, *Rows*.
        unsafe {
            let ones = _mm256_set1_epi16(1);
            let mut sums = [[_mm256_setzero_si256(); 2]; 4];
            for four in (0..self.count).step_by(4) {
                let rows = self.rows::<STRIPS>(four, filter);
                let values = self.values.as_ptr().wrapping_add(four);
                let values = _mm256_set1_epi32(values.cast::<i32>().read_unaligned());
                for half in 0..2 {
                    let row = |i: usize| rows[i].wrapping_add(32 * half);
                    let weights = interleave([row(0), row(1), row(2), row(3)]);
                    for j in 0..4 {
                        let two = _mm256_maddubs_epi16(values, weights[j]);
                        let four = _mm256_madd_epi16(two, ones);
                        sums[j][half] = _mm256_add_epi32(sums[j][half], four);
                    }
                }
            }
            sums
        }
    }
}

impl Inputs<Avx2> for Nonzero {
    #[inline(always)]
    unsafe fn sums(
        &self,
        bias: *const [i32; LANES],
        filter: *const u8,
        pitch: usize,
    ) -> [[Words; 1]; 4] {
        // SAFETY: the inputs' rows and the biases are there; *Enabled*.
        unsafe {
            let sums = match pitch / ROW {
                4 => self.products::<4>(filter),
                2 => self.products::<2>(filter),
                _ => self.products::<1>(filter),
            };
            let mut all = [[Avx2::zero()]; 4];
            for n in 0..4 {
                let bias = Avx2::init_bias(bias.wrapping_add(n).cast());
                all[n] = [Avx2::add(sums[n], bias)];
            }
            all
        }
    }
}
