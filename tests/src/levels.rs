//! Runs at every level of instruction sets that the CPU has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use niello::__private as rt;

/// Held while a level is forced, which is so for the whole process.
static LEVEL: Mutex<()> = Mutex::new(());

/// Calls a function at every level, from the lowest on.
pub fn at_every_level(mut run: impl FnMut(rt::Level)) {
    let _guard = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    for level in rt::levels() {
        rt::force(level);
        run(level);
    }
    rt::force(rt::available());
}

/// What `run` gives for each item, on all cores at once, which have the level of this thread.
pub fn on_all_cores<T: Sync, U: Send>(items: &[T], run: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        while let Some((number, item)) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            items.get(number).map(|item| (number, item))
        } {
            results.push((number, run(item)));
        }
        results
    };
    let mut results: Vec<(usize, U)> = std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().flat_map(|thread| match thread.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        results.collect()
    });
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
