//! An allocator that can put every allocation of a thread between pages that nobody may touch,
//! with one end or the other at such a page. What has been freed stays protected.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use niello_tests::guard::Side;

/// Addresses that are reserved for it.
const RESERVED: usize = 1 << 40;

const PAGE: usize = 4096;

/// The system's allocator, but inside of [`fenced`].
struct Fence;

#[global_allocator]
static ALLOCATOR: Fence = Fence;

thread_local! {
    static SIDE: Cell<Option<Side>> = const { Cell::new(None) };
}

/// Where the reserved addresses begin.
static BEGIN: OnceLock<usize> = OnceLock::new();
/// How many of them have been given away.
static USED: AtomicUsize = AtomicUsize::new(PAGE);

/// Calls a function whose allocations have that end at a protected page.
pub(crate) fn fenced<T>(side: Side, f: impl FnOnce() -> T) -> T {
    BEGIN.get_or_init(reserve);
    SIDE.set(Some(side));
    let result = f();
    SIDE.set(None);
    result
}

fn reserve() -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: new pages of the system's choice.
    let begin = unsafe { libc::mmap(null_mut(), RESERVED, libc::PROT_NONE, flags, -1, 0) };
    assert!(begin != libc::MAP_FAILED, "no addresses");
    begin as usize
}

/// The pages of an allocation.
fn pages(at: usize, size: usize) -> (*mut libc::c_void, usize) {
    let first = at / PAGE * PAGE;
    (
        first as *mut libc::c_void,
        (at + size).next_multiple_of(PAGE) - first,
    )
}

// SAFETY: allocations of the system's allocator go back to it. The others are pages of their
// own, as many as they need, each given away once.
unsafe impl GlobalAlloc for Fence {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (Some(side), Some(&begin)) = (SIDE.get(), BEGIN.get()) else {
            // SAFETY: as this function's.
            return unsafe { System.alloc(layout) };
        };
        assert!(layout.align() <= PAGE);
        let inside = layout.size().next_multiple_of(PAGE);
        let offset = USED.fetch_add(inside + PAGE, Ordering::Relaxed);
        if offset + inside + PAGE > RESERVED {
            return null_mut();
        }
        let first = begin + offset;
        let at = match side {
            Side::Front => first,
            Side::Back => (first + inside - layout.size()) / layout.align() * layout.align(),
        };
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: reserved pages that nothing else uses.
        match unsafe { libc::mprotect(first as *mut libc::c_void, inside, access) } {
            0 => at as *mut u8,
            _ => null_mut(),
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let at = pointer as usize;
        let is_own = BEGIN
            .get()
            .is_some_and(|&begin| (begin..begin + RESERVED).contains(&at));
        if !is_own {
            // SAFETY: then it is the system's.
            unsafe { System.dealloc(pointer, layout) };
            return;
        }
        let (first, bytes) = pages(at, layout.size());
        // SAFETY: these pages are this allocation's alone.
        unsafe {
            libc::madvise(first, bytes, libc::MADV_DONTNEED);
            libc::mprotect(first, bytes, libc::PROT_NONE);
        }
    }
}
