//! SEGMENT_SUM and the UNSORTED_SEGMENT operators, in f32.

/// Parameters of [`segment_sum`] and its relatives.
#[derive(Clone, Copy, Debug)]
pub struct Segments {
    /// Number of elements of a slice.
    pub inner: usize,
}

/// Slices go to the segments of their numbers; those outside are left out.
#[inline(always)]
fn segments(
    p: &Segments,
    data: &[f32],
    ids: &[i32],
    output: &mut [f32],
    empty: f32,
    combine: impl Fn(f32, f32) -> f32,
) {
    output.fill(empty);
    let inner = p.inner.max(1);
    for (slice, &id) in data.chunks_exact(inner).zip(ids) {
        let at = usize::try_from(id)
            .ok()
            .and_then(|id| id.checked_mul(inner));
        let segment = at.and_then(|at| output.get_mut(at..at.checked_add(inner)?));
        for (out, &x) in segment.unwrap_or(&mut []).iter_mut().zip(slice) {
            *out = combine(*out, x);
        }
    }
}

/// Sums of slices by number.
pub fn segment_sum(p: &Segments, data: &[f32], ids: &[i32], output: &mut [f32]) {
    segments(p, data, ids, output, 0.0, |a, b| a + b);
}

/// Products of slices by number.
pub fn segment_product(p: &Segments, data: &[f32], ids: &[i32], output: &mut [f32]) {
    segments(p, data, ids, output, 1.0, |a, b| a * b);
}

/// The largest of slices by number; the lowest f32 where there are none.
pub fn segment_max(p: &Segments, data: &[f32], ids: &[i32], output: &mut [f32]) {
    segments(p, data, ids, output, f32::MIN, f32::max);
}

/// The smallest of slices by number; the largest f32 where there are none.
pub fn segment_min(p: &Segments, data: &[f32], ids: &[i32], output: &mut [f32]) {
    segments(p, data, ids, output, f32::MAX, f32::min);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_find_their_segments() {
        let p = Segments { inner: 2 };
        let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let ids = [1, 0, 1, 7];
        let mut output = [9.0; 6];
        segment_sum(&p, &data, &ids, &mut output);
        assert_eq!(output, [3.0, 4.0, 6.0, 8.0, 0.0, 0.0]);
        segment_product(&p, &data, &ids, &mut output);
        assert_eq!(output, [3.0, 4.0, 5.0, 12.0, 1.0, 1.0]);
        segment_max(&p, &data, &ids, &mut output);
        assert_eq!(output[2..4], [5.0, 6.0]);
        segment_min(&p, &data, &[-1, 0, 0, 0], &mut output);
        assert_eq!(output[..2], [3.0, 4.0]);
        segment_sum(&p, &data, &[i32::MAX; 4], &mut output);
        assert_eq!(output, [0.0; 6]);
    }
}
