//! The working memory of a run.

use core::ops::Range;

/// Data at an address that suits every load instruction.
#[cfg_attr(niello_vector, repr(C, align(64)))]
#[cfg_attr(not(niello_vector), repr(C, align(16)))]
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
    /// A new arena of zeroed memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            memory: Aligned([0; BYTES]),
        }
    }

    /// The first bytes, as an arena of their own: one memory for several models that
    /// do not run at the same time.
    ///
    /// ```
    /// const BYTES: usize = 1024; // the largest of the models' `ARENA_BYTES`
    /// let mut shared = niello::Arena::<BYTES>::new();
    /// let small: &mut niello::Arena<100> = shared.part();
    /// ```
    ///
    /// More bytes than there are do not compile:
    /// ```compile_fail
    /// let mut shared = niello::Arena::<100>::new();
    /// let large: &mut niello::Arena<1000> = shared.part();
    /// ```
    #[allow(unsafe_code, reason = "typed views of the arena's bytes")]
    pub fn part<const PART: usize>(&mut self) -> &mut Arena<PART> {
        const { assert!(PART <= BYTES, "the arena is too small for this part") };
        // SAFETY: any bytes are an arena's content.
        unsafe { self.part_as::<Arena<PART>, 0>() }
    }

    /// The bytes from an offset on, as something else.
    ///
    /// # Safety
    /// Any bytes must be a value of `T`, and any `T` plain bytes: nested arrays of
    /// numbers in `repr(transparent)`.
    #[doc(hidden)]
    #[allow(unsafe_code, reason = "typed views of the arena's bytes")]
    pub unsafe fn part_as<T, const OFFSET: usize>(&mut self) -> &mut T {
        const {
            let whole = size_of::<Aligned<[i8; BYTES]>>();
            assert!(OFFSET + size_of::<T>() <= whole, "the arena is too small");
            assert!(
                OFFSET.is_multiple_of(align_of::<T>()) && align_of::<T>() <= align_of::<Self>()
            );
        };
        // SAFETY: in bounds and aligned, as asserted; its content is the caller's
        // promise.
        unsafe { &mut *core::ptr::from_mut(self).cast::<i8>().add(OFFSET).cast() }
    }

    /// All bytes of the arena.
    #[doc(hidden)]
    pub fn as_mut_slice(&mut self) -> &mut [i8] {
        &mut self.memory.0
    }
}

/// Types that any bytes are a value of.
///
/// # Safety
/// So it must be.
#[doc(hidden)]
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
pub unsafe trait Zeroable {}

// SAFETY: an arena is an array of bytes, filled up to its alignment.
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
unsafe impl<const BYTES: usize> Zeroable for Arena<BYTES> {}

/// Zeros on the heap, without a copy on the stack.
#[cfg(feature = "rayon")]
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
pub(crate) fn zeroed<T: Zeroable>() -> std::boxed::Box<T> {
    let layout = core::alloc::Layout::new::<T>();
    if layout.size() == 0 {
        // SAFETY: nothing is at a dangling address of a type without a size.
        return unsafe { std::boxed::Box::from_raw(core::ptr::dangling_mut()) };
    }
    // SAFETY: the size is not 0; zeros are a value of `T`.
    unsafe {
        let memory = std::alloc::alloc_zeroed(layout).cast::<T>();
        if memory.is_null() {
            std::alloc::handle_alloc_error(layout);
        }
        std::boxed::Box::from_raw(memory)
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
/// else gives empty slices, on which kernels do nothing, and debug builds panic.
#[inline(always)]
pub fn slots<const N: usize>(arena: &mut [i8], ranges: [Range<usize>; N]) -> [&mut [i8]; N] {
    match arena.get_disjoint_mut(ranges) {
        Ok(slots) => slots,
        Err(_) => {
            debug_assert!(false, "slots overlap or lie outside of the arena");
            [const {}; N].map(|()| &mut [][..])
        }
    }
}

/// Elements that any bytes are.
///
/// # Safety
/// Every bit pattern must be a value, and the alignment at most 4.
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
pub unsafe trait Plain: Copy {}

// SAFETY: integers and floats take any bits; alignment 2 and 4.
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
unsafe impl Plain for i16 {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
unsafe impl Plain for i32 {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
unsafe impl Plain for f32 {}

/// A slot of the arena as wider elements. Slots begin at multiples of 4 bytes; one
/// that does not gives nothing, and debug builds panic.
#[inline(always)]
#[allow(unsafe_code, reason = "typed views of the arena's bytes")]
pub fn cast_mut<T: Plain>(slot: &mut [i8]) -> &mut [T] {
    // SAFETY: any bytes are a value of a `Plain` type, and `T` and `i8` have no
    // padding, so writes through either leave both valid.
    let (before, elements, _) = unsafe { slot.align_to_mut::<T>() };
    debug_assert!(before.is_empty(), "a slot is not aligned");
    if before.is_empty() { elements } else { &mut [] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "typed views of the arena's bytes")]
    fn parts_are_the_same_memory() {
        let mut arena = Arena::<80>::new();
        arena.part::<8>().as_mut_slice().fill(1);
        // SAFETY: numbers of 16 bits.
        let inner = unsafe { arena.part_as::<[i16; 4], 4>() };
        assert_eq!(*inner, [0x0101, 0x0101, 0, 0]);
        inner[3] = -1;
        assert_eq!(arena.as_mut_slice()[9..13], [0, -1, -1, 0]);
        let array = [1_i8, 2, 3, 4];
        // SAFETY: four elements in all.
        let nested: &[[i8; 2]; 2] = unsafe { crate::emitted_api::cast_ref(&array) };
        assert_eq!(nested, &[[1, 2], [3, 4]]);
    }

    #[cfg(feature = "rayon")]
    #[test]
    fn zeros_come_from_the_heap() {
        assert!(
            zeroed::<Arena<100>>()
                .as_mut_slice()
                .iter()
                .all(|&x| x == 0)
        );
        assert!(zeroed::<Arena<0>>().as_mut_slice().is_empty());
    }

    #[test]
    fn slots_are_what_was_asked_for() {
        let mut arena = Arena::<8>::new();
        let [a, b] = slots(arena.as_mut_slice(), [4..8, 0..4]);
        a[0] = 1;
        b[0] = 2;
        assert_eq!(arena.as_mut_slice(), [2, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic = "slots overlap")]
    fn overlapping_slots_are_nothing() {
        let mut arena = Arena::<8>::new();
        let slots = slots(arena.as_mut_slice(), [0..5, 4..8]);
        assert_eq!(slots.map(|s| s.len()), [0, 0]);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic = "outside of the arena")]
    fn slots_outside_are_nothing() {
        let mut arena = Arena::<8>::new();
        let slots = slots(arena.as_mut_slice(), [0..4, 4..9]);
        assert_eq!(slots.map(|s| s.len()), [0, 0]);
    }

    #[test]
    fn aligned_slots_can_be_wider() {
        let mut arena = Arena::<12>::new();
        let [a, b] = slots(arena.as_mut_slice(), [0..4, 4..12]);
        cast_mut::<i32>(a)[0] = -2;
        assert_eq!(cast_mut::<i16>(b).len(), 4);
        assert_eq!(arena.as_mut_slice()[..5], [-2, -1, -1, -1, 0]);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic = "not aligned")]
    fn slots_that_are_not_aligned_are_nothing() {
        let mut arena = Arena::<12>::new();
        assert!(cast_mut::<i32>(&mut arena.as_mut_slice()[1..9]).is_empty());
    }
}
