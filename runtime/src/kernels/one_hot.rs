//! ONE_HOT: a row with one marked element for each index.

/// Parameters of the kernel [`one_hot`].
#[derive(Clone, Copy, Debug)]
pub struct OneHot<T> {
    /// Indices before the new axis.
    pub outer: usize,
    /// Size of the new axis.
    pub depth: usize,
    /// Indices behind the new axis.
    pub inner: usize,
    /// The element at the index.
    pub on: T,
    /// The element at all other places.
    pub off: T,
}

/// Writes a row for each index.
pub fn one_hot<T: Copy>(p: &OneHot<T>, indices: &[i32], output: &mut [T]) {
    output.fill(p.off);
    for (at, &index) in indices.iter().enumerate() {
        let (outer, inner) = (at / p.inner.max(1), at % p.inner.max(1));
        let index = usize::try_from(index).ok().filter(|&i| i < p.depth);
        let place = index.map(|i| (outer * p.depth + i) * p.inner + inner);
        if let Some(out) = place.and_then(|place| output.get_mut(place)) {
            *out = p.on;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_outside_are_all_off() {
        let p = OneHot {
            outer: 2,
            depth: 3,
            inner: 1,
            on: 5,
            off: -1,
        };
        let mut output = [0; 6];
        one_hot(&p, &[2, 3], &mut output);
        assert_eq!(output, [-1, -1, 5, -1, -1, -1]);
    }
}
