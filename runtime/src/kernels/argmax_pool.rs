//! The custom operators MaxPoolingWithArgmax2D and MaxUnpooling2D.

use crate::params::window::Window;

/// Parameters of the kernel [`max_pool_2d_with_argmax`].
#[derive(Clone, Copy, Debug)]
pub struct ArgmaxPool {
    /// Sizes, strides and padding of the window.
    pub window: Window,
    /// Number of channels of a pixel.
    pub channels: usize,
}

/// Maxima, and where in its image each is; of equal ones, the first.
pub fn max_pool_2d_with_argmax<T: Copy + Default + PartialOrd>(
    p: &ArgmaxPool,
    input: &[T],
    output: &mut [T],
    indices: &mut [i32],
) {
    let channels = p.channels.max(1);
    let image = (p.window.input_height * p.window.input_width * channels).max(1);
    let pixels = output
        .chunks_exact_mut(channels)
        .zip(indices.chunks_exact_mut(channels));
    for (position, (output, indices)) in p.window.positions().zip(pixels) {
        for (channel, (out, index)) in output.iter_mut().zip(indices).enumerate() {
            let mut best: Option<(T, usize)> = None;
            p.window.taps(position, |_, at| {
                let at = at * channels + channel;
                if let Some(&x) = input.get(at)
                    && best.is_none_or(|(most, _)| x > most)
                {
                    best = Some((x, at));
                }
            });
            let (most, at) = best.unwrap_or_default();
            (*out, *index) = (most, (at % image) as i32);
        }
    }
}

/// Parameters of the kernel [`max_unpool_2d`].
#[derive(Clone, Copy, Debug)]
pub struct MaxUnpool<T> {
    /// Number of images in a batch.
    pub batches: usize,
    /// Elements of one image of the output.
    pub output: usize,
    /// The element that represents 0.
    pub zero: T,
}

/// Puts every element where its index says; those outside of an image are left out.
pub fn max_unpool_2d<T: Copy>(p: &MaxUnpool<T>, input: &[T], indices: &[i32], output: &mut [T]) {
    output.fill(p.zero);
    let image = (input.len() / p.batches.max(1)).max(1);
    let images = input.chunks_exact(image).zip(indices.chunks_exact(image));
    for ((input, indices), output) in images.zip(output.chunks_exact_mut(p.output.max(1))) {
        for (&x, &index) in input.iter().zip(indices) {
            if let Some(out) = usize::try_from(index).ok().and_then(|i| output.get_mut(i)) {
                *out = x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxima_go_back_to_where_they_were() {
        let p = ArgmaxPool {
            window: Window {
                batches: 2,
                input_height: 2,
                input_width: 2,
                output_height: 1,
                output_width: 1,
                filter_height: 2,
                filter_width: 2,
                stride_height: 2,
                stride_width: 2,
                dilation_height: 1,
                dilation_width: 1,
                padding_top: 0,
                padding_left: 0,
            },
            channels: 1,
        };
        let (mut output, mut indices) = ([0; 2], [9; 2]);
        max_pool_2d_with_argmax(&p, &[1, 5, 5, 2, -4, -3, -8, -1], &mut output, &mut indices);
        assert_eq!((output, indices), ([5, -1], [1, 3]));
        let p = MaxUnpool {
            batches: 2,
            output: 4,
            zero: 7,
        };
        let mut images = [0; 8];
        max_unpool_2d(&p, &output, &indices, &mut images);
        assert_eq!(images, [7, 5, 7, 7, 7, 7, 7, -1]);
    }
}
