//! Progress on the terminal, and Ctrl-C.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use niello_compiler::analysis::Progress;

/// The user has pressed Ctrl-C.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// True if the user has pressed Ctrl-C.
pub(crate) fn is_stopped() -> bool {
    STOPPED.load(Ordering::Relaxed)
}

/// Lets Ctrl-C end the program after the step that runs; a second one ends it at once.
pub(crate) fn catch_ctrl_c() {
    // Only the first call installs the handler. Ctrl-C ends the program at once where a
    // handler cannot be had, which loses nothing but the result.
    let _ = ctrlc::set_handler(|| {
        if STOPPED.swap(true, Ordering::Relaxed) {
            std::process::exit(crate::args::STOPPED.into());
        }
        anstream::eprintln!("stopping after this step; Ctrl-C again stops at once");
    });
}

/// A bar on stderr, which is not drawn where stderr is no terminal.
pub(crate) struct Bar {
    title: String,
    bar: Mutex<ProgressBar>,
}

impl Bar {
    /// A bar for one model.
    pub(crate) fn new(title: &str) -> Self {
        catch_ctrl_c();
        Self {
            title: title.to_owned(),
            bar: Mutex::new(ProgressBar::hidden()),
        }
    }

    fn with(&self, f: impl FnOnce(&mut ProgressBar)) {
        if let Ok(mut bar) = self.bar.lock() {
            f(&mut bar);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.with(|bar| bar.finish_and_clear());
    }
}

impl Progress for Bar {
    fn begin(&self, what: &str, steps: u64) {
        self.with(|bar| {
            bar.finish_and_clear();
            let (new, style) = if steps == 0 {
                (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}")
            } else {
                (
                    ProgressBar::new(steps),
                    "{msg} {wide_bar} {pos}/{len} {eta}",
                )
            };
            new.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(style) {
                new.set_style(style);
            }
            new.set_message(format!("{}: {what}", self.title));
            new.enable_steady_tick(Duration::from_millis(200));
            *bar = new;
        });
    }

    fn advance(&self, steps: u64) {
        self.with(|bar| bar.inc(steps));
    }

    fn is_stopped(&self) -> bool {
        is_stopped()
    }
}
