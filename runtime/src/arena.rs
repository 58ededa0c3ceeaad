//! The working memory of a run.

use core::ops::Range;

/// Data at an address that suits every load instruction.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub struct Aligned<T>(pub T);

/// Working memory of `BYTES` bytes: the activations of one run.
///
/// Its contents do not matter before or after a run, so one arena can serve any
/// number of runs, and of models that need no more than it has. It is all zeros
/// and can be a `static` (behind whatever lock the program has):
///
/// ```
/// static ARENA: std::sync::Mutex<niello::Arena<1024>> = std::sync::Mutex::new(niello::Arena::new());
/// ```
#[derive(Clone, Debug)]
pub struct Arena<const BYTES: usize> {
    memory: Aligned<[i8; BYTES]>,
}

impl<const BYTES: usize> Arena<BYTES> {
    /// Zeroed memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            memory: Aligned([0; BYTES]),
        }
    }

    /// All of it.
    #[doc(hidden)]
    pub fn as_mut_slice(&mut self) -> &mut [i8] {
        &mut self.memory.0
    }
}

impl<const BYTES: usize> Default for Arena<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

/// Disjoint parts of the arena at once.
///
/// Emitted code asks only for ranges that the planner made disjoint; anything
/// else would give empty slices, on which kernels do nothing.
#[inline(always)]
pub fn slots<const N: usize>(arena: &mut [i8], ranges: [Range<usize>; N]) -> [&mut [i8]; N] {
    match arena.get_disjoint_mut(ranges) {
        Ok(slots) => slots,
        Err(_) => [const {}; N].map(|()| &mut [][..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_what_was_asked_for_or_nothing() {
        let mut arena = Arena::<8>::new();
        let [a, b] = slots(arena.as_mut_slice(), [4..8, 0..4]);
        a[0] = 1;
        b[0] = 2;
        assert_eq!(arena.as_mut_slice(), [2, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(
            slots(arena.as_mut_slice(), [0..5, 4..8]).map(|s| s.len()),
            [0, 0]
        );
        assert_eq!(
            slots(arena.as_mut_slice(), [0..4, 4..9]).map(|s| s.len()),
            [0, 0]
        );
    }
}
