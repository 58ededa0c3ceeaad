//! The table of AArch64: rows are kernels, columns are levels. Entries are functions, `None` where
//! a level has no such kernel. Another level is a file or folder beside the others, a variant of
//! [`Level`], a line of its features, and a column.

use core::marker::PhantomData;

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::aarch64::neon::Neon;
use crate::simd::aarch64::{lut, sdot};
use crate::simd::shared::dwconv::{self, Plane};
use crate::simd::shared::gemm;
use crate::simd::shared::generic::Generic;
use crate::simd::shared::isa128::Split128;
use crate::simd::shared::level::{Levels, choose};
use crate::simd::shared::pixels::Pixels;

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
struct Table<S>(PhantomData<S>);

#[rustfmt::skip]
impl<S: Packed16Stage> Table<S> {
    /// Many pixels by all channels: CONV_2D, FULLY_CONNECTED of several rows.
    const GEMM: Row<Gemm<S>> = [
    //  Generic                      Neon                                      DotProd
        gemm::gemm::<Generic, S, 1>, gemm::gemm::<Split128<Neon<false>>, S, 4>, sdot::gemm,
    ];
    /// One pixel with inputs side by side, by all channels: FULLY_CONNECTED of one row.
    const GEMV: Row<Gemm<S>> = [
        gemm::gemv::<Generic, S>,    gemm::gemv::<Split128<Neon<false>>, S>,   sdot::gemv,
    ];
}

/// DEPTHWISE_CONV_2D over a padded image.
#[rustfmt::skip]
const DWCONV: Row<Dwconv> = [
//  Generic                          Neon                                      DotProd
    dwconv::dwconv::<Generic>,       dwconv::dwconv::<Split128<Neon<false>>>,  sdot::dwconv,
];

/// Functions of one int8 value, as tables.
#[rustfmt::skip]
const LUT: Row<Option<Lut>> = [
    None,                            Some(lut::lut),                           Some(lut::lut),
];

/// One entry for each level.
type Row<T> = [T; Level::ALL.len()];

type Gemm<S> = unsafe fn(&Packed16<'_, S>, &Pixels<'_>, &mut [<S as Packed16Stage>::Element]);
type Dwconv = unsafe fn(Plane<'_>, &mut [i8]);
type Lut = unsafe fn(&[u8; 256], *const i8, *mut i8, usize) -> usize;

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

/// All pixels by all channels, by the kernel for one pixel or for many.
#[inline(always)]
pub(crate) fn gemm<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) {
    let kernel = if pixels.is_single() {
        choose::<Level, _, _>(&Table::<S>::GEMV)
    } else {
        choose::<Level, _, _>(&Table::<S>::GEMM)
    };
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(p, pixels, output) }
}

/// The rows of a depthwise convolution over a padded image.
#[inline(always)]
pub(crate) fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    let kernel = choose::<Level, _, _>(&DWCONV);
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(plane, output) }
}

/// Looks up as many elements as there are whole registers of; gives their number.
///
/// # Safety
/// *Covered*: `count` elements of each; `output` may be `input`.
#[inline(always)]
pub(crate) unsafe fn lut(
    table: &[u8; 256],
    input: *const i8,
    output: *mut i8,
    count: usize,
) -> usize {
    match choose::<Level, _, _>(&LUT) {
        // SAFETY: *Enabled*: the CPU has the level's features; *Covered*.
        Some(kernel) => unsafe { kernel(table, input, output, count) },
        None => 0,
    }
}
