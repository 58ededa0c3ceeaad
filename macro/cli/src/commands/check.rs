//! `cargo niello check`: for CI.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use niello_compiler::analysis::Summary;
use serde::Serialize;

use super::{opened, run_on};
use crate::args::{self, WORSE};
use crate::evaluate;
use crate::models::{self, Model};
use crate::summary_file::{self, Difference, Numbers, SummaryFile};
use crate::text;

/// One model against the file.
#[derive(Clone, Serialize)]
struct Checked {
    /// What was measured.
    summary: Summary,
    /// True if the file has the model.
    known: bool,
    /// What the command of `--evaluate` has printed.
    evaluation: Option<evaluate::Numbers>,
    /// Numbers that are others than in the file.
    differences: Vec<Difference>,
    /// True if nothing is worse and all of `require` is met.
    passed: bool,
}

pub(crate) fn run(options: &args::Check) -> Result<ExitCode, String> {
    let models = models::find(&options.target)?;
    let place = |model: &Model| -> PathBuf {
        let file = || model.folder.join("niello.toml");
        options.summary.clone().unwrap_or_else(file)
    };
    let mut files: BTreeMap<PathBuf, SummaryFile> = BTreeMap::new();
    for path in models.iter().map(&place) {
        let file = summary_file::read(&path)?;
        files.insert(path, file);
    }
    let key = |model: &Model| model.function.clone().unwrap_or(model.path.clone());
    let mut keys: Vec<(PathBuf, String)> = models.iter().map(|m| (place(m), key(m))).collect();
    keys.sort();
    if let Some(twice) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!(
            "several calls are named {:?}: the file can only have one of them; choose other names",
            twice[0].1
        ));
    }
    let run = |model: &Model, bar: &crate::progress::Bar| {
        let analysis = opened(model)?;
        let summary = analysis.summary(bar).map_err(|e| e.message)?;
        let evaluation = match &options.evaluate {
            Some(command) => {
                let outputs = analysis.outputs(bar).map_err(|e| e.message)?;
                Some(evaluate::evaluate(command, &outputs)?)
            }
            None => None,
        };
        let known = files.get(&place(model)).and_then(|f| f.get(&key(model)));
        let now = Numbers::from(&summary);
        let mut differences = known.map_or(Vec::new(), |k| summary_file::differences(k, &now));
        if let (Some(known), Some(now)) = (known, &evaluation) {
            let lower = options.evaluate_lower;
            differences.extend(known.evaluation_differences(now, lower));
        }
        let met = summary.requirements.iter().all(|clause| clause.met);
        let is_worse = differences.iter().any(|d| d.worse);
        Ok(Checked {
            passed: met && (options.write || known.is_some() && !is_worse),
            known: known.is_some(),
            evaluation,
            differences,
            summary,
        })
    };
    let (code, results) = run_on("check", &options.target, models, run, show)?;
    let done: Vec<(&Model, &Checked)> = results
        .iter()
        .filter_map(|(model, checked)| Some((model, checked.as_ref()?)))
        .collect();
    if options.write {
        let mut written = files.clone();
        for (model, checked) in &done {
            let file = written.entry(place(model)).or_default();
            let before = file.get(&key(model));
            let numbers = Numbers::from(&checked.summary);
            let numbers = numbers.with_evaluation(checked.evaluation.as_ref(), before);
            file.insert(key(model), numbers);
        }
        // With all calls at hand, what is left in the file belongs to no model.
        if options.target.model.is_none() && done.len() == results.len() {
            for (path, file) in &mut written {
                file.retain(|name, _| keys.contains(&(path.clone(), name.clone())));
            }
        }
        for (path, file) in &written {
            if files.get(path) != Some(file) {
                summary_file::write(path, file)?;
                anstream::eprintln!("wrote {}", path.display());
            }
        }
    }
    let mut failed = done.iter().any(|(_, checked)| !checked.passed);
    if options.target.model.is_none() && !options.write {
        for (path, file) in &files {
            for name in file.keys() {
                if !keys.contains(&(path.clone(), name.clone())) {
                    failed = true;
                    text::error(&format!(
                        "{} has {name:?}, which no call is named; `--write` removes it",
                        path.display()
                    ));
                }
            }
        }
    }
    let is_done = code == ExitCode::SUCCESS;
    Ok(if is_done && failed {
        ExitCode::from(WORSE)
    } else {
        code
    })
}

fn show(model: &Model, checked: &Checked) {
    let verdict = if checked.passed { "ok" } else { "WORSE" };
    text::heading(&format!("{}: {verdict}", model.title()));
    for clause in &checked.summary.requirements {
        if !clause.met {
            text::line!(
                "  require({}: {}) is not met: {}, bound {}",
                clause.output,
                clause.metric,
                clause.measured.map_or("exact".to_owned(), text::real),
                text::real(clause.bound)
            );
        }
    }
    if !checked.known {
        text::line!("  it is not in the file yet; `--write` adds it");
    }
    for output in &checked.summary.outputs {
        let Some(labels) = &output.labels else {
            continue;
        };
        match &labels.problem {
            Some(problem) => text::line!("  labels of {} are not used: {problem}", output.name),
            None => {
                let shown = text::LABEL_COLUMNS[1..]
                    .iter()
                    .zip(text::label_cells(labels));
                let shown = shown.filter(|(_, cell)| cell != "-");
                let cells: Vec<String> =
                    shown.map(|(what, cell)| format!("{what} {cell}")).collect();
                text::line!("  {}: {}", output.name, cells.join(", "));
            }
        }
    }
    for (name, number) in checked.evaluation.iter().flatten() {
        text::line!("  evaluate.{name}: {}", text::real(*number));
    }
    let number = |x: Option<f64>| match x {
        Some(x) if x.fract() == 0.0 && x >= 0.0 => text::count(x as u64),
        Some(x) => text::real(x),
        None => "none".to_owned(),
    };
    for difference in &checked.differences {
        text::line!(
            "  {} {}: {} -> {}",
            if difference.worse { "-" } else { " " },
            difference.what,
            number(difference.before),
            number(difference.now)
        );
    }
}
