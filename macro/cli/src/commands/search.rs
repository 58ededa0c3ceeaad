//! `cargo niello search`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::CellAlignment;
use niello_build::arguments::exchange;
use niello_compiler::analysis::{ChangedOption, Changes, Found, SearchOptions, SearchResult};
use niello_compiler::{Options, Requirement};

use super::{opened, run_on};
use crate::args::{self, WORSE};
use crate::call_edit::{Edit, applied, edits};
use crate::models::{self, Model};
use crate::text;

pub(crate) fn run(options: &args::Search) -> Result<ExitCode, String> {
    let wanted = SearchOptions {
        targets: targets(&options.targets)?,
        measure: options.measure,
        time_limit: options.time_limit.map(Duration::from_secs),
    };
    let models = models::find(&options.target)?;
    if options.write {
        check_writable(&options.target, &models)?;
    }
    let run = |model: &Model, bar: &crate::progress::Bar| {
        opened(model)?.search(&wanted, bar).map_err(|e| e.message)
    };
    let show = |model: &Model, result: &SearchResult| show(model, result, options.write);
    let (code, results) = run_on("search", &options.target, models, run, show)?;
    if options.write {
        write(&results)?;
    }
    let missed = |(_, result): &(Model, Option<SearchResult>)| {
        let result = result.as_ref();
        result.is_some_and(|r| r.chosen.is_none() && !r.as_it_is.meets)
    };
    Ok(if code == ExitCode::SUCCESS && results.iter().any(missed) {
        ExitCode::from(WORSE)
    } else {
        code
    })
}

/// Reads the clauses that `--target` names.
fn targets(clauses: &[String]) -> Result<Vec<Requirement>, String> {
    let mut all = Vec::new();
    for clause in clauses {
        let (options, _) = exchange(&Options::default(), &format!("require({clause})"))
            .map_err(|e| format!("--target {clause:?}: {e}"))?;
        all.extend(options.require);
    }
    Ok(all)
}

/// Options can be put into a call that was searched as it is.
fn check_writable(target: &args::Target, models: &[Model]) -> Result<(), String> {
    if models.iter().any(|model| model.call.is_none()) {
        return Err(
            "--write changes an include_model! call: name the call's function in place of the file"
                .to_owned(),
        );
    }
    if target.with.is_some() || target.dataset.is_some() {
        return Err(
            "--write needs a search of the call as it is: leave --with and --dataset out, or write \
             them into the call first"
                .to_owned(),
        );
    }
    Ok(())
}

/// Puts the chosen options into the calls, if nobody has changed the files since they were read.
fn write(results: &[(Model, Option<SearchResult>)]) -> Result<(), String> {
    let mut files: BTreeMap<&Path, (&str, Vec<Edit>)> = BTreeMap::new();
    for (model, result) in results {
        let (Some((source, place)), Some(result)) = (&model.call, result) else {
            continue;
        };
        let Some(found) = result.chosen.map(|at| &result.front[at]) else {
            continue;
        };
        let new = edits(place, &found.changes).map_err(|e| format!("{}: {e}", source.display()))?;
        let file = files.entry(source).or_insert((&place.text, Vec::new()));
        file.1.extend(new);
    }
    for (source, (text, edits)) in files {
        let now = std::fs::read_to_string(source)
            .map_err(|e| format!("cannot read {}: {e}", source.display()))?;
        if now != text {
            return Err(format!(
                "{} has changed during the search: nothing is written; run the same command again, \
                 which finds what was measured",
                source.display()
            ));
        }
        std::fs::write(source, applied(text, &edits))
            .map_err(|e| format!("cannot write {}: {e}", source.display()))?;
        anstream::eprintln!("wrote {}", source.display());
    }
    Ok(())
}

