//! Runs a function on many items, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::limits::LIVE_ELEMENTS;

/// `items` mapped by `f` on all cores; results in order.
pub(crate) fn map<T: Sync, U: Send>(items: &[T], f: impl Fn(&T) -> U + Sync) -> Vec<U> {
    map_within(0, items, f)
}

/// Maps `items` by `f`, results in order, on no more cores than there is memory for runs of a
/// model, each of which holds `elements` at once.
pub(crate) fn map_within<T: Sync, U: Send>(
    elements: usize,
    items: &[T],
    f: impl Fn(&T) -> U + Sync,
) -> Vec<U> {
    let threads = cores()
        .min(LIVE_ELEMENTS / elements.max(1))
        .clamp(1, items.len().max(1));
    let results: Vec<Mutex<Option<U>>> = items.iter().map(|_| Mutex::new(None)).collect();
    run(threads, items.len(), &|i| {
        let result = f(&items[i]);
        *results[i].lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    });
    let results = results.into_iter().map(Mutex::into_inner);
    results
        .filter_map(|one| one.unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// The threads that the machine runs at once.
fn cores() -> usize {
    #[cfg(test)]
    if let Some(cores) = CORES.get() {
        return cores;
    }
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
thread_local! {
    /// What a test takes the machine's cores for.
    static CORES: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

/// What `f` gives on a machine with so many cores, as far as this thread starts others.
#[cfg(test)]
pub(crate) fn with_cores<T>(cores: usize, f: impl FnOnce() -> T) -> T {
    CORES.set(Some(cores));
    let result = f();
    CORES.set(None);
    result
}

/// Calls `f` with each number below `count`, on `threads` threads. It is one function for all
/// types of items: threads are much to compile.
fn run(threads: usize, count: usize, f: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                break;
            }
            f(i);
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        work();
        for other in others {
            if let Err(panic) = other.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}
