//! The table of WebAssembly: rows are kernels, columns are levels. Entries are functions, `None`
//! where a level has no such kernel.

use core::marker::PhantomData;

use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::shared::dwconv::{self, Plane};
use crate::simd::shared::gemm;
use crate::simd::shared::generic::Generic;
use crate::simd::shared::isa128::Split128;
use crate::simd::shared::level::{Levels, choose};
use crate::simd::shared::pixels::Pixels;
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
struct Table<S>(PhantomData<S>);

#[rustfmt::skip]
impl<S: Packed16Stage> Table<S> {
    /// Many pixels by all channels: CONV_2D, FULLY_CONNECTED of several rows.
    const GEMM: Row<Gemm<S>> = [
    //  Generic                      Simd128
        gemm::gemm::<Generic, S, 1>, gemm::gemm::<Split128<Simd128>, S, 2>,
    ];
    /// One pixel with inputs side by side, by all channels: FULLY_CONNECTED of one row.
    const GEMV: Row<Gemm<S>> = [
        gemm::gemv::<Generic, S>,    gemm::gemv::<Split128<Simd128>, S>,
    ];
}

/// DEPTHWISE_CONV_2D over a padded image.
#[rustfmt::skip]
const DWCONV: Row<Dwconv> = [
//  Generic                          Simd128
    dwconv::dwconv::<Generic>,       dwconv::dwconv::<Split128<Simd128>>,
];

/// Functions of one int8 value, as tables.
const LUT: Row<Option<Lut>> = [None, None];

/// One entry for each level.
type Row<T> = [T; Level::ALL.len()];

type Gemm<S> = unsafe fn(&Packed16<'_, S>, &Pixels<'_>, &mut [<S as Packed16Stage>::Element]);
type Dwconv = unsafe fn(Plane<'_>, &mut [i8]);
type Lut = unsafe fn(&[u8; 256], *const i8, *mut i8, usize) -> usize;

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
