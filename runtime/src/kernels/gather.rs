//! GATHER and EMBEDDING_LOOKUP by indices that are computed.

use crate::kernels::strided::copy_row;

/// Parameters of the kernel [`gather`].
#[derive(Clone, Copy, Debug)]
pub struct Gather {
    /// Batches that have indices of their own.
    pub batches: usize,
    /// Slices before the axis, per batch.
    pub outer: usize,
    /// Number of elements along the axis.
    pub axis: usize,
    /// Number of indices in a batch.
    pub indices: usize,
    /// Product of the dimensions behind the axis.
    pub inner: usize,
}

/// Indices outside of the axis give zeros.
pub fn gather<T: Copy + Default>(p: &Gather, input: &[T], indices: &[i32], output: &mut [T]) {
    let mut runs = output.chunks_exact_mut(p.inner.max(1));
    for batch in 0..p.batches {
        let of_batch = indices.get(batch * p.indices..(batch + 1) * p.indices);
        for outer in batch * p.outer..(batch + 1) * p.outer {
            for &index in of_batch.unwrap_or(&[]) {
                let Some(run) = runs.next() else { return };
                match usize::try_from(index) {
                    Ok(index) if index < p.axis => {
                        let at = (outer * p.axis + index) * p.inner;
                        copy_row(input.get(at..).unwrap_or(&[]), run);
                    }
                    _ => run.fill(T::default()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_the_indices_order() {
        let p = Gather {
            batches: 1,
            outer: 1,
            axis: 3,
            indices: 3,
            inner: 2,
        };
        let mut output = [9; 6];
        gather(&p, &[1, 2, 3, 4, 5, 6], &[2, 0, -1], &mut output);
        assert_eq!(output, [5, 6, 1, 2, 0, 0]);
    }
}
