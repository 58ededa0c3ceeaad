//! Instruction sets with registers of 128 bits: an [`Isa`] made of operations on four words or
//! sixteen bytes. Tests: `tests/cross`.

use core::marker::PhantomData;

use crate::params::layout::LANES;
use crate::params::requant::{RequantPanel, RequantParams};
use crate::simd::shared::isa::Isa;

/// An instruction set with registers of 128 bits, whose products are of signed bytes: inputs are
/// as they are in a tensor (`XOR128` is 0).
///
/// # Safety
/// Implementations access only the memory that their functions call *Covered*: see
/// `simd`.
pub(crate) unsafe trait Isa128: Copy {
    /// A register of sixteen bytes.
    type Bytes: Copy;
    /// A register of four int32.
    type Words: Copy;

    /// Loads a register of sixteen bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen bytes.
    unsafe fn load(from: *const i8) -> Self::Bytes;
    /// Loads four bytes and repeats them four times.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: four bytes.
    unsafe fn repeat(from: *const i8) -> Self::Bytes;
    /// Stores a register of sixteen bytes.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: sixteen bytes.
    unsafe fn store(bytes: Self::Bytes, to: *mut i8);
    /// Loads a register of four int32.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: four words.
    unsafe fn words(from: *const i32) -> Self::Words;
    /// Stores a register of four int32.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: four words.
    unsafe fn spill(words: Self::Words, to: *mut i32);
    /// A register of four zeros.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn zero() -> Self::Words;
    /// Adds four int32, word by word.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn add(a: Self::Words, b: Self::Words) -> Self::Words;
    /// Adds to each word the four products of its bytes of `x` and `w`.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn dot(sums: Self::Words, x: Self::Bytes, w: Self::Bytes) -> Self::Words;
    /// The bytes of four registers side by side, element by element: elements 0 to 3 in the first
    /// register.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn interleave(from: [Self::Bytes; 4]) -> [Self::Bytes; 4];
    /// Requantizes four sums: `Multiplier::apply_small` by the multipliers from `lane` on, plus the
    /// output's offset, clamped.
    ///
    /// # Safety
    /// *Enabled*. `lane` is 0, 4, 8 or 12.
    unsafe fn requantize(
        words: Self::Words,
        by: &RequantPanel,
        lane: usize,
        scales: &RequantParams<'_>,
    ) -> Self::Words;
    /// Sixteen words that fit int8, as bytes.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn pack(words: [Self::Words; 4]) -> Self::Bytes;
}

/// The [`Isa`] that keeps sixteen words in four registers of `F`.
#[derive(Clone, Copy)]
pub(crate) struct Split128<F>(PhantomData<F>);

/// Stores the first `count` bytes of a register.
///
/// # Safety
/// *Enabled*. *Covered*: `count` bytes, but no more than sixteen.
#[inline(always)]
unsafe fn store_some<F: Isa128>(bytes: F::Bytes, to: *mut i8, count: usize) {
    // SAFETY: *Covered*: `count` bytes.
    unsafe {
        if count >= LANES {
            F::store(bytes, to);
        } else {
            let mut all = [0_i8; LANES];
            F::store(bytes, all.as_mut_ptr());
            core::ptr::copy_nonoverlapping(all.as_ptr(), to, count);
        }
    }
}

// SAFETY: functions access only memory that is *Covered*.
unsafe impl<F: Isa128> Isa for Split128<F> {
    const WIDE: bool = false;
    const DW_LANES: usize = 16;
    type DwSums = [F::Words; 4];

    type Sums = [F::Words; 4];
    type Weights = [F::Bytes; 4];
    type Inputs = F::Bytes;
    type Words = [F::Words; 4];
    type Bytes = [F::Bytes; 4];

