//! The driver: tries inputs in a process of its own, which may die, and says what it found.
//! See the README beside this crate.

mod memory;
mod parent;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use niello_fuzz::Target;

/// The arguments of the command line.
#[derive(Clone, Debug)]
struct Arguments {
    seconds: u64,
    seed: u64,
    target: Option<Target>,
    reproduce: Option<PathBuf>,
    /// For processes that the driver starts.
    worker: bool,
    first: u64,
    step: u64,
    jobs: u64,
}

const USAGE: &str = "\
usage: niello-fuzz [--seconds N] [--seed N] [--jobs N] [--first N] [--target NAME] [--reproduce FILE]

  --seconds N       how long to try inputs (60)
  --seed N          which inputs (1)
  --jobs N          how many at the same time (as many as there are cores)
  --first N         the number of the first input (0)
  --target NAME     models, datasets, cache or arguments; all by turns if it is left out
  --reproduce FILE  try one input: a finding, or any file with --target";

fn parse() -> Option<Arguments> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let mut arguments = Arguments {
        seconds: 60,
        seed: 1,
        target: None,
        reproduce: None,
        worker: false,
        first: 0,
        step: 1,
        jobs: cores,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--worker" {
            arguments.worker = true;
            continue;
        }
        let value = words.next()?;
        match word.as_str() {
            "--seconds" => arguments.seconds = value.parse().ok()?,
            "--seed" => arguments.seed = value.parse().ok()?,
            "--target" => arguments.target = Some(Target::of(&value)?),
            "--reproduce" => arguments.reproduce = Some(PathBuf::from(value)),
            "--first" => arguments.first = value.parse().ok()?,
            "--step" => arguments.step = value.parse().ok()?,
            "--jobs" => arguments.jobs = value.parse().ok().filter(|n| *n > 0)?,
            _ => return None,
        }
    }
    Some(arguments)
}

fn main() -> ExitCode {
    let Some(arguments) = parse() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    if let Some(file) = &arguments.reproduce {
        return worker::reproduce(file, arguments.target);
    }
    if arguments.worker {
        worker::work(&arguments);
        return ExitCode::SUCCESS;
    }
    parent::run(&arguments)
}
