//! How long something takes, without what other programs on the machine do.

use std::sync::OnceLock;
use std::time::Instant;

/// Seconds of CPU time of a process (`self` or its number); on systems without `/proc`,
/// seconds since the first call.
pub fn cpu_seconds(process: &str) -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    measured(process).unwrap_or_else(|| start.elapsed().as_secs_f64())
}

/// Linux counts in hundredths of a second, behind the program's name in parentheses.
fn measured(process: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) as f64 / 100.0)
}
