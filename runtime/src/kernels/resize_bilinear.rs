//! RESIZE_BILINEAR with weights of 10 bits.

/// Parameters of the kernel [`resize_bilinear`].
#[derive(Clone, Copy, Debug)]
pub struct ResizeBilinear<'a> {
    /// Number of images in a batch.
    pub batches: usize,
    /// Number of rows of the input.
    pub input_height: usize,
    /// Number of columns of the input.
    pub input_width: usize,
    /// Number of elements of a pixel.
    pub channels: usize,
    /// Per output row: the input rows before and behind it and the distance to
    /// the first, in 1/1024.
    pub rows: &'a [i32],
    /// Per output column: the input columns around it and the distance, likewise.
    pub columns: &'a [i32],
}

/// Pixel by pixel of the output.
pub fn resize_bilinear(p: &ResizeBilinear<'_>, input: &[i8], output: &mut [i8]) {
    resize(p, input, output, |[a, b, c, d], [y, x]| {
        let sum = i32::from(a) * (1024 - y) * (1024 - x)
            + i32::from(b) * y * (1024 - x)
            + i32::from(c) * (1024 - y) * x
            + i32::from(d) * y * x;
        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
        ((sum + half) / (1 << 20)) as i8
    });
}

/// Computes [`resize_bilinear`] of int16, with sums of 64 bits.
pub fn resize_bilinear_i16(p: &ResizeBilinear<'_>, input: &[i16], output: &mut [i16]) {
    resize(p, input, output, |[a, b, c, d], [y, x]| {
        // Weights have 20 bits.
        let sum = i64::from(a) * i64::from((1024 - y) * (1024 - x))
            + i64::from(b) * i64::from(y * (1024 - x))
            + i64::from(c) * i64::from((1024 - y) * x)
            + i64::from(d) * i64::from(y * x);
        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
        ((sum + half) / (1 << 20)) as i16
    });
}

/// Blends the four inputs around each output; distances to the first one are rows, then columns.
#[inline(always)]
fn resize<T: Copy>(
    p: &ResizeBilinear<'_>,
    input: &[T],
    output: &mut [T],
    blend: impl Fn([T; 4], [i32; 2]) -> T,
) {
    let mut pixels = output.chunks_exact_mut(p.channels.max(1));
    for batch in 0..p.batches {
        for row in p.rows.chunks_exact(3) {
            for column in p.columns.chunks_exact(3) {
                let (&[y0, y1, y], &[x0, x1, x]) = (row, column) else {
                    continue;
                };
                let Some(pixel) = pixels.next() else {
                    debug_assert!(false, "the output is too short");
                    return;
                };
                let corner = |y: i32, x: i32| {
                    let row = batch * p.input_height + y as usize;
                    let at = (row * p.input_width + x as usize) * p.channels;
                    let pixel = input.get(at..at + p.channels);
                    debug_assert!(pixel.is_some(), "the input is too short");
                    pixel.unwrap_or(&[])
                };
                let corners = corner(y0, x0).iter().zip(corner(y1, x0));
                let corners = corners.zip(corner(y0, x1)).zip(corner(y1, x1));
                for (out, (((&a, &b), &c), &d)) in pixel.iter_mut().zip(corners) {
                    *out = blend([a, b, c, d], [y, x]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_pixels_is_their_mean() {
        let p = ResizeBilinear {
            batches: 1,
            input_height: 1,
            input_width: 2,
            channels: 1,
            rows: &[0, 0, 0],
            columns: &[0, 1, 0, 0, 1, 512, 1, 1, 0],
        };
        let mut output = [0; 3];
        resize_bilinear(&p, &[10, -21], &mut output);
        assert_eq!(output, [10, -6, -21]);
        let mut output = [0; 3];
        resize_bilinear_i16(&p, &[-32768, 32765], &mut output);
        assert_eq!(output, [-32768, -2, 32765]);
    }
}
