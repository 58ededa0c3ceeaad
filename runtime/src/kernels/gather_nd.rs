//! GATHER_ND: slices by index vectors.

use crate::kernels::strided::copy_row;

/// Parameters of the kernel [`gather_nd`].
#[derive(Clone, Copy, Debug)]
pub struct GatherNd {
    /// The dimensions that an index vector names, filled up with leading ones.
    pub dims: [usize; 6],
    /// How many of them are named.
    pub depth: usize,
    /// Number of elements of a slice.
    pub inner: usize,
}

/// Index vectors outside of the data give zeros.
pub fn gather_nd<T: Copy + Default>(p: &GatherNd, input: &[T], indices: &[i32], output: &mut [T]) {
    let named = p
        .dims
        .get(p.dims.len().saturating_sub(p.depth)..)
        .unwrap_or(&[]);
    let slices = output.chunks_exact_mut(p.inner.max(1));
    for (vector, slice) in indices.chunks_exact(p.depth.max(1)).zip(slices) {
        let at = vector.iter().zip(named).try_fold(0, |at: usize, (&i, &n)| {
            let i = usize::try_from(i).ok().filter(|&i| i < n)?;
            Some(at * n + i)
        });
        match at {
            Some(at) => copy_row(input.get(at * p.inner..).unwrap_or(&[]), slice),
            None => slice.fill(T::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_name_slices() {
        let p = GatherNd {
            dims: [1, 1, 1, 1, 2, 2],
            depth: 2,
            inner: 1,
        };
        let mut output = [9; 3];
        gather_nd(&p, &[1, 2, 3, 4], &[1, 0, 0, 1, 2, 0], &mut output);
        assert_eq!(output, [3, 2, 0]);
    }
}
