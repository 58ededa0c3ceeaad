//! CONV_2D and FULLY_CONNECTED of int16 inputs and int8 weights (TFLite's 16x8 scheme), for wide
//! SIMD registers: see `simd/shared/gemm_i16.rs`.

use crate::params::gemm_i16::Conv2dI16;
use crate::simd::calls;
use crate::simd::shared::gemm_i16::WindowsI16;

/// All output pixels; `scratch` holds a padded image and one element more, or nothing if windows
/// are read from the input. Zero points are 0, and so is padding.
pub fn conv_2d_i16(p: &Conv2dI16<'_>, input: &[i16], output: &mut [i16], scratch: &mut [i16]) {
    let (w, depth) = (&p.window, p.input_depth);
    let image = (w.input_height * w.input_width * depth).max(1);
    let size = (w.output_height * w.output_width * p.gemm.channels).max(1);
    let columns = p.padded.map_or(w.input_width, |[_, columns]| columns);
    for (input, output) in input.chunks_exact(image).zip(output.chunks_exact_mut(size)) {
        let inputs = if p.padded.is_some() {
            pad(p, columns, input, scratch);
            &*scratch
        } else {
            input
        };
        let windows = WindowsI16 {
            inputs,
            height: w.output_height,
            width: w.output_width,
            pitch: w.stride_height * columns * depth,
            input_stride: w.stride_width * depth,
        };
        calls::gemm_i16(&p.gemm, windows, output);
    }
}

/// Copies an image between zeros.
fn pad(p: &Conv2dI16<'_>, columns: usize, input: &[i16], scratch: &mut [i16]) {
    let (w, depth) = (&p.window, p.input_depth);
    let pitch = (columns * depth).max(1);
    let line = (w.input_width * depth).max(1);
    let above = (w.padding_top * pitch).min(scratch.len());
    let (above, rows) = scratch.split_at_mut(above);
    above.fill(0);
    let left = (w.padding_left * depth).min(pitch);
    let inside = line.min(pitch - left);
    let mut lines = input.chunks_exact(line);
    // The rest behind whole rows is for reads beyond the last run.
    for row in rows.chunks_mut(pitch) {
        match lines.next().zip(row.split_at_mut_checked(left)) {
            Some((from, (before, to))) if to.len() >= inside => {
                before.fill(0);
                let (to, behind) = to.split_at_mut(inside);
                to.copy_from_slice(&from[..inside]);
                behind.fill(0);
            }
            _ => row.fill(0),
        }
    }
}
