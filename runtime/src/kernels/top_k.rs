//! TOPK_V2: the k largest of every row.

/// Parameters of the kernel [`top_k`].
#[derive(Clone, Copy, Debug)]
pub struct TopK {
    /// Number of elements of a row.
    pub depth: usize,
    /// Number of elements that are chosen.
    pub k: usize,
}

/// Values, largest first, and their indices; of equal ones, the first.
pub fn top_k<T: Copy + PartialOrd>(p: &TopK, input: &[T], values: &mut [T], indices: &mut [i32]) {
    let chosen = values
        .chunks_exact_mut(p.k.max(1))
        .zip(indices.chunks_exact_mut(p.k.max(1)));
    for (row, (values, indices)) in input.chunks_exact(p.depth.max(1)).zip(chosen) {
        let mut filled = 0;
        for (index, &x) in row.iter().enumerate() {
            // Its place: behind all that are not smaller.
            let mut place = filled;
            while place > 0 && values.get(place - 1).is_some_and(|&v| x > v) {
                place -= 1;
            }
            if place >= p.k {
                continue;
            }
            filled = (filled + 1).min(p.k);
            if let (Some(v), Some(i)) = (
                values.get_mut(place..filled),
                indices.get_mut(place..filled),
            ) {
                v.rotate_right(1);
                i.rotate_right(1);
                if let (Some(v), Some(i)) = (v.first_mut(), i.first_mut()) {
                    (*v, *i) = (x, index as i32);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first() {
        let (mut values, mut indices) = ([0; 2], [0; 2]);
        top_k(
            &TopK { depth: 4, k: 2 },
            &[3, 7, 7, 1],
            &mut values,
            &mut indices,
        );
        assert_eq!((values, indices), ([7, 7], [1, 2]));
    }
}
