//! Frames, stacks and delays: samples of earlier runs in front of new ones.

use crate::kernels::copy::copy;

/// Parameters of the kernel [`signal_framer`].
#[derive(Clone, Copy, Debug)]
pub struct Framer {
    /// Number of samples of a frame.
    pub frame_size: usize,
    /// From one frame to the next.
    pub frame_step: usize,
    /// Samples that are kept at most, of one stream.
    pub capacity: usize,
    /// Samples of a stream that come at once.
    pub width: usize,
}

/// Frames that overlap; zeros, and not valid, where there are too few samples yet.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn signal_framer(
    p: &Framer,
    input: &[i16],
    samples: &[i16],
    counts: &[i32],
    output: &mut [i16],
    valid: &mut [i8],
    next_samples: &mut [i16],
    next_counts: &mut [i32],
) {
    let (size, step) = (p.frame_size.max(1), p.frame_step.max(1));
    let (capacity, width) = (p.capacity.max(size), p.width.max(step));
    let before = counts.first().map_or(0, |&n| n.max(0) as usize);
    let before = before.min(capacity - step.min(capacity));
    let (mut after, mut all_valid) = (before, true);
    let streams = input
        .chunks_exact(width)
        .zip(samples.chunks_exact(capacity));
    let results = output
        .chunks_exact_mut(width / step * size)
        .zip(next_samples.chunks_exact_mut(capacity));
    for ((stream, old), (frames, kept)) in streams.zip(results) {
        kept.copy_from_slice(old);
        let mut filled = before;
        for (new, frame) in stream.chunks_exact(step).zip(frames.chunks_exact_mut(size)) {
            if let Some(free) = kept.get_mut(filled..filled + step) {
                free.copy_from_slice(new);
                filled += step;
            }
            match kept.get(..size) {
                Some(oldest) if filled >= size => {
                    frame.copy_from_slice(oldest);
                    kept.copy_within(step.min(filled)..filled, 0);
                    filled -= step.min(filled);
                }
                _ => {
                    frame.fill(0);
                    all_valid = false;
                }
            }
        }
        if let Some(free) = kept.get_mut(filled..) {
            free.fill(0);
        }
        after = filled;
    }
    valid.fill(all_valid.into());
    next_counts.fill(after as i32);
}

/// Parameters of the kernel [`signal_stacker`].
#[derive(Clone, Copy, Debug)]
pub struct Stacker {
    /// Number of features of a row.
    pub channels: usize,
    /// Rows before the one that a stack is of.
    pub left_context: usize,
    /// Rows from one stack to the next.
    pub step: usize,
}

/// Rows side by side; zeros, and not valid, while there are too few. `counts` are how many
/// features there are, and 1 behind the first row.
#[allow(
    clippy::too_many_arguments,
    reason = "emitted code passes every operand and output on its own"
)]
pub fn signal_stacker(
    p: &Stacker,
    input: &[i16],
    samples: &[i16],
    counts: &[i32],
    output: &mut [i16],
    valid: &mut [i8],
    next_samples: &mut [i16],
    next_counts: &mut [i32],
) {
    let (filled, begun) = match *counts {
        [filled, begun] => (filled.max(0) as usize, begun != 0),
        _ => (0, true),
    };
    next_samples.fill(0);
    copy(samples, next_samples);
    let mut filled = filled.min(next_samples.len());
    let rows = if begun { 1 } else { p.left_context + 1 };
    for _ in 0..rows {
        if let (Some(free), Some(row)) = (
            next_samples.get_mut(filled..filled + p.channels),
            input.get(..p.channels),
        ) {
            free.copy_from_slice(row);
            filled += p.channels;
        }
    }
    let is_full = filled >= output.len();
    if is_full {
        copy(next_samples, output);
        let dropped = (p.step * p.channels).min(filled);
        next_samples.copy_within(dropped..filled, 0);
        filled -= dropped;
        if let Some(free) = next_samples.get_mut(filled..) {
            free.fill(0);
        }
    } else {
        output.fill(0);
    }
    valid.fill(is_full.into());
    copy(&[filled as i32, 1], next_counts);
}

/// Parameters of the kernel [`signal_delay`].
#[derive(Clone, Copy, Debug)]
pub struct Delay {
    /// Number of samples of the delay.
    pub delay: usize,
    /// Samples of a stream that come at once.
    pub width: usize,
}

/// Samples of each stream some places later.
pub fn signal_delay(
    p: &Delay,
    input: &[i16],
    samples: &[i16],
    output: &mut [i16],
    next_samples: &mut [i16],
) {
    let (delay, width) = (p.delay.max(1), p.width.max(1));
    let streams = input.chunks_exact(width).zip(samples.chunks_exact(delay));
    let results = output
        .chunks_exact_mut(width)
        .zip(next_samples.chunks_exact_mut(delay));
    for ((new, old), (out, kept)) in streams.zip(results) {
        let all = old.iter().chain(new);
        for (to, &x) in out.iter_mut().chain(kept).zip(all) {
            *to = x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_overlap_across_runs() {
        let p = Framer {
            frame_size: 3,
            frame_step: 2,
            capacity: 4,
            width: 4,
        };
        let (mut samples, mut counts) = ([0; 4], [0]);
        let mut runs = [([0; 6], 0); 2];
        for (run, (output, valid)) in runs.iter_mut().enumerate() {
            let first = 4 * run as i16 + 1;
            let input = [first, first + 1, first + 2, first + 3];
            let (mut next, mut count) = ([9; 4], [9]);
            let mut is_valid = [9];
            signal_framer(
                &p,
                &input,
                &samples,
                &counts,
                output,
                &mut is_valid,
                &mut next,
                &mut count,
            );
            (samples, counts, *valid) = (next, count, is_valid[0]);
        }
        assert_eq!(runs[0], ([0, 0, 0, 1, 2, 3], 0));
        assert_eq!(runs[1], ([3, 4, 5, 5, 6, 7], 1));
        assert_eq!((samples, counts), ([7, 8, 0, 0], [2]));
    }

    #[test]
    fn the_first_row_stands_for_those_before() {
        let p = Stacker {
            channels: 1,
            left_context: 2,
            step: 2,
        };
        let (mut samples, mut counts) = ([0; 4], [0, 0]);
        let mut seen = [([0; 4], 0); 4];
        for (i, (output, valid)) in seen.iter_mut().enumerate() {
            let (mut next, mut count, mut is_valid) = ([9; 4], [9; 2], [9]);
            signal_stacker(
                &p,
                &[i as i16 + 1],
                &samples,
                &counts,
                output,
                &mut is_valid,
                &mut next,
                &mut count,
            );
            (samples, counts, *valid) = (next, count, is_valid[0]);
        }
        let empty = ([0; 4], 0);
        let expected = [empty, ([1, 1, 1, 2], 1), empty, ([1, 2, 3, 4], 1)];
        assert_eq!(seen, expected);
    }

    #[test]
    fn delays_are_longer_or_shorter_than_rows() {
        let p = Delay { delay: 3, width: 2 };
        let (mut output, mut next) = ([9; 2], [9; 3]);
        signal_delay(&p, &[1, 2], &[5, 6, 7], &mut output, &mut next);
        assert_eq!((output, next), ([5, 6], [7, 1, 2]));
        let p = Delay { delay: 1, width: 2 };
        let mut next = [9];
        signal_delay(&p, &[1, 2], &[5], &mut output, &mut next);
        assert_eq!((output, next), ([5, 1], [2]));
    }
}
