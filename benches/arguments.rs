//! The command line of a measurement: flags, then names of models.

use std::process::{Command, Stdio};

/// The arguments of a measurement: flags first, names of models behind them.
pub struct Arguments(Vec<String>);

impl Arguments {
    /// The arguments with which this process was started.
    #[must_use]
    pub fn read() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// True if this flag comes next; it is taken away then.
    pub fn flag(&mut self, name: &str) -> bool {
        let given = self.0.first().is_some_and(|first| first == name);
        if given {
            self.0.remove(0);
        }
        given
    }

    /// True if a model is named, or none is.
    #[must_use]
    pub fn wants(&self, model: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|wanted| wanted == model)
    }
}

/// Keeps this process, and those that it starts from now on, on one core.
pub fn pin_to_one_core() {
    let pinned = Command::new("taskset")
        .args(["-pc", "1", &std::process::id().to_string()])
        .stdout(Stdio::null())
        .status();
    if !pinned.is_ok_and(|status| status.success()) {
        println!("taskset is not there: not pinned to one core");
    }
}
