//! The table of x86-64: rows are kernels, columns are levels. Entries are functions of the folder
//! that they name, `None` where a level has no such kernel.
//!
//! The feature `avx512` has the last two columns. Another level is a folder beside the others, a variant of [`Level`] and a column: its entry in
//! each row, which may be the function of any level whose features are among its own.

use core::marker::PhantomData;

use crate::params::add::AddF32;
use crate::params::gemm_packed16::{Packed16, Packed16Stage};
use crate::simd::shared::dwconv;
use crate::simd::shared::gemm;
use crate::simd::shared::gemm_i16;
use crate::simd::shared::gemm_i16::Plain;
use crate::simd::shared::generic::Generic;
use crate::simd::shared::level::{Levels, choose};
use crate::simd::shared::pixels::Pixels;
use crate::simd::shared::rows::{Dwconv, Gemm, GemmI16Kernel, Lut};
use crate::simd::x86_64::common::dwconv_3x3::Unpadded;
use crate::simd::x86_64::common::features::Features;
use crate::simd::x86_64::common::gemv_zero_skip;
use crate::simd::x86_64::common::mean_hw::MeanHw;
use crate::simd::x86_64::common::pad_xor128::Lines;
use crate::simd::x86_64::common::winograd_f4x3::Tiled;
use crate::simd::x86_64::{avx2, avxvnni};
#[cfg(feature = "avx512")]
use crate::simd::x86_64::{avx512, avx512_vbmi};

/// Sets of CPU features that kernels are written for, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The plain loops, which every x86-64 CPU can run.
    Generic,
    /// AVX2 and FMA, no VNNI.
    Avx2,
    /// AVX2 and FMA with AVX-VNNI.
    AvxVnni,
    /// AVX2, FMA and AVX-512 F, BW, DQ, VL, VNNI.
    #[cfg(feature = "avx512")]
    Avx512,
    /// AVX2, FMA and AVX-512 F, BW, DQ, VL, VNNI, VBMI, VBMI2, with BMI1 and POPCNT.
    #[cfg(feature = "avx512")]
    Avx512Vbmi,
}

/// A row of the table; its last two entries are those of the feature `avx512`.
#[cfg(feature = "avx512")]
macro_rules! row {
    ($($entry:expr),* $(,)?) => { [$($entry),*] };
}

#[cfg(not(feature = "avx512"))]
macro_rules! row {
    ($generic:expr, $avx2:expr, $avxvnni:expr, $($avx512:tt)*) => {
        [$generic, $avx2, $avxvnni]
    };
}

/// The features of each level.
#[rustfmt::skip]
const FEATURES: Row<Features> = row![
//  Generic                                       Avx2                                          AvxVnni                                       Avx512                                             Avx512Vbmi
    Features::NONE,                               avx2::FEATURES,                               avxvnni::FEATURES,                            avx512::FEATURES,                                  avx512_vbmi::FEATURES,
];

/// Kernels that end with the output stage `S`.
pub(crate) struct Table<S>(PhantomData<S>);

#[rustfmt::skip]
impl<S: Packed16Stage> Table<S> {
    /// Many pixels by all channels: CONV_2D, FULLY_CONNECTED of several rows.
    pub(crate) const GEMM: Row<Gemm<S>> = row![
    //  Generic                                       Avx2                                          AvxVnni                                       Avx512                                             Avx512Vbmi
        gemm::gemm::<Generic, S, 1>,                  avx2::gemm_madd16::gemm,                      avxvnni::kernels::gemm,                       avx512::gemm_full_tiles::gemm,                     avx512_vbmi::conv_n8::gemm,
    ];
    /// Many pixels by all channels, plus another tensor: CONV_2D and ADD.
    const GEMM_ADDED: Row<Option<TryGemm<S>>> = row![
        None,                                         None,                                         None,                                         Some(avx512::gemm_full_tiles::try_gemm_added),     Some(avx512::gemm_full_tiles::try_gemm_added),
    ];
    /// One pixel with inputs side by side, by all channels: FULLY_CONNECTED of one row.
    pub(crate) const GEMV: Row<Gemm<S>> = row![
        gemm::gemv::<Generic, S>,                     avx2::gemv::gemv,                             avxvnni::kernels::gemv,                       avx512::gemv::gemv,                                avx512::gemv::gemv,
    ];
    /// One row, with a list of the pairs of weights that VPMADDUBSW may saturate.
    const GEMV_MADDUBS: Row<Option<TryGemvMaddubs<S>>> = row![
        None,                                         Some(avx2::gemv_maddubs::try_gemv_maddubs),   Some(avxvnni::kernels::try_gemv_maddubs),     None,                                              None,
    ];
    /// One row, with weights of 6 bits.
    const GEMV_W6: Row<Option<TryGemvW6<S>>> = row![
        None,                                         None,                                         None,                                         Some(avx512::gemv_w6::try_gemv_w6),                Some(avx512::gemv_w6::try_gemv_w6),
    ];
    /// One row; the weights of inputs that are zero are not read.
    const GEMV_ZERO_SKIP: Row<GemvZeroSkip<S>> = row![
        gemv_zero_skip::gemv_zero_skip::<Generic, S>, avx2::gemv_zero_skip::gemv_zero_skip,         avxvnni::kernels::gemv_zero_skip,             avx512::gemv_zero_skip::gemv_zero_skip,            avx512_vbmi::gemv_zero_skip::gemv_zero_skip,
    ];
    /// 3x3 CONV_2D with stride 1 by Winograd's F(4x4, 3x3).
    const WINOGRAD: Row<Option<TryWinograd<S>>> = row![
        None,                                         Some(avx2::winograd_f4x3::try_winograd::<S>), Some(avx2::winograd_f4x3::try_winograd::<S>), Some(avx512::winograd_f4x3::try_winograd::<S>),    Some(avx512::winograd_f4x3::try_winograd::<S>),
    ];
}

