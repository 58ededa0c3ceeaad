//! Matrix products of int16 inputs and int8 weights, over windows of an image: sums of several
//! pixels and sixteen channels at once. Tests: `tests/tests/simd_levels/`, `tests/cross`.
//!
//! # Weights
//! For each block of sixteen channels, and each pair of inputs `k` of each run (an odd run's last
//! pair has a weight of zero), 32 bytes:
//!
//! ```text
//! | c0: w[k] w[k+1] | c1: w[k] w[k+1] | ..  | c15 |     one byte each
//! ```
//!
//! VPMADDWD and VPDPWSSD (x86-64) multiply such a pair, widened to 16 bits, by two neighbouring
//! inputs, and add both products.

use crate::params::gemm_i16::GemmI16;
use crate::params::layout::LANES;

/// Bytes of a pair of weights of sixteen channels.
const PAIR_BYTES: usize = 2 * LANES;

/// Windows over an image, `height` times `width` of them.
#[derive(Clone, Copy)]
pub(crate) struct WindowsI16<'a> {
    /// The image, with its padding.
    pub(crate) inputs: &'a [i16],
    /// Rows of windows.
    pub(crate) height: usize,
    /// Windows of a row.
    pub(crate) width: usize,
    /// Elements from one row's inputs to the next row's.
    pub(crate) pitch: usize,
    /// Elements from one window's inputs to the next window's in its row.
    pub(crate) input_stride: usize,
}

/// The runs of a window.
#[derive(Clone, Copy)]
pub(crate) struct Runs<'a> {
    /// Where they begin, from the window's first input.
    pub(crate) segments: &'a [u32],
    /// Pairs of inputs of a run.
    pub(crate) pairs: usize,
}

/// An instruction set's sums of products. What they rely on (*Runs*): the inputs of all pairs of
/// all runs of each window, and their weights, are there.
pub(crate) trait DotI16 {
    /// The sums of `M` windows, which begin at `from`, and of sixteen channels.
    ///
    /// # Safety
    /// *Enabled*. *Runs*.
    unsafe fn sums<const M: usize>(
        weights: *const u8,
        from: &[*const i16; M],
        runs: Runs<'_>,
        bias: &[i32; LANES],
    ) -> [[i32; LANES]; M];
}

/// The definition, in plain Rust.
pub(crate) struct Plain;

impl DotI16 for Plain {
    #[inline(always)]
    unsafe fn sums<const M: usize>(
        weights: *const u8,
        from: &[*const i16; M],
        runs: Runs<'_>,
        bias: &[i32; LANES],
    ) -> [[i32; LANES]; M] {
        let mut sums = [*bias; M];
        let mut weights = weights.cast::<[[i8; 2]; LANES]>();
        for &segment in runs.segments {
            for pair in 0..runs.pairs {
                // SAFETY: *Runs*.
                let w = unsafe { &*weights };
                for (sums, from) in sums.iter_mut().zip(from) {
                    let from = from.wrapping_add(segment as usize + 2 * pair);
                    // SAFETY: *Runs*.
                    let [a, b] = unsafe { from.cast::<[i16; 2]>().read() }.map(i32::from);
                    for (sum, [v, w]) in sums.iter_mut().zip(w) {
                        let both = (a * i32::from(*v)).wrapping_add(b * i32::from(*w));
                        *sum = sum.wrapping_add(both);
                    }
                }
                weights = weights.wrapping_add(1);
            }
        }
        sums
    }
}

/// All windows by all channels, `M` windows at once.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn gemm<D: DotI16, const M: usize>(
    p: &GemmI16<'_>,
    windows: WindowsI16<'_>,
    output: &mut [i16],
) {
    let runs = Runs {
        segments: p.segments,
        pairs: p.run.div_ceil(2),
    };
    let count = windows.height * windows.width;
    let block_bytes = runs.segments.len() * runs.pairs * PAIR_BYTES;
    let blocks = p.channels.div_ceil(LANES);
    let fits = windows.reach(runs) <= windows.inputs.len()
        && blocks * block_bytes <= p.filter.len()
        && count * p.channels <= output.len();
    if !fits {
        debug_assert!(false, "inputs, weights or outputs are too short");
        return;
    }
    let stages = (p.bias.as_chunks::<LANES>().0.iter()).zip(p.output.factor.as_chunks::<LANES>().0);
    for (block, (bias, factors)) in stages.enumerate().take(blocks) {
        let weights = p.filter.as_ptr().wrapping_add(block * block_bytes);
        let mut next = 0;
        while next < count {
            // SAFETY: *Enabled*; *Runs*: the lengths have been compared.
            unsafe {
                if count >= M {
                    // The last windows are taken with some that have been done: always `M`.
                    let first = next.min(count - M);
                    let sums = D::sums::<M>(weights, &windows.pointers(first), runs, bias);
                    p.finish(&sums, factors, first, block, output);
                    next = first + M;
                } else {
                    let sums = D::sums::<1>(weights, &windows.pointers(next), runs, bias);
                    p.finish(&sums, factors, next, block, output);
                    next += 1;
                }
            }
        }
    }
}

impl WindowsI16<'_> {
    /// The end of what the windows read.
    #[inline(always)]
    fn reach(&self, runs: Runs<'_>) -> usize {
        let last = self.height.saturating_sub(1) * self.pitch
            + self.width.saturating_sub(1) * self.input_stride;
        let run = runs.segments.iter().max().map_or(0, |&s| s as usize);
        last + run + 2 * runs.pairs
    }

    /// The first inputs of `M` windows.
    #[inline(always)]
    fn pointers<const M: usize>(&self, first: usize) -> [*const i16; M] {
        let (mut y, mut x) = (first / self.width.max(1), first % self.width.max(1));
        let mut pointers = [core::ptr::null(); M];
        for pointer in &mut pointers {
            let at = y * self.pitch + x * self.input_stride;
            *pointer = self.inputs.as_ptr().wrapping_add(at);
            x += 1;
            if x == self.width {
                (y, x) = (y + 1, 0);
            }
        }
        pointers
    }
}

impl GemmI16<'_> {
    /// Stores the outputs of some windows and a block of channels.
    #[inline(always)]
    fn finish<const M: usize>(
        &self,
        sums: &[[i32; LANES]; M],
        factors: &[i32; LANES],
        first: usize,
        block: usize,
        output: &mut [i16],
    ) {
        let stage = &self.output;
        for (m, sums) in sums.iter().enumerate() {
            let mut outputs = [0_i16; LANES];
            for ((out, sum), factor) in outputs.iter_mut().zip(sums).zip(factors) {
                *out = stage.scaled(*sum, *factor);
            }
            let begin = (first + m) * self.channels + block * LANES;
            let end = begin + LANES.min(self.channels - block * LANES);
            if let Some(to) = output.get_mut(begin..end) {
                match <&mut [i16; LANES]>::try_from(&mut *to) {
                    Ok(to) => *to = outputs,
                    Err(_) => to.copy_from_slice(&outputs[..to.len()]),
                }
            }
        }
    }
}
