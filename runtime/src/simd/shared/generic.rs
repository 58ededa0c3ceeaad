//! The definition of [`Isa`], in plain Rust: every other instruction set gives the same bytes.
//! Tests: `kernels/packed16_tests.rs`.

use crate::params::layout::LANES;
use crate::params::layout::XOR128;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::Isa;

/// The instruction set that the program is compiled for, without intrinsics.
#[derive(Clone, Copy)]
pub(crate) struct Generic;

// SAFETY: functions access only memory that is *Covered*.
unsafe impl Isa for Generic {
    const DW_LANES: usize = 16;
    type DwSums = [i32; LANES];
    const WIDE: bool = false;

    type Sums = [i32; LANES];
    type Weights = [[i8; 4]; LANES];
    type Inputs = [i32; 4];
    type Words = [i32; LANES];
    type Bytes = [[i8; LANES]; 4];

    #[inline(always)]
    unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums {
        // SAFETY: *Covered*: a block has 64.
        core::array::from_fn(|e| unsafe { bias.add(place(e, part)).read() })
    }

    #[inline(always)]
    unsafe fn dw_mac4(
        mut sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::DwSums {
        for (e, sum) in sums.iter_mut().enumerate() {
            let (j, i) = (e / 4, e % 4);
            for (tap, from) in from.into_iter().enumerate() {
                // SAFETY: *Covered*: sixteen inputs each, and a block's weights.
                let (x, w) = unsafe {
                    let w = weights.add(64 * j + 16 * part + 4 * i + tap);
                    (from.add(e).read(), w.read() as i8)
                };
                *sum = sum.wrapping_add(as_unsigned(x) * i32::from(w));
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn dw_store(
        sums: Self::DwSums,
        by: *const RequantPanel,
        part: usize,
        scales: &RequantParams<'_>,
        to: *mut i8,
        count: usize,
    ) {
        for (e, sum) in sums.into_iter().enumerate().take(count) {
            let at = place(e, part);
            // SAFETY: *Covered*: a block has 64 of each; *Covered*: `count` bytes.
            unsafe {
                let by = &*by.add(at / LANES);
                to.add(e).write(requantize(sum, by, at % LANES, scales));
            }
        }
    }

    #[inline(always)]
    unsafe fn init_bias(_: *const i32) -> Self::Sums {
        [0; LANES]
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sums {
        [0; LANES]
    }

    #[inline(always)]
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
        core::array::from_fn(|i| a[i].wrapping_add(b[i]))
    }

    #[inline(always)]
    unsafe fn load_w4(from: *const u8) -> Self::Weights {
        // SAFETY: *Covered*: 64 bytes, which need no alignment.
        unsafe { from.cast::<[[i8; 4]; LANES]>().read() }
    }

    #[inline(always)]
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        let bytes = unsafe { from.cast::<[i8; 4]>().read() };
        bytes.map(as_unsigned)
    }

    #[inline(always)]
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        let bytes = unsafe { from.cast::<[i8; 4]>().read() };
        bytes.map(|x| as_unsigned(x ^ XOR128))
    }

    #[inline(always)]
    unsafe fn dot(mut sums: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        for (sum, w) in sums.iter_mut().zip(w) {
            for (x, w) in x.iter().zip(w) {
                *sum = sum.wrapping_add(x * i32::from(w));
            }
        }
        sums
    }

    #[inline(always)]
    unsafe fn finish_i32(sums: Self::Sums, bias: *const i32) -> Self::Words {
        // SAFETY: 16 words, aligned as such.
        let bias = unsafe { bias.cast::<[i32; LANES]>().read() };
        core::array::from_fn(|i| sums[i].wrapping_add(bias[i]))
    }

    type Inexact = ();

    #[inline(always)]
    unsafe fn exact() -> Self::Inexact {}

    #[inline(always)]
    unsafe fn requantize<const ONE_SIDED: bool>(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
        _: &mut Self::Inexact,
    ) -> Self::Bytes {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { Self::requantize_exactly(words, by, scales) }
    }

    #[inline(always)]
    unsafe fn is_inexact(_: Self::Inexact) -> bool {
        false
    }

    #[inline(always)]
    unsafe fn requantize_exactly(
        words: [Self::Words; 4],
        by: [*const RequantPanel; 4],
        scales: &RequantParams<'_>,
    ) -> Self::Bytes {
        let mut bytes = [[0; LANES]; 4];
        for k in 0..4 {
            for i in 0..LANES {
                // SAFETY: *Covered*: multipliers.
                bytes[k][i] = unsafe { requantize(words[k][i], &*by[k], i, scales) };
            }
        }
        bytes
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: *Covered*: 64 bytes.
        unsafe { to.cast::<Self::Bytes>().write(bytes) };
    }

    #[inline(always)]
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
        for (i, byte) in bytes[vector].into_iter().enumerate().take(count) {
            // SAFETY: *Covered*: `count` bytes.
            unsafe { to.add(i).write(byte) };
        }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words) -> [i32; LANES] {
        words
    }
}

/// An input as a number: unsigned if [`XOR128`] makes inputs so, else signed.
#[inline(always)]
fn as_unsigned(x: i8) -> i32 {
    if XOR128 == 0 {
        x.into()
    } else {
        (x as u8).into()
    }
}

/// The index of an element's bias and multiplier in a block of a depthwise convolution: see
/// `shared/dwconv.rs`.
#[inline(always)]
fn place(element: usize, part: usize) -> usize {
    16 * (element / 4) + 4 * part + element % 4
}

/// The output of one sum: scaled, plus the offset, clamped.
#[inline(always)]
fn requantize(sum: i32, by: &RequantPanel, i: usize, scales: &RequantParams<'_>) -> i8 {
    let q = by
        .multiplier(i)
        .apply_small(sum)
        .wrapping_add(scales.output_offset);
    q.max(scales.activation_min).min(scales.activation_max) as i8
}
