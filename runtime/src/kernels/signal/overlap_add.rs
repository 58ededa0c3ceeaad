//! Frames that overlap become a signal.

/// Parameters of the kernel [`signal_overlap_add`].
#[derive(Clone, Copy, Debug)]
pub struct OverlapAdd {
    /// Number of frames of a stream.
    pub frames: usize,
    /// Number of samples of a frame.
    pub frame_size: usize,
    /// From one frame to the next.
    pub frame_step: usize,
}

/// A number type that frames consist of.
pub trait Sum: Copy + Default {
    /// The sum; that of integers saturates.
    fn sum(self, other: Self) -> Self;
}

impl Sum for i16 {
    #[inline(always)]
    fn sum(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Sum for f32 {
    #[inline(always)]
    fn sum(self, other: Self) -> Self {
        self + other
    }
}

/// Sums of overlapping frames; later frames are added to `next`.
pub fn signal_overlap_add<T: Sum>(
    p: &OverlapAdd,
    input: &[T],
    sums: &[T],
    output: &mut [T],
    next: &mut [T],
) {
    let (size, frames) = (p.frame_size.max(1), p.frames.max(1));
    let step = p.frame_step.clamp(1, size);
    let streams = input
        .chunks_exact(frames * size)
        .zip(sums.chunks_exact(size));
    let results = output
        .chunks_exact_mut(frames * step)
        .zip(next.chunks_exact_mut(size));
    for ((stream, old), (out, sums)) in streams.zip(results) {
        sums.copy_from_slice(old);
        for (frame, out) in stream.chunks_exact(size).zip(out.chunks_exact_mut(step)) {
            for (sum, &x) in sums.iter_mut().zip(frame) {
                *sum = sum.sum(x);
            }
            for (out, &sum) in out.iter_mut().zip(&*sums) {
                *out = sum;
            }
            sums.copy_within(step.., 0);
            if let Some(free) = sums.get_mut(size - step..) {
                free.fill(T::default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_add_up() {
        let p = OverlapAdd {
            frames: 2,
            frame_size: 3,
            frame_step: 2,
        };
        let (mut output, mut next) = ([9_i16; 4], [9; 3]);
        let input = [1, 2, 3, 10, 32767, 30];
        signal_overlap_add(&p, &input, &[100, 1, 0], &mut output, &mut next);
        assert_eq!((output, next), ([101, 3, 13, 32767], [30, 0, 0]));
    }
}
