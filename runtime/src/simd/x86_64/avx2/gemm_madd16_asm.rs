//! x86_64-i16-avx2-vpmaddwd: the innermost loop of `gemm_madd16.rs`, in assembly: LLVM spills
//! some of the twelve sums and computes addresses that an addressing mode could form. Tests:
//! `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::asm;
use core::arch::x86_64::*;

use crate::simd::shared::isa::Isa;
use crate::simd::x86_64::avx2::isa::Avx2;
use crate::simd::x86_64::avx2::registers::products;

/// The places of the widened inputs of windows.
#[derive(Clone, Copy)]
pub(crate) struct SegmentPairs {
    /// Runs of neighbouring inputs of a window.
    pub(crate) count: usize,
    /// Pairs of inputs of a run.
    pub(crate) pairs: usize,
    /// Inputs from one run of a window to its next run.
    pub(crate) line: usize,
    /// Inputs from one window to the next one.
    pub(crate) input_stride: usize,
}

/// Adds the products of a run to the sums of several windows, sixteen channels in two halves.
macro_rules! sixteen_channels {
    ($runs:ident, $from:ident, $weights:ident, $sums:ident $(, $name:ident $times:literal)*;
     $($low:ident $high:ident $m:literal $place:literal)*) => {
        asm!(
            // Two pairs at a time; where their number is odd, it begins with the second one.
            "test {n}, 1",
            "jz 2f",
            "sub {w}, 64",
            "sub {p}, 4",
            "jmp 3f",
            "2:",
            "vmovdqu {w_low}, [{w}]",
            "vmovdqu {w_high}, [{w} + 32]",
            $(
                concat!("vpbroadcastd {x}, [{p}", $place, "]"),
                "vpmaddwd {t}, {x}, {w_low}",
                "vpmaddwd {x}, {x}, {w_high}",
                concat!("vpaddd {", stringify!($low), "}, {", stringify!($low), "}, {t}"),
                concat!("vpaddd {", stringify!($high), "}, {", stringify!($high), "}, {x}"),
            )*
            "3:",
            "vmovdqu {w_low}, [{w} + 64]",
            "vmovdqu {w_high}, [{w} + 96]",
            $(
                concat!("vpbroadcastd {x}, [{p}", $place, " + 4]"),
                "vpmaddwd {t}, {x}, {w_low}",
                "vpmaddwd {x}, {x}, {w_high}",
                concat!("vpaddd {", stringify!($low), "}, {", stringify!($low), "}, {t}"),
                concat!("vpaddd {", stringify!($high), "}, {", stringify!($high), "}, {x}"),
            )*
            "add {w}, 128",
            "add {p}, 8",
            "cmp {p}, {end}",
            "jne 2b",
            n = in(reg) $runs.pairs,
            w = inout(reg) $weights,
            p = inout(reg) $from => _,
            end = in(reg) $from.wrapping_add(2 * $runs.pairs),
            s = in(reg) 2 * $runs.input_stride,
            s3 = in(reg) 6 * $runs.input_stride,
            $($name = in(reg) 2 * $times * $runs.input_stride,)*
            w_low = out(ymm_reg) _,
            w_high = out(ymm_reg) _,
            x = out(ymm_reg) _,
            t = out(ymm_reg) _,
            $(
                $low = inout(ymm_reg) $sums[$m][0],
                $high = inout(ymm_reg) $sums[$m][1],
            )*
            options(readonly, nostack),
        )
    };
}

/// Adds the products of a run to the sums of several windows, eight channels.
macro_rules! eight_channels {
    ($runs:ident, $from:ident, $weights:ident, $sums:ident;
     $($sum:ident $m:literal $place:literal)*) => {
        asm!(
            "2:",
            "vmovdqu {w_low}, [{w}]",
            $(
                concat!("vpbroadcastd {x}, [{p}", $place, "]"),
                "vpmaddwd {x}, {x}, {w_low}",
                concat!("vpaddd {", stringify!($sum), "}, {", stringify!($sum), "}, {x}"),
            )*
            "add {w}, 64",
            "add {p}, 4",
            "cmp {p}, {end}",
            "jne 2b",
            w = inout(reg) $weights,
            p = inout(reg) $from => _,
            end = in(reg) $from.wrapping_add(2 * $runs.pairs),
            s = in(reg) 2 * $runs.input_stride,
            s3 = in(reg) 6 * $runs.input_stride,
            s5 = in(reg) 10 * $runs.input_stride,
            s7 = in(reg) 14 * $runs.input_stride,
            w_low = out(ymm_reg) _,
            x = out(ymm_reg) _,
            $($sum = inout(ymm_reg) $sums[$m][0],)*
            options(readonly, nostack),
        )
    };
}

/// The sums of `M` windows and a block, or of the first half of its channels if `N` is 1.
///
/// # Safety
/// Biases, and all pairs of weights and inputs are there, at least one of a run; AVX2 is
/// enabled.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(crate) unsafe fn sums<const M: usize, const N: usize>(
    weights: *const [__m256i; 2],
    inputs: *const i16,
    bias: *const i32,
    runs: SegmentPairs,
) -> [<Avx2 as Isa>::Sums; M] {
    // SAFETY: *Enabled*; weights, inputs and biases are there; assembly reads what intrinsics
    // would.
    unsafe {
        let mut sums = [Avx2::init_bias(bias); M];
        let mut weights = weights;
        for run in 0..runs.count {
            let from = inputs.wrapping_add(run * runs.line);
            match (M, N) {
                (4, 2) => sixteen_channels! {
                    runs, from, weights, sums;
                    a b 0 "" c d 1 "+{s}" e f 2 "+2*{s}" g h 3 "+{s3}"
                },
                (5, 2) => sixteen_channels! {
                    runs, from, weights, sums;
                    a b 0 "" c d 1 "+{s}" e f 2 "+2*{s}" g h 3 "+{s3}" i j 4 "+4*{s}"
                },
                (6, 2) => sixteen_channels! {
                    runs, from, weights, sums, s5 5;
                    a b 0 "" c d 1 "+{s}" e f 2 "+2*{s}" g h 3 "+{s3}" i j 4 "+4*{s}"
                    k l 5 "+{s5}"
                },
                (8, 1) => eight_channels! {
                    runs, from, weights, sums;
                    a 0 "" b 1 "+{s}" c 2 "+2*{s}" d 3 "+{s3}" e 4 "+4*{s}" f 5 "+{s5}"
                    g 6 "+2*{s3}" h 7 "+{s7}"
                },
                _ => {
                    for pair in 0..runs.pairs {
                        let w = weights.read_unaligned();
                        for m in 0..M {
                            let x = from.wrapping_add(m * runs.input_stride + 2 * pair);
                            let x = _mm256_set1_epi32(x.cast::<i32>().read_unaligned());
                            let products = products(x, w);
                            for half in 0..N {
                                sums[m][half] = _mm256_add_epi32(sums[m][half], products[half]);
                            }
                        }
                        weights = weights.wrapping_add(1);
                    }
                }
            }
        }
        sums
    }
}
