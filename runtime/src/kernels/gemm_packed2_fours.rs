//! Four pixels of CONV_2D and FULLY_CONNECTED at a time, as bytes, for Helium: `mcu/armv7em/helium_fours.rs`.
//! Their columns take the memory of two pixels of 16 bits.

use crate::kernels::gemm_packed2::{Bytes, Packed2, Packed2Conv2d, Source};
use crate::kernels::gemm_packed2_load::Run;
use crate::kernels::output_stage::OutputStage;
use crate::mcu::{Rows, fill_pixel, place_rows, spread_rows};
use crate::params::requantize_fast::PairSums;
use crate::params::window::Position;

impl<S: OutputStage> Packed2<'_, S> {
    /// All channels of up to four pixels, whose bytes are in `columns`.
    #[inline(never)]
    fn several_pixels(&self, columns: &[i16], output: &mut [S::Element], pixels: usize) {
        let sums = PairSums {
            columns: columns.get(..self.pair()).unwrap_or(&[]),
            filter: self.filter,
            bias: self.bias,
        };
        self.output.fours(&sums, self.zero_point, output, pixels);
    }
}

/// Computes all rows of FULLY_CONNECTED, up to four at a time.
#[inline(always)]
pub(super) fn multiply_fours<S: OutputStage>(
    p: &Packed2<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
) where
    S::Element: Bytes,
{
    let (depth, channels) = (p.depth.max(1), p.bias.len().max(1));
    let count = source.of(output).len() / depth;
    for at in (0..count).step_by(4) {
        let pixels = (count - at).min(4);
        let input = source.of(output).get(at * depth..).unwrap_or(&[]);
        for (place, row) in input.chunks_exact(depth).take(pixels).enumerate() {
            spread_pixel(row, p.zero_point, place, columns);
        }
        let out = output.get_mut(at * channels..(at + pixels) * channels);
        debug_assert!(out.is_some(), "the output is too short");
        if let Some(out) = out {
            p.several_pixels(columns, out, pixels);
        }
    }
}

/// All output pixels. Inputs are read no later than by pairs of pixels, so that they may lie in the
/// output's memory.
#[inline(always)]
pub(super) fn convolve_fours<S: OutputStage>(
    p: &Packed2Conv2d<'_, S>,
    source: Source<'_>,
    output: &mut [S::Element],
    columns: &mut [i16],
    pixel: &mut [i8],
) where
    S::Element: Bytes,
{
    let channels = p.packed.bias.len().max(1);
    let pixels = p.window.pixels();
    let mut position = Position::default();
    let step = p.window.stride_width * p.input_depth;
    let mut run = Run::new(p, position);
    let mut first = 0;
    while first < pixels {
        let count = (pixels - first).min(4);
        for at in 0..count {
            if p.window.dilation_width == 1 {
                p.load_bytes(&run, at, source.of(output), columns, pixel);
            } else {
                p.gather_dilated(position, source.of(output), pixel);
                spread_pixel(pixel, p.packed.zero_point, at, columns);
            }
            position.advance(&p.window);
            if position.follows(&p.window) {
                run.first = run.first.wrapping_add(step);
            } else {
                run = Run::new(p, position);
            }
        }
        let Some(out) = output.get_mut(first * channels..(first + count) * channels) else {
            debug_assert!(false, "the output is too short");
            return;
        };
        p.packed.several_pixels(columns, out, count);
        first += count;
    }
}

/// The inputs of one pixel, side by side, into its places of `columns`.
#[inline(always)]
fn spread_pixel(pixel: &[i8], zero_point: i8, at: usize, columns: &mut [i16]) {
    let (fours, rest) = pixel.as_chunks::<4>();
    let whole = Rows {
        from: pixel,
        rows: 1,
        count: 4 * fours.len(),
        step: 0,
    };
    spread_rows(whole, at, columns, 0);
    let z = zero_point;
    let last = match *rest {
        [a] => [a, z, z, z],
        [a, b] => [a, b, z, z],
        [a, b, c] => [a, b, c, z],
        _ => return,
    };
    // Two bytes are one element of the columns.
    let places = columns.get_mut(8 * fours.len() + 2 * at..);
    if let Some([first, second, ..]) = places {
        let [a, b, c, d] = last.map(|x| x as u8);
        *first = i16::from_le_bytes([a, b]);
        *second = i16::from_le_bytes([c, d]);
    }
}

impl<S> Packed2Conv2d<'_, S> {
    /// The inputs of one output pixel into its places of `columns`.
    #[inline(never)]
    fn load_bytes(
        &self,
        run: &Run,
        at: usize,
        input: &[i8],
        columns: &mut [i16],
        scratch: &mut [i8],
    ) {
        let zero_point = self.packed.zero_point;
        let from = input.get(run.first..);
        debug_assert!(run.rows == 0 || from.is_some(), "the input is too short");
        let rows = Rows {
            from: from.unwrap_or(&[]),
            rows: run.rows,
            count: run.count,
            step: run.step,
        };
        if (run.row | run.left | run.count).is_multiple_of(4) {
            if !run.is_whole {
                fill_pixel(zero_point, at, columns);
            }
            let to = columns.get_mut(run.place * 2..).unwrap_or_default();
            return spread_rows(rows, at, to, run.row);
        }
        if !run.is_whole {
            scratch.fill(zero_point);
        }
        let to = scratch.get_mut(run.place..).unwrap_or_default();
        place_rows(rows, to, run.row);
        spread_pixel(scratch, zero_point, at, columns);
    }
}
