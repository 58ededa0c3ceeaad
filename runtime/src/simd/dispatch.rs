//! Which instruction sets kernels take, found once.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::simd::target::Level;
use crate::simd::target::{ALL, KNOWN, has};

/// 0: not known yet, else one more than the level's place in `ALL`.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level that kernels take.
#[inline(always)]
pub(crate) fn level() -> Level {
    known().unwrap_or_else(find)
}

/// The same once [`find`] has been called.
#[inline(always)]
pub(crate) fn known() -> Option<Level> {
    // A program that is compiled for the CPU at hand need not ask.
    let place = usize::from(LEVEL.load(Ordering::Relaxed)).wrapping_sub(1);
    KNOWN.or_else(|| ALL.get(place).copied())
}

/// Chooses the level.
#[cold]
pub(crate) fn find() -> Level {
    force(wanted())
}

/// The level that the environment variable `NIELLO_LEVEL` names, in any case of
/// letters; without it, or the feature `std`, the highest.
#[cold]
fn wanted() -> Level {
    #[cfg(feature = "std")]
    if let Ok(name) = std::env::var("NIELLO_LEVEL") {
        let named = |level: &Level| std::format!("{level:?}").eq_ignore_ascii_case(&name);
        if let Some(level) = ALL.iter().copied().find(named) {
            return level;
        }
    }
    available()
}

/// The highest level that CPU and operating system have.
#[cold]
pub fn available() -> Level {
    highest(ALL[ALL.len() - 1])
}

/// The highest level that there is up to this one.
fn highest(level: Level) -> Level {
    let there = |&other: &Level| other <= level && has(other);
    ALL.iter().copied().rev().find(there).unwrap_or(ALL[0])
}

/// Has kernels take a lower level than the CPU has, for tests and comparisons; gives
/// what they take.
#[cold]
pub fn force(level: Level) -> Level {
    let level = KNOWN.unwrap_or_else(|| highest(level));
    LEVEL.store(level as u8 + 1, Ordering::Relaxed);
    level
}

/// All levels of the target, from the lowest on, whatever the CPU has.
pub fn all_levels() -> &'static [Level] {
    ALL
}

/// The levels that can be forced, from the lowest on.
pub fn levels() -> impl Iterator<Item = Level> {
    let lowest = KNOWN.unwrap_or(ALL[0]);
    ALL.iter()
        .copied()
        .filter(move |&level| lowest <= level && has(level))
}
