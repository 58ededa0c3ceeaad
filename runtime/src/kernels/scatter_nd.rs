//! SCATTER_ND: slices added to zeros, at index vectors.

/// Parameters of the kernel [`scatter_nd`].
#[derive(Clone, Copy, Debug)]
pub struct ScatterNd {
    /// The dimensions that an index vector names, filled up with leading ones.
    pub dims: [usize; 6],
    /// How many of them are named.
    pub depth: usize,
    /// Number of elements of a slice.
    pub inner: usize,
    /// The element that represents 0.
    pub zero: i32,
    /// Sums keep their low bits; else they saturate.
    pub wraps: bool,
}

/// Elements that can be added up.
pub trait Scatter: Copy {
    /// The element that represents 0.
    fn zero(p: &ScatterNd) -> Self;
    /// Adds an update to an element.
    fn plus(self, update: Self, p: &ScatterNd) -> Self;
}

macro_rules! narrow {
    ($($element:ty)*) => {$(
        impl Scatter for $element {
            #[inline(always)]
            fn zero(p: &ScatterNd) -> Self {
                p.zero as Self
            }

            #[inline(always)]
            fn plus(self, update: Self, p: &ScatterNd) -> Self {
                let sum = i32::from(self) + i32::from(update) - p.zero;
                if p.wraps {
                    sum as Self
                } else {
                    sum.clamp(Self::MIN.into(), Self::MAX.into()) as Self
                }
            }
        }
    )*};
}

narrow! { i8 i16 }

impl Scatter for i32 {
    #[inline(always)]
    fn zero(_: &ScatterNd) -> Self {
        0
    }

    #[inline(always)]
    fn plus(self, update: Self, _: &ScatterNd) -> Self {
        self.wrapping_add(update)
    }
}

impl Scatter for f32 {
    #[inline(always)]
    fn zero(_: &ScatterNd) -> Self {
        0.0
    }

    #[inline(always)]
    fn plus(self, update: Self, _: &ScatterNd) -> Self {
        self + update
    }
}

/// Index vectors outside of the output are left out.
pub fn scatter_nd<T: Scatter>(p: &ScatterNd, indices: &[i32], updates: &[T], output: &mut [T]) {
    output.fill(T::zero(p));
    let named = p.dims.get(p.dims.len().saturating_sub(p.depth)..);
    let slices = updates.chunks_exact(p.inner.max(1));
    for (vector, slice) in indices.chunks_exact(p.depth.max(1)).zip(slices) {
        let mut dims = vector.iter().zip(named.unwrap_or(&[]));
        let at = dims.try_fold(0, |at: usize, (&i, &n)| {
            let i = usize::try_from(i).ok().filter(|&i| i < n)?;
            Some(at * n + i)
        });
        let place = at.and_then(|at| output.get_mut(at * p.inner..));
        for (out, &x) in place.unwrap_or(&mut []).iter_mut().zip(slice) {
            *out = out.plus(x, p);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_added() {
        let p = ScatterNd {
            dims: [1, 1, 1, 1, 1, 3],
            depth: 1,
            inner: 2,
            zero: 1,
            wraps: false,
        };
        let mut output = [9_i8; 6];
        let updates = [5, 6, 100, 1, 100, 3, 7, 7];
        scatter_nd(&p, &[2, 0, 0, -1], &updates, &mut output);
        assert_eq!(output, [127, 3, 1, 1, 5, 6]);
        let p = ScatterNd {
            zero: 0,
            wraps: true,
            ..p
        };
        scatter_nd(&p, &[2, 0, 0, -1], &updates, &mut output);
        assert_eq!(output, [-56, 4, 0, 0, 5, 6]);
    }
}