/// CONV_2D and FULLY_CONNECTED of int16 inputs and int8 weights.
#[rustfmt::skip]
pub(crate) const GEMM_I16: Row<GemmI16Kernel> = row![
    gemm_i16::gemm::<Plain, 1>,                   avx2::gemm_i16::gemm,                         avx2::gemm_i16::gemm,                         avx512::gemm_i16::gemm,                            avx512::gemm_i16::gemm,
];

/// DEPTHWISE_CONV_2D over a padded image.
#[rustfmt::skip]
pub(crate) const DWCONV: Row<Dwconv> = row![
//  Generic                                       Avx2                                          AvxVnni                                       Avx512                                             Avx512Vbmi
    dwconv::dwconv::<Generic>,                    avx2::dwconv::dwconv,                         avxvnni::kernels::dwconv,                     avx512::dwconv_3x3::dwconv,                        avx512::dwconv_3x3::dwconv,
];

/// DEPTHWISE_CONV_2D with windows of 3x3 over an image as it is in a tensor.
#[rustfmt::skip]
const DWCONV_3X3_UNPADDED: Row<Option<TryDwconv3x3Unpadded>> = row![
    None,                                         None,                                         None,                                         Some(avx512::dwconv_3x3::try_dwconv_3x3_unpadded), Some(avx512::dwconv_3x3::try_dwconv_3x3_unpadded),
];

/// ADD and SUB of int8 in f32.
#[rustfmt::skip]
const ADD_F32: Row<Option<AddF32Kernel>> = row![
    None,                                         Some(avx2::add_f32::add_f32),                 Some(avx2::add_f32::add_f32),                 Some(avx512::add_f32::add_f32),                    Some(avx512::add_f32::add_f32),
];

/// Functions of one int8 value, as tables.
#[rustfmt::skip]
pub(crate) const LUT: Row<Option<Lut>> = row![
    None,                                         None,                                         None,                                         None,                                              Some(avx512_vbmi::lut::lut),
];

/// MEAN over height and width.
#[rustfmt::skip]
const MEAN_HW: Row<Option<TryMeanHw>> = row![
    None,                                         None,                                         None,                                         Some(avx512::mean_hw::try_mean_hw),                Some(avx512::mean_hw::try_mean_hw),
];

/// Padding of whole images, line by line.
#[rustfmt::skip]
const PAD_LINES: Row<Option<PadLines>> = row![
    None,                                         Some(avx2::pad_xor128::pad_lines),            Some(avx2::pad_xor128::pad_lines),            Some(avx512::pad_xor128::pad_lines),               Some(avx512::pad_xor128::pad_lines),
];

/// Padding of every other column of one line.
#[rustfmt::skip]
const PAD_EVERY_OTHER: Row<Option<PadEveryOther>> = row![
    None,                                         Some(avx2::pad_xor128::pad_every_other),      Some(avx2::pad_xor128::pad_every_other),      Some(avx512::pad_xor128::pad_every_other),         Some(avx512::pad_xor128::pad_every_other),
];

