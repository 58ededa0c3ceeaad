//! The table of AArch64: rows are kernels, columns are levels. Entries are functions, `None` where
//! a level has no such kernel. Another level is a file or folder beside the others, a variant of
//! [`Level`], a line of its features, and a column.

use core::marker::PhantomData;

use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::aarch64::neon::Neon;
use crate::simd::aarch64::{lut, sdot};
use crate::simd::shared::dwconv;
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_i16;
use crate::simd::shared::gemm_i16::Plain;
use crate::simd::shared::generic::Generic;
use crate::simd::shared::isa128::Split128;
use crate::simd::shared::level::Levels;
use crate::simd::shared::rows::{Dwconv, Gemm, GemmI16Kernel, Lut};

/// Sets of CPU features that kernels are written for, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The plain loops, without intrinsics.
    Generic,
    /// Advanced SIMD, which every AArch64 CPU has.
    Neon,
    /// Advanced SIMD and FEAT_DotProd: SDOT.
    DotProd,
}

/// Kernels that end with the output stage `S`.
pub(crate) struct Table<S>(PhantomData<S>);

#[rustfmt::skip]
impl<S: Packed16Stage> Table<S> {
    /// Many pixels by all channels: CONV_2D, FULLY_CONNECTED of several rows.
    pub(crate) const GEMM: Row<Gemm<S>> = [
    //  Generic                      Neon                                      DotProd
        gemm::gemm::<Generic, S, 1>, gemm::gemm::<Split128<Neon<false>>, S, 4>, sdot::gemm,
    ];
    /// One pixel with inputs side by side, by all channels: FULLY_CONNECTED of one row.
    pub(crate) const GEMV: Row<Gemm<S>> = [
        gemm::gemv::<Generic, S>,    gemm::gemv::<Split128<Neon<false>>, S>,   sdot::gemv,
    ];
}

/// CONV_2D and FULLY_CONNECTED of int16 inputs and int8 weights.
#[rustfmt::skip]
pub(crate) const GEMM_I16: Row<GemmI16Kernel> = [
    gemm_i16::gemm::<Plain, 1>,      gemm_i16::gemm::<Plain, 4>,               gemm_i16::gemm::<Plain, 4>,
];

/// DEPTHWISE_CONV_2D over a padded image.
#[rustfmt::skip]
pub(crate) const DWCONV: Row<Dwconv> = [
//  Generic                          Neon                                      DotProd
    dwconv::dwconv::<Generic>,       dwconv::dwconv::<Split128<Neon<false>>>,  sdot::dwconv,
];

/// Functions of one int8 value, as tables.
#[rustfmt::skip]
pub(crate) const LUT: Row<Option<Lut>> = [
    None,                            Some(lut::lut),                           Some(lut::lut),
];

/// One entry for each level.
pub(crate) type Row<T> = [T; Level::ALL.len()];

impl Levels for Level {
    const ALL: &'static [Self] = &[Self::Generic, Self::Neon, Self::DotProd];
    const KNOWN: Option<Self> = None;

    /// True for features that the program is compiled for, and with the feature `std` for those that
    /// the operating system reports: an application may not read the CPU's feature registers.
    fn is_available(self) -> bool {
        match self {
            Self::Generic | Self::Neon => true,
            Self::DotProd => {
                let dot = cfg!(target_feature = "dotprod");
                #[cfg(feature = "std")]
                let dot = dot || std::arch::is_aarch64_feature_detected!("dotprod");
                dot
            }
        }
    }

    #[inline(always)]
    fn column(self) -> usize {
        self as usize
    }
}
