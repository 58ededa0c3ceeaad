//! Copies of elements, as they are.

/// Copies a slice to the first elements of another.
pub fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    debug_assert!(from.len() <= to.len(), "no room for what is copied");
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
