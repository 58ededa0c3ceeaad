//! Operators with weights in float: what calibration observes.

use ndarray::{ArrayView2, ShapeError};

use crate::products::{Accumulate, Factors, Walk};
use crate::window::Window;

/// Elements of the matrix of inputs that are there at once.
const MOST_COLUMNS: usize = 1 << 24;

/// The elements as a matrix with so many rows and columns.
fn matrix(rows: usize, columns: usize, data: &[f32]) -> Result<ArrayView2<'_, f32>, ShapeError> {
    ArrayView2::from_shape((rows, columns), data)
}

/// All sums of products of an operator with so many output channels, channels last, without
/// biases.
///
/// # Errors
///
/// If `input` or `filter` has another number of elements than `walk` needs.
pub fn sums(
    walk: &Walk,
    channels: usize,
    input: &[f32],
    filter: &[f32],
) -> Result<Vec<f32>, ShapeError> {
    match *walk {
        Walk::Convolution {
            window,
            input_depth,
            filter_depth,
        } if input_depth == filter_depth => {
            convolution(&window, input_depth, channels, input, filter)
        }
        Walk::Convolution {
            window,
            input_depth,
            filter_depth: depth,
        } => {
            let taps = window.filter[0] * window.filter[1];
            let per_group = channels / (input_depth / depth);
            let mut out = vec![0.0; window.output_pixels() * channels];
            window.taps(|pixel, tap, at| {
                for channel in 0..channels {
                    let x = &input[at * input_depth + channel / per_group * depth..][..depth];
                    let w = &filter[(channel * taps + tap) * depth..][..depth];
                    out[pixel * channels + channel] += dot(x, w);
                }
            });
            Ok(out)
        }
        Walk::Depthwise { .. } => Ok(Accumulate::sums(
            walk,
            &Factors {
                input,
                offset: 0,
                filter,
                bias: &vec![0.0; channels],
            },
        )),
        Walk::Transposed {
            window,
            input_depth: depth,
        } => {
            let taps = window.filter[0] * window.filter[1];
            let pixels = window.batches * window.input[0] * window.input[1];
            let mut out = vec![0.0; pixels * channels];
            window.taps(|from, tap, pixel| {
                for channel in 0..channels {
                    let w = &filter[(channel * taps + tap) * depth..][..depth];
                    let x = &input[from * depth..][..depth];
                    out[pixel * channels + channel] += dot(x, w);
                }
            });
            Ok(out)
        }
        Walk::Rows { rows, depth } => {
            let x = matrix(rows, depth, input)?;
            let w = matrix(channels, depth, filter)?;
            Ok(x.dot(&w.t()).into_iter().collect())
        }
    }
}

/// CONV_2D: im2col, then matrix products, of as many rows at a time as there is memory for.
fn convolution(
    window: &Window,
    depth: usize,
    channels: usize,
    input: &[f32],
    filter: &[f32],
) -> Result<Vec<f32>, ShapeError> {
    let row = window.filter[0] * window.filter[1] * depth;
    let filter = matrix(channels, row, filter)?;
    let (pixels, width) = (window.output_pixels(), window.output[1]);
    let rows = (MOST_COLUMNS / (width * row).max(1)).max(1);
    let mut data = Vec::with_capacity(pixels * channels);
    for from in (0..pixels).step_by((rows * width).max(1)) {
        let count = (rows * width).min(pixels - from);
        let mut columns = vec![0.0; count * row];
        for out in 0..count {
            let columns = &mut columns[out * row..][..row];
            window.taps_at(from + out, |tap, pixel| {
                columns[tap * depth..][..depth].copy_from_slice(&input[pixel * depth..][..depth]);
            });
        }
        data.extend(matrix(count, row, &columns)?.dot(&filter.t()));
    }
    Ok(data)
}

/// The sum of products, in the order of the elements.
fn dot(x: &[f32], w: &[f32]) -> f32 {
    x.iter().zip(w).map(|(x, w)| x * w).sum()
}
