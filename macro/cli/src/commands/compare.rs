//! `cargo niello compare`.

use std::process::ExitCode;

use niello_build::arguments::exchange;
use niello_compiler::Options;
use niello_compiler::analysis::{Comparison, Setting, SettingResult};

use super::{on_all, opened, samples_line};
use crate::args;
use crate::models::Model;
use crate::text;

pub(crate) fn run(options: &args::Compare) -> Result<ExitCode, String> {
    let run = |model: &Model, bar: &crate::progress::Bar| {
        let analysis = opened(model)?;
        let settings = settings(&model.request.options, &options.setting)?;
        analysis.compare(&settings, bar).map_err(|e| e.message)
    };
    on_all("compare", &options.target, run, show).map(|(code, _)| code)
}

/// The settings that the user names, else the usual ones.
fn settings(options: &Options, named: &[String]) -> Result<Vec<Setting>, String> {
    if named.is_empty() {
        return Ok(Setting::usual(options));
    }
    let as_it_is = Setting {
        name: "as it is".to_owned(),
        options: options.clone(),
    };
    let parsed = |text: &String| {
        let (options, dataset) =
            exchange(options, text).map_err(|e| format!("--setting {text:?}: {e}"))?;
        if dataset.is_some() {
            return Err(format!(
                "--setting {text:?}: all settings are compared on one dataset; give it by --dataset"
            ));
        }
        Ok(Setting {
            name: text.clone(),
            options,
        })
    };
    let named = named.iter().map(parsed);
    std::iter::once(Ok(as_it_is)).chain(named).collect()
}

fn show(model: &Model, comparison: &Comparison) {
    text::heading(&model.title());
    text::line!("{}", samples_line(&comparison.samples));
    let whole: Vec<&SettingResult> = comparison
        .settings
        .iter()
        .filter(|s| s.error.is_none())
        .collect();
    let outputs = whole.first().map_or(&[][..], |s| &s.outputs);
    for (number, output) in outputs.iter().enumerate() {
        text::heading(&format!("output {}", output.name));
        let mut columns = vec!["setting"];
        columns.extend(text::METRIC_COLUMNS);
        let has_labels = output.labels.is_some();
        if has_labels {
            columns.extend(["accuracy", "error to labels"]);
        }
        let mut table = text::table(&columns, 1);
        for setting in &whole {
            let Some(output) = setting.outputs.get(number) else {
                continue;
            };
            let mut row = vec![setting.name.clone()];
            row.extend(text::metric_cells(output));
            if has_labels {
                let labels = output.labels.clone().unwrap_or_default();
                let [accuracy, _, error, _] = text::label_cells(&labels);
                row.extend([accuracy, error]);
            }
            table.add_row(row);
        }
        text::print(&table);
        if let Some(problem) = output.labels.as_ref().and_then(|l| l.problem.as_ref()) {
            text::line!("labels of {} are not used: {problem}", output.name);
        }
    }
    text::heading("memory on small cores");
    let mut table = text::table(&["setting", "arena", "constants"], 1);
    for setting in &whole {
        table.add_row([
            setting.name.clone(),
            text::count(setting.arena_bytes),
            text::count(setting.weight_bytes),
        ]);
    }
    text::print(&table);
    for setting in &comparison.settings {
        if let Some(error) = &setting.error {
            text::error(&format!("{}: {error}", setting.name));
        }
    }
}
