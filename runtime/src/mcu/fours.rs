//! Four channels of two pixels at a time, sums and requantization in one routine, for cores of Arm
//! without the DSP extension.

use crate::params::requantize_fast::{Bias, PairSums, RequantizeFast};

/// The registers of the routine `fours`, which reads them and moves them on.
#[repr(C)]
pub(crate) struct Block {
    columns: *const i16,
    /// Weights of two channels, and of the next two.
    weights: [*const u8; 2],
    bias: *const u8,
    /// Not 0 if biases have 32 bits.
    wide: usize,
    /// Groups of four channels.
    count: usize,
    multiplier: *const u32,
    shift: *const i8,
    first: *mut i8,
    second: *mut i8,
    output_offset: i32,
    /// From one channel's shift to the next: 0 or 1.
    shift_step: usize,
    activation_min: i32,
    activation_max: i32,
    /// Not 0 if the activation leaves int8 as it is.
    full: usize,
    /// Bytes of the weights of two channels.
    size: usize,
    /// Channels of a group that are left.
    left: usize,
    /// The end of the columns.
    end: *const i16,
}

/// All groups of four channels, requantized; gives the number of channels.
///
/// # Safety
/// `routine` needs no more of a block than this: from `columns` to `end` there are whole groups of 16
/// bytes, at least one; for each of them, weights cover 8 bytes of each pair of channels; lists have
/// four elements per group of channels, of which there is at least one, or one shift if `shift_step`
/// is 0.
#[inline(always)]
pub(crate) unsafe fn pairs_by(
    routine: unsafe extern "C" fn(&mut Block),
    sums: &PairSums<'_>,
    stage: &RequantizeFast<'_>,
    first: &mut [i8],
    second: &mut [i8],
) -> usize {
    let size = sums.columns.len() / 8 * 8;
    let shift_step = usize::from(stage.shift.len() > 1);
    let channels = [
        sums.bias.len(),
        stage.multiplier.len(),
        if shift_step == 0 {
            usize::MAX
        } else {
            stage.shift.len()
        },
        first.len(),
        second.len(),
    ];
    let (bias, wide) = match sums.bias {
        Bias::Narrow(list) => (list.as_ptr().cast(), 0),
        Bias::Wide(list) => (list.as_ptr().cast(), 1),
    };
    let count = channels.into_iter().fold(usize::MAX, usize::min) / 4;
    let whole = sums.filter.len() >= count * 2 * size;
    if count == 0 || size == 0 || stage.shift.is_empty() || !whole {
        return 0;
    }
    let (columns, weights) = (sums.columns.as_ptr(), sums.filter.as_ptr());
    let mut block = Block {
        columns,
        weights: [weights, weights.wrapping_add(size)],
        bias,
        wide,
        count,
        multiplier: stage.multiplier.as_ptr(),
        shift: stage.shift.as_ptr(),
        first: first.as_mut_ptr(),
        second: second.as_mut_ptr(),
        output_offset: stage.output_offset,
        shift_step,
        activation_min: stage.activation_min,
        activation_max: stage.activation_max,
        full: usize::from(stage.activation_min <= -128 && stage.activation_max >= 127),
        size,
        left: 0,
        end: columns.wrapping_add(size),
    };
    // SAFETY: all lists have four elements per group of channels (or one shift of step 0), and the
    // weights as many bytes of each channel as there are columns of one pixel.
    unsafe { routine(&mut block) };
    4 * count
}
