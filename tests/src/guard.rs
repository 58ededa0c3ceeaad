//! Values beside pages that nobody may touch, so that a read or write out of bounds ends the
//! process instead of going unnoticed.

use std::fmt::Debug;
use std::ops::{Deref, DerefMut};

/// Which end of a value lies at a guard page; the other end is as near to one as the size
/// allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The byte in front of the value is out of bounds.
    Front,
    /// The byte behind the value is out of bounds.
    Back,
}

/// Both sides of a value.
pub const SIDES: &[Side] = &[Side::Front, Side::Back];

/// A value beside guard pages; on other systems than Linux, on the heap.
#[derive(Debug)]
pub struct Guarded<T>(pages::Place<T>);

impl<T> Guarded<T> {
    /// Moves a value beside guard pages.
    ///
    /// # Panics
    /// If the system gives no memory.
    pub fn new(value: T, side: Side) -> Self {
        Self(pages::Place::new(value, side))
    }
}

impl<T> Deref for Guarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Says what runs from now on: an access to a guard page writes it to stderr before the process
/// ends. For one thread at a time.
pub fn announce(what: &str, level: impl Debug, side: Side) {
    pages::announce(format!(
        "\n{what}, level {level:?}, {side:?}: an access to a guard page\n"
    ));
}

#[cfg(target_os = "linux")]
mod pages {
    use std::ops::{Deref, DerefMut};
    use std::ptr::{NonNull, null_mut};
    use std::sync::Once;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    use super::Side;

    /// Pages with a value, between two that are protected.
    #[derive(Debug)]
    pub(super) struct Place<T> {
        value: NonNull<T>,
        begin: *mut libc::c_void,
        bytes: usize,
    }

    impl<T> Place<T> {
        pub(super) fn new(value: T, side: Side) -> Self {
            let page = page();
            assert!(align_of::<T>() <= page, "an alignment of more than a page");
            let inside = size_of::<T>().next_multiple_of(page).max(page);
            let bytes = inside + 2 * page;
            let (flags, write) = (
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                libc::PROT_READ | libc::PROT_WRITE,
            );
            // SAFETY: new pages of the system's choice.
            let begin = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
            assert!(begin != libc::MAP_FAILED, "no memory");
            let first = begin.wrapping_byte_add(page);
            // SAFETY: pages of the mapping, which nothing uses yet.
            let done = unsafe { libc::mprotect(first, inside, write) };
            assert!(done == 0, "no memory");
            // A size is a multiple of its alignment, and so is a page: both ends are aligned.
            let at = match side {
                Side::Front => first,
                Side::Back => first.wrapping_byte_add(inside - size_of::<T>()),
            };
            let value_at = NonNull::new(at.cast::<T>()).expect("not the first page of all");
            // SAFETY: aligned, and as many bytes up to the second guard page.
            unsafe { value_at.write(value) };
            Self {
                value: value_at,
                begin,
                bytes,
            }
        }
    }

    impl<T> Deref for Place<T> {
        type Target = T;

        fn deref(&self) -> &T {
            // SAFETY: `new` has put a value there, which is this one's alone.
            unsafe { self.value.as_ref() }
        }
    }

    impl<T> DerefMut for Place<T> {
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: as above.
            unsafe { self.value.as_mut() }
        }
    }

    impl<T> Drop for Place<T> {
        fn drop(&mut self) {
            // SAFETY: the value is dropped once, then the mapping that `new` made is given back.
            unsafe {
                self.value.drop_in_place();
                libc::munmap(self.begin, self.bytes);
            }
        }
    }

    pub(super) fn page() -> usize {
        // SAFETY: no arguments but a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(page).expect("a size")
    }

    static TEXT: AtomicPtr<u8> = AtomicPtr::new(null_mut());
    static LENGTH: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn announce(text: String) {
        static HANDLER: Once = Once::new();
        HANDLER.call_once(|| {
            for signal in [libc::SIGSEGV, libc::SIGBUS] {
                // SAFETY: the handler calls nothing but what handlers may call.
                unsafe {
                    let mut action: libc::sigaction = std::mem::zeroed();
                    action.sa_sigaction = handle as *const () as usize;
                    // Once: the second time the system ends the process.
                    action.sa_flags = libc::SA_RESETHAND | libc::SA_ONSTACK;
                    libc::sigaction(signal, &raw const action, null_mut());
                }
            }
        });
        // Kept for the handler, whenever it runs; a test has some thousands of them.
        let text: &'static mut str = text.leak();
        LENGTH.store(0, Ordering::SeqCst);
        TEXT.store(text.as_mut_ptr(), Ordering::SeqCst);
        LENGTH.store(text.len(), Ordering::SeqCst);
    }

    extern "C" fn handle(_: libc::c_int) {
        let (text, length) = (TEXT.load(Ordering::SeqCst), LENGTH.load(Ordering::SeqCst));
        // SAFETY: `write` may be called by handlers; the text lives for ever.
        unsafe { libc::write(2, text.cast(), length) };
    }
}

#[cfg(not(target_os = "linux"))]
mod pages {
    use super::Side;

    /// A place on the heap, without guard pages.
    pub(super) type Place<T> = Heap<T>;

    #[derive(Debug)]
    pub(super) struct Heap<T>(Box<T>);

    impl<T> Heap<T> {
        pub(super) fn new(value: T, _: Side) -> Self {
            Self(Box::new(value))
        }
    }

    impl<T> std::ops::Deref for Heap<T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> std::ops::DerefMut for Heap<T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }

    pub(super) fn announce(_: String) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// The bytes of a value and those around it, by what the kernel can read of them.
    fn is_readable(at: *const u8) -> bool {
        // SAFETY: the system reads one byte, or says that it cannot.
        unsafe {
            let mut pipe = [0; 2];
            assert_eq!(libc::pipe(pipe.as_mut_ptr()), 0);
            let written = libc::write(pipe[1], at.cast(), 1);
            libc::close(pipe[0]);
            libc::close(pipe[1]);
            written == 1
        }
    }

    #[test]
    fn values_end_at_guard_pages() {
        for size in [1, 100, 4096] {
            let check = |at: *const u8, bytes: usize, side: Side| {
                let (front, back) = (at.wrapping_sub(1), at.wrapping_add(bytes));
                assert!(is_readable(at) && is_readable(back.wrapping_sub(1)));
                let beside = if side == Side::Front { front } else { back };
                assert!(!is_readable(beside), "{size} {side:?}");
            };
            for &side in SIDES {
                match size {
                    1 => check(&raw const *Guarded::new(7_u8, side).0, 1, side),
                    100 => check(Guarded::new([7_u8; 100], side).0.as_ptr(), 100, side),
                    _ => check(Guarded::new([7_u8; 4096], side).0.as_ptr(), 4096, side),
                }
            }
        }
    }
}
