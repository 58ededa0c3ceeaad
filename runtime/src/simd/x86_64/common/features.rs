//! Sets of CPU features: each level is one. Tests: `levels_of_this_machine` in
//! `tests/tests/simd_levels/`.

use core::arch::x86_64::{__cpuid_count, CpuidResult};

/// The CPUID instruction for a leaf and its sub-leaf.
fn cpuid(leaf: u32, sub_leaf: u32) -> CpuidResult {
    #[allow(
        unused_unsafe,
        reason = "the intrinsic is unsafe in the oldest Rust that is supported, not in newer ones"
    )]
    // SAFETY: every x86-64 CPU has CPUID.
    unsafe {
        __cpuid_count(leaf, sub_leaf)
    }
}

/// A set of CPU features, one bit for each.
#[derive(Clone, Copy)]
pub(crate) struct Features(u32);

impl Features {
    /// The empty set: every x86-64 CPU has all of it.
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const AVX2: Self = Self(1);
    pub(crate) const FMA: Self = Self(1 << 1);
    pub(crate) const AVX_VNNI: Self = Self(1 << 2);
    pub(crate) const AVX512_F: Self = Self(1 << 3);
    pub(crate) const AVX512_BW: Self = Self(1 << 4);
    pub(crate) const AVX512_DQ: Self = Self(1 << 5);
    pub(crate) const AVX512_VL: Self = Self(1 << 6);
    pub(crate) const AVX512_VNNI: Self = Self(1 << 7);
    pub(crate) const AVX512_VBMI: Self = Self(1 << 8);
    pub(crate) const AVX512_VBMI2: Self = Self(1 << 9);
    pub(crate) const BMI1: Self = Self(1 << 10);
    pub(crate) const POPCNT: Self = Self(1 << 11);

    /// The features of both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set if `is_there`, else the empty set.
    const fn when(self, is_there: bool) -> Self {
        if is_there { self } else { Self::NONE }
    }

    /// True if all features of `other` are in this set.
    pub(crate) const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The features that the program is compiled for.
    pub(crate) const COMPILED: Self = Self::NONE
        .and(Self::AVX2.when(cfg!(target_feature = "avx2")))
        .and(Self::FMA.when(cfg!(target_feature = "fma")))
        .and(Self::AVX_VNNI.when(cfg!(target_feature = "avxvnni")))
        .and(Self::AVX512_F.when(cfg!(target_feature = "avx512f")))
        .and(Self::AVX512_BW.when(cfg!(target_feature = "avx512bw")))
        .and(Self::AVX512_DQ.when(cfg!(target_feature = "avx512dq")))
        .and(Self::AVX512_VL.when(cfg!(target_feature = "avx512vl")))
        .and(Self::AVX512_VNNI.when(cfg!(target_feature = "avx512vnni")))
        .and(Self::AVX512_VBMI.when(cfg!(target_feature = "avx512vbmi")))
        .and(Self::AVX512_VBMI2.when(cfg!(target_feature = "avx512vbmi2")))
        .and(Self::BMI1.when(cfg!(target_feature = "bmi1")))
        .and(Self::POPCNT.when(cfg!(target_feature = "popcnt")));

    /// The features that the CPU has and whose registers the operating system saves (Intel,
    /// "Software Developer's Manual", volume 1, chapters 14 and 15).
    pub(crate) fn of_cpu() -> Self {
        if cfg!(miri) {
            // Miri knows no CPUID.
            return Self::NONE;
        }
        let bit = |register: u32, bit: u32| register >> bit & 1 == 1;
        let leaves = cpuid(0, 0).eax;
        let base = cpuid(1, 0);
        // FMA, OSXSAVE and AVX.
        if leaves < 7 || [12, 27, 28].iter().any(|&b| !bit(base.ecx, b)) {
            return Self::NONE;
        }
        // SAFETY: OSXSAVE says that XGETBV is there.
        let saved = unsafe { saved_state() };
        let leaf7 = cpuid(7, 0);
        let leaf7_1 = if leaf7.eax >= 1 { cpuid(7, 1).eax } else { 0 };
        let ymm = saved & 0b110 == 0b110;
        let zmm = ymm && saved & 0b1110_0000 == 0b1110_0000;
        Self::FMA
            .and(Self::POPCNT.when(bit(base.ecx, 23)))
            .and(Self::BMI1.when(bit(leaf7.ebx, 3)))
            .and(Self::AVX2.when(ymm && bit(leaf7.ebx, 5)))
            .and(Self::AVX_VNNI.when(ymm && bit(leaf7_1, 4)))
            .and(Self::AVX512_F.when(zmm && bit(leaf7.ebx, 16)))
            .and(Self::AVX512_DQ.when(zmm && bit(leaf7.ebx, 17)))
            .and(Self::AVX512_BW.when(zmm && bit(leaf7.ebx, 30)))
            .and(Self::AVX512_VL.when(zmm && bit(leaf7.ebx, 31)))
            .and(Self::AVX512_VBMI.when(zmm && bit(leaf7.ecx, 1)))
            .and(Self::AVX512_VBMI2.when(zmm && bit(leaf7.ecx, 6)))
            .and(Self::AVX512_VNNI.when(zmm && bit(leaf7.ecx, 11)))
    }
}

/// The registers that the operating system saves over a change of context: XCR0.
///
/// # Safety
/// OSXSAVE is set.
#[target_feature(enable = "xsave")]
unsafe fn saved_state() -> u64 {
    // SAFETY: XCR0 exists wherever XGETBV does.
    unsafe { core::arch::x86_64::_xgetbv(0) }
}
