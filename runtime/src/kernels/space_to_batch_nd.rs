//! SPACE_TO_BATCH_ND: blocks of images become images of a batch.

use crate::kernels::strided::copy_row;

/// Parameters of [`space_to_batch_nd`]; pairs are of rows and columns.
#[derive(Clone, Copy, Debug)]
pub struct SpaceToBatchNd<T> {
    /// Number of images of the input.
    pub batches: usize,
    /// Number of elements of a pixel.
    pub inner: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Rows and columns of a block.
    pub block: [usize; 2],
    /// Rows and columns of padding before the input.
    pub padding: [usize; 2],
    /// The quantized value of the padding.
    pub fill: T,
}

/// Pixel by pixel of the output.
pub fn space_to_batch_nd<T: Copy>(p: &SpaceToBatchNd<T>, input: &[T], output: &mut [T]) {
    let mut pixels = output.chunks_exact_mut(p.inner.max(1));
    let ([block_height, block_width], [height, width]) = (p.block, p.input);
    for offset in 0..block_height * block_width {
        let (dy, dx) = (offset / block_width.max(1), offset % block_width.max(1));
        for batch in 0..p.batches {
            for y in 0..p.output[0] {
                for x in 0..p.output[1] {
                    let Some(pixel) = pixels.next() else { return };
                    let row = (y * block_height + dy).wrapping_sub(p.padding[0]);
                    let column = (x * block_width + dx).wrapping_sub(p.padding[1]);
                    if row < height && column < width {
                        let at = (batch * height + row) * width + column;
                        copy_row(input.get(at * p.inner..).unwrap_or(&[]), pixel);
                    } else {
                        pixel.fill(p.fill);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_images() {
        let p = SpaceToBatchNd {
            batches: 1,
            inner: 1,
            input: [1, 3],
            output: [1, 2],
            block: [1, 2],
            padding: [0, 1],
            fill: 9,
        };
        let mut output = [0; 4];
        space_to_batch_nd(&p, &[1, 2, 3], &mut output);
        assert_eq!(output, [9, 2, 1, 3]);
    }
}
