//! CONV_2D and FULLY_CONNECTED of int16 inputs and int8 weights (TFLite's 16x8 scheme), for small
//! cores: the matrix product of `gemm_packed2.rs`, whose columns are the inputs themselves. Sums fit
//! 32 bits, see [`RequantizeI16Fast`]; zero points are 0, and so is padding.

use crate::kernels::gemm_packed2::{Packed2Conv2d, last_pixel};
use crate::mcu;
use crate::params::requantize_i16::RequantizeI16Fast;

/// All output pixels, two at a time; `columns` holds the inputs of both. Rows of FULLY_CONNECTED
/// are pixels of a column.
#[inline(never)]
pub fn conv_2d_packed2_i16(
    p: &Packed2Conv2d<'_, RequantizeI16Fast<'_>>,
    input: &[i16],
    output: &mut [i16],
    columns: &mut [i16],
) {
    let channels = p.packed.bias.len().max(1);
    for (pair, out) in output.chunks_mut(2 * channels).enumerate() {
        p.load_i16(2 * pair, 0, input, columns);
        match out.split_at_mut_checked(channels) {
            Some((a, b)) if b.len() == channels => {
                p.load_i16(2 * pair + 1, 1, input, columns);
                p.packed.two_pixels(columns, a, b);
            }
            _ => last_pixel(&p.packed, columns, out),
        }
    }
}

impl Packed2Conv2d<'_, RequantizeI16Fast<'_>> {
    /// The inputs of one output pixel into its places of `columns`.
    #[inline(never)]
    fn load_i16(&self, pixel: usize, at: usize, input: &[i16], columns: &mut [i16]) {
        let (w, depth) = (&self.window, self.input_depth);
        let position = w.position(pixel);
        let inside = w.columns(position);
        let is_whole = inside.len() == w.filter_width
            && (0..w.filter_height).all(|y| w.row(position, y).is_some());
        if !is_whole {
            for group in columns.as_chunks_mut::<8>().0 {
                for x in group.iter_mut().skip(at * 4).take(4) {
                    *x = 0;
                }
            }
        }
        // Neighbouring taps are one run.
        let step = if w.dilation_width == 1 {
            inside.len().max(1)
        } else {
            1
        };
        for y in 0..w.filter_height {
            let Some(row) = w.row(position, y) else {
                continue;
            };
            for x in inside.clone().step_by(step) {
                let from = (row + w.column(position, x)) * depth;
                let run = input.get(from..from + step * depth);
                debug_assert!(run.is_some(), "the input is too short");
                let first = (y * w.filter_width + x) * depth;
                put(run.unwrap_or(&[]), first, at, columns);
            }
        }
    }
}

/// A run of inputs whose first one has the number `first`, into the places of the pixel `at`.
#[inline(always)]
fn put(run: &[i16], first: usize, at: usize, columns: &mut [i16]) {
    if (first | run.len()).is_multiple_of(4) {
        mcu::expand_i16(run, at, columns.get_mut(2 * first..).unwrap_or(&mut []));
        return;
    }
    for (i, x) in run.iter().enumerate() {
        let k = first + i;
        let place = k / 4 * 8 + at * 4 + mcu::PLACES[k % 4];
        if let Some(to) = columns.get_mut(place) {
            *to = *x;
        }
    }
}
