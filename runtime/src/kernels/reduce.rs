//! REDUCE_MAX, REDUCE_MIN and REDUCE_PROD over some of 4 dimensions.

use crate::arithmetic::fixed_point::{Multiplier, multiply_i64};

/// Sizes of the dimensions, and which are reduced.
#[derive(Clone, Copy, Debug)]
pub struct Reduce {
    /// Sizes of the dimensions, outermost first.
    pub dims: [usize; 4],
    /// Which dimensions become one element.
    pub reduced: [bool; 4],
}

/// Parameters of the kernel [`reduce_prod`].
#[derive(Clone, Copy, Debug)]
pub struct ReduceProd {
    /// Sizes of the dimensions, and which are reduced.
    pub reduce: Reduce,
    /// The input's negated zero point.
    pub input_offset: i32,
    /// Multiplier that is applied after every factor.
    pub multiplier: Multiplier,
    /// Zero point of the output tensor.
    pub output_offset: i32,
}

impl Reduce {
    /// Folds all elements of each output.
    #[inline(always)]
    pub(super) fn fold<T: Copy, A, O>(
        &self,
        input: &[T],
        output: &mut [O],
        start: A,
        f: impl Fn(A, T) -> A,
        finish: impl Fn(A) -> O,
    ) where
        A: Copy,
    {
        let [_, d1, d2, d3] = self.dims;
        let steps = [d1 * d2 * d3, d2 * d3, d3, 1];
        let sizes = |of: bool| {
            let mut sizes = self.dims;
            for (size, reduced) in sizes.iter_mut().zip(self.reduced) {
                if reduced != of {
                    *size = 1;
                }
            }
            sizes
        };
        let (kept, folded) = (sizes(false), sizes(true));
        let mut outputs = output.iter_mut();
        each(kept, steps, |begin| {
            let mut all = start;
            each(folded, steps, |offset| {
                debug_assert!(begin + offset < input.len(), "the input is too short");
                if let Some(&x) = input.get(begin + offset) {
                    all = f(all, x);
                }
            });
            if let Some(out) = outputs.next() {
                *out = finish(all);
            }
        });
    }

    #[inline(always)]
    fn choose<T: Copy + Default>(
        &self,
        input: &[T],
        output: &mut [T],
        better: impl Fn(T, T) -> bool,
    ) {
        self.fold(
            input,
            output,
            None,
            |best: Option<T>, x| match best {
                Some(best) if !better(x, best) => Some(best),
                _ => Some(x),
            },
            |best| best.unwrap_or_default(),
        );
    }
}

/// Computes the largest element of each reduced lane.
pub fn reduce_max<T: Copy + Default + PartialOrd>(p: &Reduce, input: &[T], output: &mut [T]) {
    p.choose(input, output, |a, b| a > b);
}

/// Computes the smallest element of each reduced lane.
pub fn reduce_min<T: Copy + Default + PartialOrd>(p: &Reduce, input: &[T], output: &mut [T]) {
    p.choose(input, output, |a, b| a < b);
}

/// Computes the product of the elements of each reduced lane.
pub fn reduce_prod(p: &ReduceProd, input: &[i8], output: &mut [i8]) {
    let next = |product: Option<i32>, q: i8| {
        let x = i32::from(q) + p.input_offset;
        Some(match product {
            None => x,
            Some(product) => multiply_i64(i64::from(product) * i64::from(x), p.multiplier),
        })
    };
    p.reduce.fold(input, output, None, next, |product| {
        let q = multiply_i64(product.unwrap_or(0).into(), p.multiplier);
        q.wrapping_add(p.output_offset).clamp(-128, 127) as i8
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_over_columns() {
        let p = Reduce {
            dims: [1, 1, 2, 3],
            reduced: [false, false, true, false],
        };
        let mut output = [0; 3];
        reduce_max(&p, &[1, -5, 3, 0, 2, 9], &mut output);
        assert_eq!(output, [1, 2, 9]);
        reduce_min(&p, &[1, -5, 3, 0, 2, 9], &mut output);
        assert_eq!(output, [0, -5, 3]);
    }
}