fn show(model: &Model, result: &SearchResult, write: bool) {
    text::heading(&model.title());
    let samples = &result.samples;
    text::line!(
        "{} samples; {} calibrate; {} decide the search, {} others confirm; {} settings tried",
        text::count(samples.available),
        text::count(samples.calibrating),
        text::count(result.deciding),
        text::count(result.confirming),
        text::count(result.tried),
    );
    if !result.finished {
        text::line!("not finished: the same command goes on from here");
    }
    let all: Vec<(String, &Found)> = std::iter::once(("as it is".to_owned(), &result.as_it_is))
        .chain(result.front.iter().enumerate().map(|(i, found)| {
            let number = (i + 1).to_string();
            (number, found)
        }))
        .collect();
    show_costs(&all);
    show_figures(result, &all);
    if result.unconfirmed > 0 {
        text::line!(
            "\n{} left out: better on the samples that decide, not on those that confirm",
            match result.unconfirmed {
                1 => "1 setting is".to_owned(),
                several => format!("{several} settings are"),
            }
        );
    }
    let shown = result.chosen.or(result.front.len().checked_sub(1));
    if let Some(at) = shown {
        text::heading(&format!("setting {}", at + 1));
        for line in result.front[at].changes.lines() {
            text::line!("    {line}");
        }
    }
    text::line!("\n{}", verdict(result, write));
}

/// What the search has come to.
fn verdict(result: &SearchResult, write: bool) -> String {
    match (result.chosen, result.front.is_empty()) {
        (Some(at), _) => {
            let what = if write {
                "is written"
            } else {
                "is the one to paste; --write does it"
            };
            let number = at + 1;
            format!("setting {number} meets the target at the least cost: it {what}")
        }
        (None, _) if result.as_it_is.meets => "the call meets the target as it is".to_owned(),
        (None, false) => {
            "no setting that was tried meets the target on the samples that confirm, too".to_owned()
        }
        (None, true) => "nothing that was tried is better than the call as it is".to_owned(),
    }
}

fn show_costs(all: &[(String, &Found)]) {
    let columns = [
        "setting",
        "cost",
        "constants",
        "arena",
        "cycles",
        "margin",
        "confirmed",
        "target",
        "what changes",
    ];
    let mut table = text::table(&columns, 1);
    for (name, found) in all {
        table.add_row([
            name.clone(),
            format!("{:.3}", found.relative_cost),
            text::count(found.cost.weight_bytes),
            text::count(found.cost.arena_bytes),
            text::count(found.cost.cycles),
            format!("{:+.1}", found.margin),
            format!("{:+.1}", found.confirmed_margin),
            if found.meets { "met" } else { "-" }.to_owned(),
            summary(&found.changes),
        ]);
    }
    if let Some(last) = table.column_mut(columns.len() - 1) {
        last.set_cell_alignment(CellAlignment::Left);
    }
    text::heading("cost, and smallest margin to the targets (dB or percent)");
    text::print(&table);
}

/// The changes in few words; `--json` has them in full.
fn summary(changes: &Changes) -> String {
    let mut parts: Vec<String> = changes.options.iter().map(ChangedOption::text).collect();
    let floats = changes.tensors.iter().filter(|t| t.method == "float");
    let floats = floats.count();
    match changes.tensors.len() - floats {
        0 => {}
        1 => parts.push("1 range".to_owned()),
        ranges => parts.push(format!("{ranges} ranges")),
    }
    match floats {
        0 => {}
        1 => parts.push("1 operator in float".to_owned()),
        floats => parts.push(format!("{floats} operators in float")),
    }
    parts.join(", ")
}

/// The metrics on the samples that confirm.
fn show_figures(result: &SearchResult, all: &[(String, &Found)]) {
    let names: Vec<&str> = ["target", "bound"]
        .into_iter()
        .chain(all.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut table = text::table(&names, 1);
    for (number, target) in result.targets.iter().enumerate() {
        let figure = |x: f64| match target.metric.as_str() {
            "sqnr_db" if x >= f64::from(f32::MAX) => "exact".to_owned(),
            "sqnr_db" => format!("{x:.1}"),
            _ => text::real(x),
        };
        let mut row = vec![
            format!("{}: {}", target.output, target.metric),
            figure(target.bound),
        ];
        for (_, found) in all {
            row.push(
                found
                    .confirming
                    .get(number)
                    .map_or("-".to_owned(), |x| figure(*x)),
            );
        }
        table.add_row(row);
    }
    text::heading("on the samples that confirm");
    text::print(&table);
}