/// Loops that LLVM vectorizes: which of the functions that `multiversion!` compiles.
#[rustfmt::skip]
const LOOPS: Row<Loops> = row![
    Loops::Baseline,                              Loops::Avx2,                                  Loops::Avx2,                                  Loops::Avx512,                                     Loops::Avx512,
];

/// The CPU features that `multiversion!` compiles a loop for.
#[derive(Clone, Copy)]
pub(crate) enum Loops {
    /// The features that the program is compiled for.
    Baseline,
    /// AVX2 alone, without FMA.
    Avx2,
    /// AVX-512 F, BW, DQ and VL.
    #[cfg(feature = "avx512")]
    Avx512,
}

/// One entry for each level.
pub(crate) type Row<T> = [T; Level::ALL.len()];

type TryGemm<S> =
    unsafe fn(&Packed16<'_, S>, &Pixels<'_>, &mut [<S as Packed16Stage>::Element]) -> bool;
type TryGemvMaddubs<S> = unsafe fn(
    &Packed16<'_, S>,
    &[[u16; 2]],
    &Pixels<'_>,
    &mut [<S as Packed16Stage>::Element],
) -> bool;
type TryGemvW6<S> =
    unsafe fn(&Packed16<'_, S>, &[u8], &Pixels<'_>, &mut [<S as Packed16Stage>::Element]) -> bool;
type GemvZeroSkip<S> =
    unsafe fn(&Packed16<'_, S>, &[u8], &[i8], &mut [<S as Packed16Stage>::Element]);
type TryWinograd<S> =
    unsafe fn(&Tiled<'_>, &mut [i8], &mut [<S as Packed16Stage>::Element]) -> bool;
type TryDwconv3x3Unpadded = unsafe fn(&Unpadded<'_>, &mut [i8]) -> bool;
type AddF32Kernel = unsafe fn(AddF32, *const i8, *const i8, *mut i8, usize) -> usize;
type TryMeanHw = unsafe fn(MeanHw<'_>, &mut [i8]) -> bool;
type PadLines = unsafe fn(&[i8], &mut [i8], Lines);
type PadEveryOther = unsafe fn(&[i8], &mut [i8], [usize; 2], Lines);

impl Levels for Level {
    const ALL: &'static [Self] = &[
        Self::Generic,
        Self::Avx2,
        Self::AvxVnni,
        #[cfg(feature = "avx512")]
        Self::Avx512,
        #[cfg(feature = "avx512")]
        Self::Avx512Vbmi,
    ];
    const KNOWN: Option<Self> = {
        let last = Self::ALL.len() - 1;
        if Features::COMPILED.contain(FEATURES[last]) {
            Some(Self::ALL[last])
        } else {
            None
        }
    };

    fn is_available(self) -> bool {
        Features::of_cpu().contain(FEATURES[self.column()])
    }

    #[inline(always)]
    fn column(self) -> usize {
        self as usize
    }
}

/// True if there is a kernel for [`try_gemm_added`].
#[inline(always)]
pub(crate) fn has_gemm_added<S: Packed16Stage>() -> bool {
    choose::<Level, _, _>(&Table::<S>::GEMM_ADDED).is_some()
}

/// Many pixels by all channels, plus the addend of the stage; false if outputs have to be stored
/// first.
#[inline(always)]
pub(crate) fn try_gemm_added<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    pixels: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    match choose::<Level, _, _>(&Table::<S>::GEMM_ADDED) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        Some(kernel) => unsafe { kernel(p, pixels, output) },
        None => false,
    }
}

/// One row of a tensor by all channels, the first ones by their `weights6`; false if it has to be
/// done with the usual weights.
#[inline(always)]
pub(crate) fn try_gemv_w6<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    weights6: &[u8],
    row: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    match choose::<Level, _, _>(&Table::<S>::GEMV_W6) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        Some(kernel) => unsafe { kernel(p, weights6, row, output) },
        None => false,
    }
}

/// One row by all channels; all weights are read although some inputs may be zero. False if
/// there is no list of saturating pairs, or if it has to be done otherwise.
#[inline(always)]
pub(crate) fn try_gemv_maddubs<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    saturating: Option<&[[u16; 2]]>,
    row: &Pixels<'_>,
    output: &mut [S::Element],
) -> bool {
    match (choose::<Level, _, _>(&Table::<S>::GEMV_MADDUBS), saturating) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        (Some(kernel), Some(saturating)) => unsafe { kernel(p, saturating, row, output) },
        _ => false,
    }
}

