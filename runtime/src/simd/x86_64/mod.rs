//! Which instruction sets an x86-64 CPU has, and the kernels for each.

#[cfg(target_arch = "x86_64")]
pub(crate) mod add_f32;
pub(crate) mod avx2;
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avxvnni;
#[cfg(target_arch = "x86_64")]
pub(crate) mod gemv_zero_skip;
#[cfg(target_arch = "x86_64")]
pub(crate) mod pad_xor128;
#[cfg(target_arch = "x86_64")]
pub(crate) mod winograd_f4x3;

use core::arch::x86_64::{__cpuid, __cpuid_count};

use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::dispatch::{find, known, level};
use crate::simd::dwconv::Plane;
use crate::simd::gemm;
use crate::simd::gemm::Pixels;
use crate::simd::generic::Generic;
use crate::simd::x86_64::avx2::gemm_madd16;
use crate::simd::x86_64::avx2::gemv as avx2_gemv;
use crate::simd::x86_64::avx2::gemv_maddubs;
use crate::simd::x86_64::avx2::gemv_zero_skip as avx2_gemv_zero_skip;
use crate::simd::x86_64::avx512::conv_n8_vbmi;
use crate::simd::x86_64::avx512::dwconv_3x3::Direct;
use crate::simd::x86_64::avx512::gemv as avx512_gemv;
use crate::simd::x86_64::avx512::gemv_zero_skip as avx512_gemv_zero_skip;
use crate::simd::x86_64::avx512::isa::Avx512;

use crate::params::gemm_packed16::Packed16;
use crate::simd::x86_64::avx512::gemm_full_tiles;
use crate::simd::x86_64::avxvnni::AvxVnni;
use crate::simd::x86_64::winograd_f4x3::Tiled;

/// Instruction sets, from the slowest to the fastest. A CPU of one level need not have all
/// that is below: many with AVX-512 lack AVX-VNNI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every x86-64 has.
    Generic,
    /// AVX2 and FMA.
    Avx2,
    /// AVX2, FMA and AVX-VNNI.
    AvxVnni,
    /// AVX-512 F, BW, DQ, VL, VNNI.
    Avx512,
    /// The same with VBMI, VBMI2, BMI1 and POPCNT.
    Avx512Vbmi,
}

/// All of them.
pub(super) const ALL: &[Level] = &[
    Level::Generic,
    Level::Avx2,
    Level::AvxVnni,
    Level::Avx512,
    Level::Avx512Vbmi,
];

/// The level, if the program is compiled for a CPU that has the highest.
pub(super) const KNOWN: Option<Level> = if cfg!(all(
    target_feature = "avx512f",
    target_feature = "avx512bw",
    target_feature = "avx512dq",
    target_feature = "avx512vl",
    target_feature = "avx512vnni",
    target_feature = "avx512vbmi",
    target_feature = "avx512vbmi2",
    target_feature = "bmi1",
    target_feature = "popcnt"
)) {
    Some(Level::Avx512Vbmi)
} else {
    None
};

/// True if CPU and operating system have a level (Intel, "Software Developer's Manual",
/// volume 1, chapters 14 and 15).
pub(super) fn has(level: Level) -> bool {
    if cfg!(miri) {
        // It knows no CPUID.
        return level == Level::Generic;
    }
    let bit = |register: u32, bit: u32| register >> bit & 1 == 1;
    let leaves = __cpuid(0).eax;
    let base = __cpuid(1);
    // FMA, OSXSAVE and AVX.
    if leaves < 7 || [12, 27, 28].iter().any(|&b| !bit(base.ecx, b)) {
        return level == Level::Generic;
    }
    // SAFETY: OSXSAVE says that XGETBV is there.
    let saved = unsafe { saved_state() };
    let features = __cpuid_count(7, 0);
    let more = if features.eax >= 1 {
        __cpuid_count(7, 1).eax
    } else {
        0
    };
    let avx2 = saved & 0b110 == 0b110 && bit(features.ebx, 5);
    let zmm = avx2 && saved & 0b1110_0000 == 0b1110_0000;
    let avx512 = [16, 17, 30, 31].iter().all(|&b| bit(features.ebx, b)) && bit(features.ecx, 11);
    match level {
        Level::Generic => true,
        Level::Avx2 => avx2,
        Level::AvxVnni => avx2 && bit(more, 4),
        Level::Avx512 => zmm && avx512,
        Level::Avx512Vbmi => {
            let vbmi = bit(features.ecx, 1) && bit(features.ecx, 6);
            let bits = bit(features.ebx, 3) && bit(base.ecx, 23);
            zmm && avx512 && vbmi && bits
        }
    }
}