    #[inline(always)]
    unsafe fn dw_init(bias: *const i32, part: usize) -> Self::DwSums {
        // SAFETY: *Covered*: a block has 64.
        unsafe {
            let bias = bias.wrapping_add(4 * part);
            [
                F::words(bias),
                F::words(bias.wrapping_add(LANES)),
                F::words(bias.wrapping_add(2 * LANES)),
                F::words(bias.wrapping_add(3 * LANES)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn dw_mac4(
        sums: Self::DwSums,
        from: [*const i8; 4],
        weights: *const u8,
        part: usize,
    ) -> Self::DwSums {
        // SAFETY: *Covered*: sixteen bytes each, and 256 weights.
        unsafe {
            let [a, b, c, d] = from;
            let quads = F::interleave([F::load(a), F::load(b), F::load(c), F::load(d)]);
            let w = weights.cast::<i8>().wrapping_add(16 * part);
            [
                F::dot(sums[0], quads[0], F::load(w)),
                F::dot(sums[1], quads[1], F::load(w.wrapping_add(64))),
                F::dot(sums[2], quads[2], F::load(w.wrapping_add(128))),
                F::dot(sums[3], quads[3], F::load(w.wrapping_add(192))),
            ]
        }
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
        // SAFETY: *Covered*: a block has four; *Covered*: `count` bytes.
        unsafe {
            let q = [
                F::requantize(sums[0], &*by, 4 * part, scales),
                F::requantize(sums[1], &*by.wrapping_add(1), 4 * part, scales),
                F::requantize(sums[2], &*by.wrapping_add(2), 4 * part, scales),
                F::requantize(sums[3], &*by.wrapping_add(3), 4 * part, scales),
            ];
            store_some::<F>(F::pack(q), to, count);
        }
    }

    #[inline(always)]
    unsafe fn init_bias(bias: *const i32) -> Self::Sums {
        // SAFETY: *Covered*: sixteen words.
        unsafe {
            [
                F::words(bias),
                F::words(bias.wrapping_add(4)),
                F::words(bias.wrapping_add(8)),
                F::words(bias.wrapping_add(12)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn zero() -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe { [F::zero(); 4] }
    }

    #[inline(always)]
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe {
            [
                F::add(a[0], b[0]),
                F::add(a[1], b[1]),
                F::add(a[2], b[2]),
                F::add(a[3], b[3]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn load_w4(from: *const u8) -> Self::Weights {
        // SAFETY: *Covered*: 64 bytes.
        unsafe {
            let from = from.cast::<i8>();
            [
                F::load(from),
                F::load(from.wrapping_add(16)),
                F::load(from.wrapping_add(32)),
                F::load(from.wrapping_add(48)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn broadcast4(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes.
        unsafe { F::repeat(from) }
    }

    #[inline(always)]
    unsafe fn broadcast4_xor128(from: *const i8) -> Self::Inputs {
        // SAFETY: *Covered*: 4 bytes, which are never XORed.
        unsafe { F::repeat(from) }
    }

    #[inline(always)]
    unsafe fn dot(s: Self::Sums, x: Self::Inputs, w: Self::Weights) -> Self::Sums {
        // SAFETY: *Enabled*.
        unsafe {
            [
                F::dot(s[0], x, w[0]),
                F::dot(s[1], x, w[1]),
                F::dot(s[2], x, w[2]),
                F::dot(s[3], x, w[3]),
            ]
        }
    }

    #[inline(always)]
    unsafe fn finish_i32(sums: Self::Sums, _: *const i32) -> Self::Words {
        sums
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
        // SAFETY: *Covered*: multipliers.
        unsafe {
            [
                packed::<F>(words[0], &*by[0], scales),
                packed::<F>(words[1], &*by[1], scales),
                packed::<F>(words[2], &*by[2], scales),
                packed::<F>(words[3], &*by[3], scales),
            ]
        }
    }

    #[inline(always)]
    unsafe fn store(bytes: Self::Bytes, to: *mut i8) {
        // SAFETY: *Covered*: 64 bytes.
        unsafe {
            F::store(bytes[0], to);
            F::store(bytes[1], to.wrapping_add(16));
            F::store(bytes[2], to.wrapping_add(32));
            F::store(bytes[3], to.wrapping_add(48));
        }
    }

    #[inline(always)]
    unsafe fn store_one(bytes: Self::Bytes, vector: usize, to: *mut i8, count: usize) {
        // SAFETY: *Enabled*, *Covered*.
        unsafe { store_some::<F>(bytes[vector], to, count) }
    }

    #[inline(always)]
    unsafe fn spill(words: Self::Words) -> [i32; LANES] {
        let mut all = [0; LANES];
        // SAFETY: *Covered*: sixteen words.
        unsafe {
            F::spill(words[0], all.as_mut_ptr());
            F::spill(words[1], all.as_mut_ptr().wrapping_add(4));
            F::spill(words[2], all.as_mut_ptr().wrapping_add(8));
            F::spill(words[3], all.as_mut_ptr().wrapping_add(12));
        }
        all
    }
}

/// Requantizes the sums of sixteen channels to bytes.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn packed<F: Isa128>(
    words: [F::Words; 4],
    by: &RequantPanel,
    scales: &RequantParams<'_>,
) -> F::Bytes {
    // SAFETY: *Enabled*.
    unsafe {
        F::pack([
            F::requantize(words[0], by, 0, scales),
            F::requantize(words[1], by, 4, scales),
            F::requantize(words[2], by, 8, scales),
            F::requantize(words[3], by, 12, scales),
        ])
    }
}
