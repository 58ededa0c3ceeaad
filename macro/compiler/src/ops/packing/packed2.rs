//! Weights in the order of the runtime's matrix kernels for small cores.

/// Channels side by side, in fours: four of one, four of the next. An odd last one
/// stands alone.
pub(crate) fn pack(filter: &[i8], depth: usize) -> Vec<i8> {
    let fours = |channel: &[i8]| -> Vec<[i8; 4]> {
        channel
            .chunks(4)
            .map(|c| std::array::from_fn(|k| c.get(k).copied().unwrap_or(0)))
            .collect()
    };
    let mut packed = Vec::with_capacity(filter.len());
    for pair in filter.chunks(2 * depth.max(1)) {
        let (first, second) = pair.split_at(depth.min(pair.len()));
        let (first, second) = (fours(first), fours(second));
        for (i, four) in first.iter().enumerate() {
            packed.extend(four);
            packed.extend(second.get(i).into_iter().flatten());
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_interleaved_and_filled_up() {
        let filter: Vec<i8> = (1..=15).collect();
        assert_eq!(
            pack(&filter, 5),
            [
                1, 2, 3, 4, 6, 7, 8, 9, 5, 0, 0, 0, 10, 0, 0, 0, 11, 12, 13, 14, 15, 0, 0, 0
            ]
        );
    }
}
