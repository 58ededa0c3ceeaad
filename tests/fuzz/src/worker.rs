//! The process that tries inputs. It says which one before it tries it, since it may
//! not live to say so afterwards.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;

use niello_fuzz::{Target, inputs};

use crate::{Arguments, memory};

/// The first panic of an input, with its place.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn keep_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let message = text.or(payload.downcast_ref::<&str>().copied());
        let message = message.unwrap_or("a panic");
        let place = panic
            .location()
            .map_or(String::new(), |l| format!("{}:{}: ", l.file(), l.line()));
        if let Ok(mut kept) = PANIC.lock() {
            kept.get_or_insert_with(|| format!("{place}{message}"));
        }
    }));
}

/// Tries one input: whether the compiler took it, or what is wrong.
fn attempt(target: Target, bytes: &[u8]) -> Result<bool, String> {
    if let Ok(mut kept) = PANIC.lock() {
        *kept = None;
    }
    memory::reset();
    let result = catch_unwind(AssertUnwindSafe(|| target.attack(bytes)));
    if memory::refused() {
        return Err("memory: more than 1 GB was asked for".to_owned());
    }
    result.map_err(|_| {
        let kept = PANIC.lock().ok().and_then(|mut kept| kept.take());
        kept.unwrap_or_default().replace('\n', " ")
    })
}

/// Tries inputs until the driver ends this process.
pub(crate) fn work(arguments: &Arguments) {
    // What inputs are made of is there, or else a panic that is seen.
    inputs::fixtures();
    keep_panics();
    let mut out = std::io::stdout();
    let mut number = arguments.first;
    loop {
        let target = arguments
            .target
            .unwrap_or_else(|| Target::of_number(number));
        let (_, bytes) = inputs::generate(target, arguments.seed, number);
        let _ = writeln!(out, "try {number}").and_then(|()| out.flush());
        let result = match attempt(target, &bytes) {
            Ok(true) => "taken".to_owned(),
            Ok(false) => "refused".to_owned(),
            Err(message) => format!("found {message}"),
        };
        let peak = memory::peak() >> 20;
        if writeln!(out, "end {peak} {result}")
            .and_then(|()| out.flush())
            .is_err()
        {
            // Nobody listens any more.
            return;
        }
        number += arguments.step;
    }
}

/// Tries the content of a file in this process, without catching anything.
pub(crate) fn reproduce(file: &Path, target: Option<Target>) -> ExitCode {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let from_name = || name.split(['-', '.']).next().and_then(Target::of);
    let Some(target) = target.or_else(from_name) else {
        eprintln!("{name} does not begin with a target's name: say which by --target");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return ExitCode::from(2);
        }
    };
    niello_fuzz::targets::SAY.store(true, Relaxed);
    memory::reset();
    let start = niello_fuzz::cpu_seconds("self");
    let taken = target.attack(&bytes);
    let _ = std::fs::remove_dir_all(niello_fuzz::scratch("own"));
    println!(
        "{}: {} in {:.2} s of CPU time and {} MB{}",
        target.name(),
        if taken { "taken" } else { "refused" },
        niello_fuzz::cpu_seconds("self") - start,
        memory::peak() >> 20,
        if memory::refused() {
            ", asking for more than 1 GB"
        } else {
            ""
        }
    );
    ExitCode::SUCCESS
}
