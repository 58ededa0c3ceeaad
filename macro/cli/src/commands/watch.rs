//! `cargo niello watch`: reports again whenever a model, a dataset or a call changes.
//!
//! Files are asked for their times a few times per second, which works on every file system, also
//! on those of networks and of containers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use niello_compiler::analysis::{OutputReport, Report};

use super::{opened, run_on, samples_line};
use crate::args;
use crate::html;
use crate::models::{self, Model};
use crate::progress::{self, Bar};
use crate::text;

/// The time between two looks at the files. A file counts as written when it did not change
/// between two of them.
const PAUSE: Duration = Duration::from_millis(300);

/// A file that is gone for so many looks has been removed.
const LOOKS_IF_GONE: usize = 5;

/// The size of a file and the time of its last change; `None` if it is not there.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// What is known of all watched files.
type Stamps = BTreeMap<PathBuf, Stamp>;

/// The reports of the run before, by model.
type Reports = BTreeMap<String, Report>;

pub(crate) fn run(options: &args::Report) -> Result<ExitCode, String> {
    progress::catch_ctrl_c();
    let mut before = Reports::new();
    let mut files = BTreeSet::new();
    let mut number = 1;
    loop {
        let target = &options.target;
        // Before the models are read: a change in the meantime is one.
        let mut known = stamps(&files);
        match models::find(target) {
            Ok(models) => {
                files = models.iter().flat_map(watched).collect();
                for path in &files {
                    let stamp = || stamp(path);
                    known.entry(path.clone()).or_insert_with(stamp);
                }
                report(options, models, &mut before, number)?;
            }
            Err(message) if files.is_empty() => return Err(message),
            Err(message) => text::error(&message),
        }
        known.retain(|path, _| files.contains(path));
        if !target.json {
            text::line!("\nwatching {} files; Ctrl-C ends", files.len());
        }
        if !wait(&known) {
            return Ok(ExitCode::SUCCESS);
        }
        number += 1;
    }
}

/// Reports on all models and keeps the results for the next time.
fn report(
    options: &args::Report,
    models: Vec<Model>,
    before: &mut Reports,
    number: usize,
) -> Result<(), String> {
    let run = |model: &Model, bar: &Bar| opened(model)?.report(bar).map_err(|e| e.message);
    let show = |model: &Model, report: &Report| {
        show(model, report, before.get(&model.title()), number);
    };
    let (_, results) = run_on("watch", &options.target, models, run, show)?;
    if let Some(path) = &options.html {
        let reports: Vec<(String, &Report)> = results
            .iter()
            .filter_map(|(model, report)| Some((model.title(), report.as_ref()?)))
            .collect();
        let written = std::fs::write(path, html::page(&reports));
        written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    }
    for (model, report) in results {
        if let Some(report) = report {
            before.insert(model.title(), report);
        }
    }
    Ok(())
}

/// The files on which a report depends.
fn watched(model: &Model) -> Vec<PathBuf> {
    let mut files = vec![model.request.model.clone()];
    let samples = model.request.dataset.iter();
    for path in samples.chain(&model.request.options.labels) {
        files.push(path.clone());
        // The files of a folder; new ones change its own time.
        let entries = std::fs::read_dir(path).into_iter().flatten();
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.extend(model.source.as_ref().map(PathBuf::from));
    files
}

fn stamp(path: &Path) -> Stamp {
    let known = std::fs::metadata(path).ok()?;
    Some((known.len(), known.modified().ok()))
}

fn stamps(files: &BTreeSet<PathBuf>) -> Stamps {
    files
        .iter()
        .map(|path| (path.clone(), stamp(path)))
        .collect()
}

/// Waits for a change, until it is complete; false if the user has pressed Ctrl-C.
fn wait(known: &Stamps) -> bool {
    let files: BTreeSet<PathBuf> = known.keys().cloned().collect();
    let (mut last, mut looks) = (known.clone(), 0);
    loop {
        if progress::is_stopped() {
            return false;
        }
        std::thread::sleep(PAUSE);
        let now = stamps(&files);
        looks = if now == last { looks + 1 } else { 0 };
        // A file that is gone is mostly about to be written again.
        let enough = if now.values().all(Option::is_some) {
            1
        } else {
            LOOKS_IF_GONE
        };
        if now != *known && looks >= enough {
            return true;
        }
        last = now;
    }
}

fn show(model: &Model, report: &Report, before: Option<&Report>, number: usize) {
    text::heading(&format!("{number}: {}", model.title()));
    text::line!("{}", samples_line(&report.samples));
    let mut table = text::table(&["output", "SQNR dB", "worst sample", "max error"], 1);
    for output in &report.outputs {
        let same = |o: &&OutputReport| o.name == output.name;
        let before = before.and_then(|report| report.outputs.iter().find(same));
        let worst = |o: &OutputReport| text::decibel(o.sqnr_db_spread.as_ref().map(|s| s.min));
        let numbers: [&dyn Fn(&OutputReport) -> String; 3] =
            [&|o| text::decibel(o.metrics.sqnr_db), &worst, &|o| {
                text::real(o.metrics.max_abs_error)
            }];
        let cells = numbers.map(|number| change(before.map(number), number(output)));
        table.add_row([vec![output.name.clone()], cells.to_vec()].concat());
    }
    text::print(&table);
    let memory = [
        (
            "arena",
            report.mcu.arena_bytes,
            before.map(|r| r.mcu.arena_bytes),
        ),
        (
            "constants",
            report.mcu.weight_bytes,
            before.map(|r| r.mcu.weight_bytes),
        ),
    ];
    let memory = memory.map(|(what, now, before)| {
        format!(
            "{what} {}",
            change(before.map(text::count), text::count(now))
        )
    });
    text::line!("small cores: {}", memory.join(", "));
    for clause in report.requirements.iter().filter(|clause| !clause.met) {
        text::line!("require({}: {}) is NOT met", clause.output, clause.metric);
    }
}

/// A number with the one of the run before, where that was another one.
fn change(before: Option<String>, now: String) -> String {
    match before {
        Some(before) if before != now => format!("{before} -> {now}"),
        _ => now,
    }
}

#[cfg(test)]
mod tests {
    use niello_compiler::{Options, Request};

    use super::*;

    #[test]
    fn numbers_that_stay_are_shown_once() {
        assert_eq!(change(None, "30.1".into()), "30.1");
        assert_eq!(change(Some("30.1".into()), "30.1".into()), "30.1");
        assert_eq!(change(Some("30.1".into()), "28.0".into()), "30.1 -> 28.0");
    }

    #[test]
    fn labels_in_a_file_of_their_own_are_watched() {
        let model = Model {
            path: String::new(),
            function: None,
            source: None,
            call: None,
            folder: PathBuf::new(),
            request: Request {
                model: "model".into(),
                dataset: Some("samples".into()),
                options: Options {
                    labels: Some("labels".into()),
                    ..Options::default()
                },
                cache: None,
            },
        };
        let files = ["model", "samples", "labels"].map(PathBuf::from);
        assert_eq!(watched(&model), files);
    }

    #[test]
    fn a_change_is_seen_when_it_is_complete() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a");
        std::fs::write(&file, "1").expect("writable");
        let known = stamps(&[file.clone()].into());
        let writer = std::thread::spawn(move || {
            std::thread::sleep(PAUSE);
            std::fs::write(&file, "12").expect("writable");
        });
        assert!(wait(&known));
        writer.join().expect("written");
    }
}
