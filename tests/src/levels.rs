//! Runs at every level of instruction sets that the CPU has.

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
