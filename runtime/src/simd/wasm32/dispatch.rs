//! The table of WebAssembly: rows are kernels, columns are levels. Entries are functions, `None`
//! where a level has no such kernel.

use core::marker::PhantomData;

use crate::params::gemm_packed16::Packed16Stage;
use crate::simd::shared::dwconv;
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_i16;
use crate::simd::shared::gemm_i16::Plain;
use crate::simd::shared::generic::Generic;
use crate::simd::shared::isa128::Split128;
use crate::simd::shared::level::Levels;
use crate::simd::shared::rows::{Dwconv, Gemm, GemmI16Kernel, Lut};
use crate::simd::wasm32::simd128::Simd128;

/// Sets of features that kernels are written for, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The plain loops, without intrinsics.
    Generic,
    /// simd128, which the module is compiled with.
    Simd128,
}

/// Kernels that end with the output stage `S`.
pub(crate) struct Table<S>(PhantomData<S>);

#[rustfmt::skip]
impl<S: Packed16Stage> Table<S> {
    /// Many pixels by all channels: CONV_2D, FULLY_CONNECTED of several rows.
    pub(crate) const GEMM: Row<Gemm<S>> = [
    //  Generic                      Simd128
        gemm::gemm::<Generic, S, 1>, gemm::gemm::<Split128<Simd128>, S, 2>,
    ];
    /// One pixel with inputs side by side, by all channels: FULLY_CONNECTED of one row.
    pub(crate) const GEMV: Row<Gemm<S>> = [
        gemm::gemv::<Generic, S>,    gemm::gemv::<Split128<Simd128>, S>,
    ];
}

/// CONV_2D and FULLY_CONNECTED of int16 inputs and int8 weights.
pub(crate) const GEMM_I16: Row<GemmI16Kernel> =
    [gemm_i16::gemm::<Plain, 1>, gemm_i16::gemm::<Plain, 4>];

/// DEPTHWISE_CONV_2D over a padded image.
#[rustfmt::skip]
pub(crate) const DWCONV: Row<Dwconv> = [
//  Generic                          Simd128
    dwconv::dwconv::<Generic>,       dwconv::dwconv::<Split128<Simd128>>,
];

/// Functions of one int8 value, as tables.
pub(crate) const LUT: Row<Option<Lut>> = [None, None];

/// One entry for each level.
pub(crate) type Row<T> = [T; Level::ALL.len()];

impl Levels for Level {
    const ALL: &'static [Self] = &[Self::Generic, Self::Simd128];
    const KNOWN: Option<Self> = None;

    /// The module is compiled for both.
    fn is_available(self) -> bool {
        true
    }

    #[inline(always)]
    fn column(self) -> usize {
        self as usize
    }
}