/// What the operating system keeps over a change of context: XCR0.
///
/// # Safety
/// OSXSAVE is set.
#[target_feature(enable = "xsave")]
unsafe fn saved_state() -> u64 {
    // SAFETY: XCR0 exists wherever XGETBV does.
    unsafe { core::arch::x86_64::_xgetbv(0) }
}

/// One function per level, and one that chooses.
macro_rules! by_level {
    ($(#[$doc:meta])* $name:ident, $module:ident, <$($generic:ident: $bound:path),*>
     ($($argument:ident: $ty:ty),*),
     plain $plain:expr, avx2 $avx2:expr, vnni $vnni:expr, avx512 $avx512:expr) => {
        mod $module {
            use super::*;

            /// The first time. The call is the last thing that happens, so that nothing has
            /// to be kept for it, here or in what chooses.
            #[cold]
            #[inline(never)]
            pub(super) fn first<$($generic: $bound),*>($($argument: $ty),*) {
                find();
                $name($($argument),*);
            }

            /// Every x86-64.
            ///
            /// # Safety
            /// None: every x86-64 can do that.
            #[inline(never)]
            pub(super) unsafe fn plain<$($generic: $bound),*>($($argument: $ty),*) {
                // SAFETY: every x86-64 can do that.
                unsafe { $plain }
            }

            /// AVX2 and FMA.
            ///
            /// # Safety
            /// *Enabled*.
            #[target_feature(enable = "avx2,fma")]
            pub(super) unsafe fn avx2<$($generic: $bound),*>($($argument: $ty),*) {
                // SAFETY: *Enabled*.
                unsafe { $avx2 }
            }

            /// AVX-VNNI.
            ///
            /// # Safety
            /// *Enabled*.
            #[target_feature(enable = "avx2,fma,avxvnni")]
            pub(super) unsafe fn vnni<$($generic: $bound),*>($($argument: $ty),*) {
                // SAFETY: AVX2, FMA and AVX-VNNI are enabled.
                unsafe { $vnni }
            }

            /// AVX-512.
            ///
            /// # Safety
            /// *Enabled*.
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
            pub(super) unsafe fn avx512<$($generic: $bound),*>($($argument: $ty),*) {
                // SAFETY: AVX-512 F, BW, DQ, VL and VNNI are enabled.
                unsafe { $avx512 }
            }
        }

        $(#[$doc])*
        pub(crate) fn $name<$($generic: $bound),*>($($argument: $ty),*) {
            // SAFETY: *Enabled*: the level is what the CPU has.
            unsafe {
                match known() {
                    None => $module::first($($argument),*),
                    Some(Level::Generic) => $module::plain($($argument),*),
                    Some(Level::Avx2) => $module::avx2($($argument),*),
                    Some(Level::AvxVnni) => $module::vnni($($argument),*),
                    Some(Level::Avx512 | Level::Avx512Vbmi) => $module::avx512($($argument),*),
                }
            }
        }
    };
}

by_level! {
    /// All pixels by all channels.
    gemm_pixels, pixels_levels, <S: Packed16Stage>
    (p: &Packed16<'_, S>, pixels: &Pixels<'_>, output: &mut [S::Element]),
    plain gemm::all::<Generic, S, 1, 1, 1>(p, pixels, output),
    avx2 gemm_madd16::all::<S>(p, pixels, output),
    vnni gemm::all::<AvxVnni, S, 6, 6, 6>(p, pixels, output),
    avx512 {
        let try_run = level() >= Level::Avx512Vbmi && conv_n8_vbmi::try_run(p, pixels, output);
        if !try_run {
            gemm::all::<Avx512, S, 4, 8, 12>(p, pixels, output);
        }
    }
}

by_level! {
    /// Rows of a depthwise convolution.
    depthwise_plane, depthwise_levels, <>
    (plane: Plane<'_>, output: &mut [i8]),
    plain plane.run::<Generic>(output),
    avx2 plane.run_with_avx2(output),
    vnni plane.run::<AvxVnni>(output),
    avx512 {
        if !plane.try_rows(output) {
            plane.run::<Avx512>(output);
        }
    }
}

by_level! {
    /// One pixel by all channels.
    gemm_pixel, pixel_levels, <S: Packed16Stage>
    (p: &Packed16<'_, S>, pixels: &Pixels<'_>, output: &mut [S::Element]),
    plain gemm::single::<Generic, S>(p, pixels, output),
    avx2 avx2_gemv::single::<S>(p, pixels, output),
    vnni gemm::single::<AvxVnni, S>(p, pixels, output),
    avx512 {
        if !avx512_gemv::try_run(p, &[], pixels, output) {
            gemm::single::<Avx512, S>(p, pixels, output);
        }
    }
}

by_level! {
    /// One pixel by all channels, with rows of weights: see `sparse.rs`.
    gemm_sparse, sparse_levels, <S: Packed16Stage>
    (p: &Packed16<'_, S>, rows: &[u8], input: &[i8], output: &mut [S::Element]),
    plain gemv_zero_skip::any::<Generic, S>(p, rows, input, output),
    avx2 avx2_gemv_zero_skip::strips::<S>(p, rows, input, output),
    vnni gemv_zero_skip::any::<AvxVnni, S>(p, rows, input, output),
    avx512 avx512_gemv_zero_skip::strips::<S>(p, rows, input, output)
}

/// All pixels by all channels, and the sums of outputs and an addend; false if outputs have to
/// be stored first.
pub(crate) fn try_gemm_added<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    // SAFETY: *Enabled*: the level is what the CPU has.
    level() >= Level::Avx512 && unsafe { gemm_full_tiles::try_run(p, pixels, output) }
}

/// One row of a tensor by channels the first of which have narrow weights, too; false if
/// it has to be done without them.
pub(crate) fn try_gemv_w6<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    narrow: &[u8],
    row: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    // SAFETY: *Enabled*: the level is what the CPU has.
    level() >= Level::Avx512 && unsafe { avx512_gemv::try_run(p, narrow, row, output) }
}

/// One row by all channels, all weights of which are read although some inputs may be zero:
/// with AVX2 by pairs of products, with a list of long ones; false if it has to be done
/// otherwise.
pub(crate) fn try_gemv_maddubs<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pairs: Option<&[[u16; 2]]>,
    row: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    match (level(), pairs) {
        // SAFETY: *Enabled*: the level is what the CPU has.
        (Level::Avx2, Some(long)) => unsafe { gemv_maddubs::try_run(p, long, row, output) },
        (Level::AvxVnni, Some(_)) => {
            // VPDPBUSD knows no long pairs. All weights are there.
            gemm_pixel(p, row, output);
            true
        }
        _ => false,
    }
}

/// A depthwise convolution of an image that is not padded; false if it has to be.
pub(crate) fn try_dwconv_unpadded(direct: &Direct<'_>, output: &mut [i8]) -> bool {
    // SAFETY: *Enabled*: the level is what the CPU has.
    level() >= Level::Avx512 && unsafe { direct.try_run(output) }
}

/// A convolution in tiles; false if it has to be done otherwise.
pub(crate) fn try_winograd<S: Packed16Stage>(
    tiled: &Tiled<'_>,
    work: &mut [i8],
    output: &mut [S::Element],
) -> bool {
    let level = level();
    // SAFETY: *Enabled*: the level is what the CPU has; AVX-512 is more than AVX2 and FMA.
    unsafe {
        level >= Level::Avx512 && tiled.try_run_avx512::<S>(work, output)
            || level >= Level::Avx2 && tiled.try_run_avx2::<S>(work, output)
    }
}
