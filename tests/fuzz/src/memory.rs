//! An allocator that counts, and has nothing left above a limit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Bytes that the compiler may hold for any input.
const LIMIT: usize = 1 << 30;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Begins to measure this thread's memory.
pub(crate) fn reset() {
    PEAK.store(HELD.load(Relaxed), Relaxed);
    REFUSED.store(false, Relaxed);
}

/// Bytes that were held at once since [`reset`].
pub(crate) fn peak() -> usize {
    PEAK.load(Relaxed)
}

/// Whether something asked for more than the limit since [`reset`].
pub(crate) fn refused() -> bool {
    REFUSED.load(Relaxed)
}

/// Counts `more` bytes, if they are to be had.
fn take(more: usize) -> bool {
    let held = HELD.fetch_add(more, Relaxed).saturating_add(more);
    if held > LIMIT {
        HELD.fetch_sub(more, Relaxed);
        REFUSED.store(true, Relaxed);
        return false;
    }
    PEAK.fetch_max(held, Relaxed);
    true
}

// SAFETY: every call is passed on to the system's allocator, or answered by null, which
// says that there is no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !take(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while one is copied.
        if !take(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's block and layout.
        let new = unsafe { System.realloc(pointer, layout, size) };
        HELD.fetch_sub(if new.is_null() { size } else { layout.size() }, Relaxed);
        new
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's block and layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}
