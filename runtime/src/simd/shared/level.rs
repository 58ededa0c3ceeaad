//! The choice of a level: found once, then read from an atomic number. A level is a set of CPU
//! features, and a column of its architecture's table (`dispatch.rs` of each architecture), whose
//! rows are kernels.

use core::fmt::Debug;
use core::sync::atomic::{AtomicU8, Ordering};

/// The levels of an architecture.
pub(crate) trait Levels: Copy + Debug + Eq + 'static {
    /// All of them, from the slowest to the fastest. A CPU need not have all that come before
    /// one that it has: many with AVX-512 lack AVX-VNNI.
    const ALL: &'static [Self];
    /// The fastest level, if the program is compiled for CPUs that have it.
    const KNOWN: Option<Self>;
    /// True if the CPU has all features of the level, and the operating system allows them.
    fn is_available(self) -> bool;
    /// The number of its column, from 0 on.
    fn column(self) -> usize;
}

/// The number of the column that kernels take; [`UNKNOWN`] before the first call.
static COLUMN: AtomicU8 = AtomicU8::new(UNKNOWN);

/// A number that no column has.
const UNKNOWN: u8 = u8::MAX;

/// The entry of a row in the column that kernels take.
#[inline(always)]
pub(crate) fn choose<L: Levels, F: Copy, const N: usize>(row: &[F; N]) -> F {
    let column = match L::KNOWN {
        Some(level) => level.column(),
        None => usize::from(COLUMN.load(Ordering::Relaxed)),
    };
    match row.get(column) {
        Some(&entry) => entry,
        None => row.get(find::<L>()).copied().unwrap_or(row[0]),
    }
}

/// Finds the level, on the first call; gives the number of its column.
#[cold]
#[inline(never)]
fn find<L: Levels>() -> usize {
    force(wanted::<L>()).column()
}

/// The level that the environment variable `NIELLO_LEVEL` names, in any case of letters; without
/// it, or without the feature `std`, the fastest one.
#[cold]
fn wanted<L: Levels>() -> L {
    #[cfg(feature = "std")]
    if let Ok(name) = std::env::var("NIELLO_LEVEL") {
        let is_named = |level: &L| std::format!("{level:?}").eq_ignore_ascii_case(&name);
        if let Some(level) = L::ALL.iter().copied().find(is_named) {
            return level;
        }
    }
    available()
}

/// The fastest level that CPU and operating system have.
#[cold]
pub(crate) fn available<L: Levels>() -> L {
    fastest(L::ALL)
}

/// The last one of these levels that there is, else the first of all.
fn fastest<L: Levels>(levels: &[L]) -> L {
    let mut available = levels.iter().copied().filter(|level| level.is_available());
    available.next_back().unwrap_or(L::ALL[0])
}

/// Makes kernels take this level, or the nearest slower one that there is, for tests and
/// comparisons; gives the level that they take.
#[cold]
pub(crate) fn force<L: Levels>(level: L) -> L {
    let end = L::ALL.iter().position(|&other| other == level);
    let up_to = &L::ALL[..end.map_or(L::ALL.len(), |at| at + 1)];
    let level = L::KNOWN.unwrap_or_else(|| fastest(up_to));
    COLUMN.store(level.column() as u8, Ordering::Relaxed);
    level
}

/// The levels that can be forced, from the slowest on.
pub(crate) fn levels<L: Levels>() -> impl Iterator<Item = L> {
    let can_be_forced = |level: &L| match L::KNOWN {
        Some(known) => *level == known,
        None => level.is_available(),
    };
    L::ALL.iter().copied().filter(can_be_forced)
}