/// One row by all channels, with rows of weights: see `common/gemv_zero_skip.rs`.
#[inline(always)]
pub(crate) fn gemv_zero_skip<S: Packed16Stage>(
    p: &Packed16<'_, S>,
    rows: &[u8],
    input: &[i8],
    output: &mut [S::Element],
) {
    let kernel = choose::<Level, _, _>(&Table::<S>::GEMV_ZERO_SKIP);
    // SAFETY: *Enabled*: the CPU has the level's features.
    unsafe { kernel(p, rows, input, output) }
}

/// A 3x3 convolution with stride 1; false if it has to be done otherwise.
#[inline(always)]
pub(crate) fn try_winograd<S: Packed16Stage>(
    tiled: &Tiled<'_>,
    work: &mut [i8],
    output: &mut [S::Element],
) -> bool {
    match choose::<Level, _, _>(&Table::<S>::WINOGRAD) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        Some(kernel) => unsafe { kernel(tiled, work, output) },
        None => false,
    }
}

/// A depthwise convolution over an image that is not padded; false if it has to be.
#[inline(always)]
pub(crate) fn try_dwconv_3x3_unpadded(image: &Unpadded<'_>, output: &mut [i8]) -> bool {
    match choose::<Level, _, _>(&DWCONV_3X3_UNPADDED) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        Some(kernel) => unsafe { kernel(image, output) },
        None => false,
    }
}

/// Adds as many elements as there are whole registers of; gives their number.
#[inline(always)]
pub(crate) fn add_f32(p: AddF32, a: &[i8], b: &[i8], output: &mut [i8]) -> usize {
    let count = a.len().min(b.len()).min(output.len());
    match choose::<Level, _, _>(&ADD_F32) {
        // SAFETY: *Enabled*: the CPU has the level's features; *Covered*: `count` elements.
        Some(kernel) => unsafe { kernel(p, a.as_ptr(), b.as_ptr(), output.as_mut_ptr(), count) },
        None => 0,
    }
}

/// Adds to the first operand in place, as [`add_f32`] does.
#[inline(always)]
pub(crate) fn add_f32_in_place(p: AddF32, in_out: &mut [i8], b: &[i8]) -> usize {
    let (count, at) = (in_out.len().min(b.len()), in_out.as_mut_ptr());
    match choose::<Level, _, _>(&ADD_F32) {
        // SAFETY: *Enabled*: the CPU has the level's features; *Covered*: `count` elements.
        Some(kernel) => unsafe { kernel(p, at, b.as_ptr(), at, count) },
        None => 0,
    }
}

/// The means of all channels over all pixels; false if they have to be computed otherwise.
#[inline(always)]
pub(crate) fn try_mean_hw(image: MeanHw<'_>, output: &mut [i8]) -> bool {
    match choose::<Level, _, _>(&MEAN_HW) {
        // SAFETY: *Enabled*: the CPU has the level's features.
        Some(kernel) => unsafe { kernel(image, output) },
        None => false,
    }
}

/// Pads all lines of an image; `to` has room for them. False if there is no kernel for it, or
/// if a line does not fit its room.
#[inline(always)]
pub(crate) fn try_pad_lines(from: &[i8], to: &mut [i8], p: Lines) -> bool {
    let Some(kernel) = choose::<Level, _, _>(&PAD_LINES).filter(|_| p.fit()) else {
        return false;
    };
    // SAFETY: *Enabled*: the CPU has the level's features; lines have room for the image and its padding.
    unsafe { kernel(from, to, p) };
    true
}

/// Pads one line of every other run of `depth` bytes, beginning with the first one: `count` of
/// them. Bytes behind the line in `to` may be overwritten. False if there is no kernel for
/// it, or if `from` or `to` is too short.
#[inline(always)]
pub(crate) fn try_pad_every_other(
    from: &[i8],
    to: &mut [i8],
    [count, depth]: [usize; 2],
    p: Lines,
) -> bool {
    let reach = (2 * count).saturating_sub(1) * depth;
    let fits = reach <= from.len() && p.fit() && p.pitch <= to.len();
    let Some(kernel) = choose::<Level, _, _>(&PAD_EVERY_OTHER).filter(|_| fits) else {
        return false;
    };
    // SAFETY: *Enabled*: the CPU has the level's features; all runs and the line are in bounds.
    unsafe { kernel(from, to, [count, depth], p) };
    true
}

/// Which of the functions that `multiversion!` compiles a loop to are taken.
#[inline(always)]
pub(crate) fn loops() -> Loops {
    choose::<Level, _, _>(&LOOPS)
}
