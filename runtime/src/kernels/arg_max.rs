//! ARG_MAX and ARG_MIN along one axis.

/// Parameters of both kernels of this file.
#[derive(Clone, Copy, Debug)]
pub struct ArgMax {
    /// Product of the dimensions before the axis.
    pub outer: usize,
    /// Number of elements along the axis.
    pub depth: usize,
    /// Product of the dimensions behind the axis.
    pub inner: usize,
}

#[inline(always)]
fn first<T: Copy>(p: &ArgMax, input: &[T], output: &mut [i32], better: impl Fn(T, T) -> bool) {
    for (lane, out) in output.iter_mut().enumerate() {
        let (outer, inner) = (lane / p.inner.max(1), lane % p.inner.max(1));
        let mut best = None;
        for d in 0..p.depth {
            let Some(&x) = input.get((outer * p.depth + d) * p.inner + inner) else {
                debug_assert!(false, "the input is too short");
                continue;
            };
            match best {
                Some((y, _)) if !better(x, y) => {}
                _ => best = Some((x, d as i32)),
            }
        }
        *out = best.map_or(0, |(_, d)| d);
    }
}

/// The first index of the largest.
pub fn arg_max<T: Copy + PartialOrd>(p: &ArgMax, input: &[T], output: &mut [i32]) {
    first(p, input, output, |a, b| a > b);
}

/// The first index of the smallest.
pub fn arg_min<T: Copy + PartialOrd>(p: &ArgMax, input: &[T], output: &mut [i32]) {
    first(p, input, output, |a, b| a < b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_ones_the_first_counts() {
        let p = ArgMax {
            outer: 1,
            depth: 3,
            inner: 2,
        };
        let mut output = [0; 2];
        arg_max(&p, &[1, 9, 4, 2, 4, 9], &mut output);
        assert_eq!(output, [1, 0]);
        arg_min(&p, &[1, 9, 4, 2, 4, 9], &mut output);
        assert_eq!(output, [0, 1]);
    }
}
