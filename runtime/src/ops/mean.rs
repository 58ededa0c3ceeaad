//! MEAN over some of 4 dimensions.

use crate::arithmetic::Multiplier;

/// Parameters of [`mean`].
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Sizes, outermost first.
    pub dims: [usize; 4],
    /// Which dimensions are averaged.
    pub reduced: [bool; 4],
    /// The input's zero point times the number of averaged elements, negated.
    pub bias: i32,
    /// The input's scale by the output's and that number.
    pub output_multiplier: Multiplier,
    /// The output's zero point.
    pub output_offset: i32,
}

/// One sum per output element.
pub fn mean(p: &Mean, input: &[i8], output: &mut [i8]) {
    let [_, d1, d2, d3] = p.dims;
    let steps = [d1 * d2 * d3, d2 * d3, d3, 1];
    // The kept dimensions give outputs; the averaged ones are summed for each.
    let sizes = |of: bool| {
        let mut sizes = p.dims;
        for (size, reduced) in sizes.iter_mut().zip(p.reduced) {
            if reduced != of {
                *size = 1;
            }
        }
        sizes
    };
    let (kept, averaged) = (sizes(false), sizes(true));
    let mut outputs = output.iter_mut();
    each(kept, steps, |begin| {
        let mut sum = p.bias;
        each(averaged, steps, |offset| {
            sum = sum.wrapping_add(input.get(begin + offset).copied().unwrap_or(0).into());
        });
        let q = p.output_multiplier.apply(sum).wrapping_add(p.output_offset);
        if let Some(out) = outputs.next() {
            *out = q.clamp(-128, 127) as i8;
        }
    });
}

/// Calls `f` with the offset of every element of a strided box.
#[inline(always)]
fn each(sizes: [usize; 4], steps: [usize; 4], mut f: impl FnMut(usize)) {
    let ([n0, n1, n2, n3], [s0, s1, s2, s3]) = (sizes, steps);
    for i0 in 0..n0 {
        for i1 in 0..n1 {
            for i2 in 0..n2 {
                for i3 in 0..n3 {
                    f(i0 * s0 + i1 * s1 + i2 * s2 + i3 * s3);
                }
            }
        }
    }
}
