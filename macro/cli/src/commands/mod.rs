//! The commands: each runs the compiler's analysis and prints its result.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod cut;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod report;
pub(crate) mod search;
pub(crate) mod sensitivity;
pub(crate) mod watch;

use std::process::ExitCode;

use niello_compiler::analysis::{Analysis, MemoryReport, SampleUse};
use serde::Serialize;

use crate::args::{FAILED, STOPPED, Target};
use crate::json::{self, Entry};
use crate::models::{self, Model};
use crate::progress::{self, Bar};
use crate::text;

/// The exit code of a command, and its models with their results, if there are any.
type Shown<T> = (ExitCode, Vec<(Model, Option<T>)>);

/// Runs a command on all models that it is asked for, and prints each result, as text by `show`
/// or all as JSON. One model that fails does not keep others from being shown.
fn on_all<T: Serialize + Clone>(
    command: &str,
    target: &Target,
    run: impl Fn(&Model, &Bar) -> Result<T, String>,
    show: impl Fn(&Model, &T),
) -> Result<Shown<T>, String> {
    run_on(command, target, models::find(target)?, run, show)
}

/// As [`on_all`], for models that are known already.
fn run_on<T: Serialize + Clone>(
    command: &str,
    target: &Target,
    models: Vec<Model>,
    run: impl Fn(&Model, &Bar) -> Result<T, String>,
    show: impl Fn(&Model, &T),
) -> Result<Shown<T>, String> {
    let mut entries = Vec::new();
    let mut results = Vec::new();
    let mut failed = false;
    for model in models {
        if progress::is_stopped() {
            break;
        }
        let bar = Bar::new(&model.title());
        let result = run(&model, &bar);
        drop(bar);
        match &result {
            Ok(result) if !target.json => show(&model, result),
            Ok(_) => {}
            Err(message) => {
                failed = true;
                text::error(&format!("{}: {message}", model.title()));
            }
        }
        let kept = result.as_ref().ok().cloned();
        entries.push(Entry::new(&model, result));
        results.push((model, kept));
    }
    if target.json {
        json::print(command, &entries)?;
    }
    let is_empty = results.iter().all(|(_, result)| result.is_none());
    let code = match (failed, is_empty && progress::is_stopped()) {
        (_, true) => ExitCode::from(STOPPED),
        (true, _) => ExitCode::from(FAILED),
        _ => ExitCode::SUCCESS,
    };
    Ok((code, results))
}

/// Opens a model, with a message for people if that fails.
fn opened(model: &Model) -> Result<Analysis, String> {
    model.open()
}

/// One line about the samples of a result.
fn samples_line(samples: &SampleUse) -> String {
    if samples.available == 0 {
        return "no samples".to_owned();
    }
    let unseen = if samples.unseen {
        "none of which has calibrated"
    } else {
        "those that calibrated: hold some out by `require`, or calibrate on fewer by `samples`, for accuracy on unseen ones"
    };
    format!(
        "{} samples; {} calibrate; accuracy is measured on {}, {unseen}",
        text::count(samples.available),
        text::count(samples.calibrating),
        text::count(samples.measuring),
    )
}

/// Prints what a result does not say.
fn show_left_out(left_out: &[String]) {
    for reason in left_out {
        text::line!("left out: {reason}");
    }
}

/// Prints the memory of both kinds of target.
fn show_memory(mcu: &MemoryReport, simd: Option<&MemoryReport>) {
    text::heading("memory");
    let mut table = text::table(
        &["target", "arena", "constants", "state", "MACs", "operators"],
        1,
    );
    let both = [("small cores", Some(mcu)), ("wide registers", simd)];
    for (name, memory) in both {
        let Some(memory) = memory else { continue };
        table.add_row([
            name.to_owned(),
            text::count(memory.arena_bytes),
            text::count(memory.weight_bytes),
            text::count(memory.state_bytes),
            text::count(memory.macs),
            text::count(memory.steps.len()),
        ]);
    }
    text::print(&table);
}
