//! RESIZE_BILINEAR of uint8, here shifted by 128: in float32, as LiteRT has it.

/// The places of the output's rows or columns in the input.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// For each one, those of the input before and behind it.
    pub between: &'a [i32],
    /// The distance to the first.
    pub distances: &'a [f32],
}

impl Places<'_> {
    #[inline(always)]
    fn all(&self) -> impl Iterator<Item = (usize, usize, f32)> {
        let between = self.between.as_chunks::<2>().0.iter();
        between
            .zip(self.distances)
            .map(|(&[before, behind], &distance)| (before as usize, behind as usize, distance))
    }
}

/// Parameters of the kernel [`resize_bilinear_uint8`].
#[derive(Clone, Copy, Debug)]
pub struct ResizeBilinearUint8<'a> {
    /// Number of images in a batch.
    pub batches: usize,
    /// Number of rows of the input.
    pub input_height: usize,
    /// Number of columns of the input.
    pub input_width: usize,
    /// Number of elements of a pixel.
    pub channels: usize,
    /// The input rows on both sides of each output row.
    pub rows: Places<'a>,
    /// The input columns on both sides of each output column.
    pub columns: Places<'a>,
}

/// Pixel by pixel of the output.
pub fn resize_bilinear_uint8(p: &ResizeBilinearUint8<'_>, input: &[i8], output: &mut [i8]) {
    let mut pixels = output.chunks_exact_mut(p.channels.max(1));
    for batch in 0..p.batches {
        for (y0, y1, y) in p.rows.all() {
            for (x0, x1, x) in p.columns.all() {
                let Some(pixel) = pixels.next() else { return };
                let corner = |y: usize, x: usize| {
                    let row = batch * p.input_height + y;
                    let at = (row * p.input_width + x) * p.channels;
                    input.get(at..at + p.channels).unwrap_or(&[])
                };
                let corners = corner(y0, x0).iter().zip(corner(y1, x0));
                let corners = corners.zip(corner(y0, x1)).zip(corner(y1, x1));
                let real = |q: i8| f32::from(q) + 128.0;
                for (out, (((&a, &b), &c), &d)) in pixel.iter_mut().zip(corners) {
                    // The reference's order: sums of floats depend on it.
                    let sum = real(a) * (1.0 - y) * (1.0 - x)
                        + real(b) * y * (1.0 - x)
                        + real(c) * (1.0 - y) * x
                        + real(d) * y * x
                        + 0.5;
                    *out = (i32::from(sum as u8) - 128) as i8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_pixels_is_their_mean_rounded_up() {
        let p = ResizeBilinearUint8 {
            batches: 1,
            input_height: 1,
            input_width: 2,
            channels: 1,
            rows: Places {
                between: &[0, 0],
                distances: &[0.0],
            },
            columns: Places {
                between: &[0, 1, 0, 1, 1, 1],
                distances: &[0.0, 0.5, 0.0],
            },
        };
        let mut output = [0; 3];
        resize_bilinear_uint8(&p, &[10, -21], &mut output);
        assert_eq!(output, [10, -5, -21]);
    }
}
