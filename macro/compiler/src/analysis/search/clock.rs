//! When a search ends: by the user, or by its time limit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::analysis::progress::Progress;

/// Progress that also ends at a time limit.
pub(super) struct Clock<'a> {
    progress: &'a dyn Progress,
    /// When to end, if ever.
    end: Option<Instant>,
    stopped: AtomicBool,
}

impl<'a> Clock<'a> {
    pub(super) fn new(progress: &'a dyn Progress, limit: Option<Duration>) -> Self {
        Self {
            progress,
            end: limit.and_then(|limit| Instant::now().checked_add(limit)),
            stopped: AtomicBool::new(false),
        }
    }

    /// True if something was left out because the time was over or the user did not want it.
    pub(super) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// True if the user does not want to wait any more.
    pub(super) fn is_interrupted(&self) -> bool {
        self.progress.is_stopped()
    }
}

impl Progress for Clock<'_> {
    fn begin(&self, what: &str, steps: u64) {
        self.progress.begin(what, steps);
    }

    fn advance(&self, steps: u64) {
        self.progress.advance(steps);
    }

    fn is_stopped(&self) -> bool {
        let is_over = self.end.is_some_and(|end| Instant::now() >= end);
        let stopped = is_over || self.progress.is_stopped();
        if stopped {
            self.stopped.store(true, Ordering::Relaxed);
        }
        stopped
    }
}
