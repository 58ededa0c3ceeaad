//! How far a long computation is, and whether it is still wanted.

/// Watches a computation from outside.
pub trait Progress: Sync {
    /// A new part begins, of so many steps; 0 if nobody knows how many.
    fn begin(&self, what: &str, steps: u64);

    /// Some steps of the part are over.
    fn advance(&self, steps: u64);

    /// True if the user has asked to stop: results then have what was computed so far.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Watches nothing and never stops a computation.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
}
