//! `cargo niello report`.

use std::process::ExitCode;

use niello_compiler::analysis::{OutputReport, Report, TensorReport};

use super::{on_all, opened, samples_line, show_left_out, show_memory};
use crate::args;
use crate::html;
use crate::models::Model;
use crate::text;

pub(crate) fn run(options: &args::Report) -> Result<ExitCode, String> {
    let run = |model: &Model, bar: &crate::progress::Bar| {
        opened(model)?.report(bar).map_err(|e| e.message)
    };
    let show = |model: &Model, report: &Report| show(model, report, options.rows);
    let (code, results) = on_all("report", &options.target, run, show)?;
    if let Some(path) = &options.html {
        let reports: Vec<(String, &Report)> = results
            .iter()
            .filter_map(|(model, report)| Some((model.title(), report.as_ref()?)))
            .collect();
        if !reports.is_empty() {
            let page = html::page(&reports);
            std::fs::write(path, page)
                .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
            anstream::eprintln!("wrote {}", path.display());
        }
    }
    Ok(code)
}

fn show(model: &Model, report: &Report, rows: usize) {
    text::heading(&model.title());
    text::line!("{}", samples_line(&report.samples));
    show_left_out(&report.left_out);
    if report.samples.available == 0 {
        show_ranges(&report.tensors, rows);
        show_costs(report, rows);
        show_memory(&report.mcu, report.simd.as_ref());
        return;
    }
    show_outputs(&report.outputs);
    for clause in &report.requirements {
        text::line!(
            "require({}: {}): {}, bound {}: {}",
            clause.output,
            clause.metric,
            clause.measured.map_or("exact".to_owned(), text::real),
            text::real(clause.bound),
            if clause.met { "met" } else { "NOT met" }
        );
    }
    for warning in &report.warnings {
        text::line!("warning: {}", warning.text());
    }
    show_operators(report, rows);
    show_tensors(&report.tensors, rows);
    show_memory(&report.mcu, report.simd.as_ref());
}

pub(super) fn show_outputs(outputs: &[OutputReport]) {
    text::heading("outputs, int8 against float");
    let columns = [
        &["output", "shape"][..],
        &text::METRIC_COLUMNS,
        &["worst samples"],
    ];
    let mut table = text::table(&columns.concat(), 2);
    for output in outputs {
        let worst: Vec<String> = output
            .worst_samples
            .iter()
            .take(4)
            .map(|s| s.sample.to_string())
            .collect();
        let mut row = vec![output.name.clone(), text::shape(&output.shape)];
        row.extend(text::metric_cells(output));
        row.push(worst.join(" "));
        table.add_row(row);
    }
    text::print(&table);
    show_labels(outputs);
}

/// Outputs beside their labels, if there are any.
fn show_labels(outputs: &[OutputReport]) {
    let labelled = || outputs.iter().filter_map(|o| Some((o, o.labels.as_ref()?)));
    if labelled().any(|(_, labels)| labels.problem.is_none()) {
        text::heading("outputs beside their labels");
        let mut table = text::table(&text::LABEL_COLUMNS, 1);
        for (output, labels) in labelled().filter(|(_, labels)| labels.problem.is_none()) {
            let cells = text::label_cells(labels);
            table.add_row(std::iter::once(output.name.clone()).chain(cells));
        }
        text::print(&table);
    }
    for (output, labels) in labelled() {
        if let Some(problem) = &labels.problem {
            text::line!("labels of {} are not used: {problem}", output.name);
        }
    }
}

/// The tensors of a quantized file, those with the widest steps first.
fn show_ranges(tensors: &[TensorReport], rows: usize) {
    text::heading("tensors with the largest steps");
    let columns = ["tensor", "shape", "type", "range", "step", "zero point"];
    let mut table = text::table(&columns, 3);
    let step = |t: &TensorReport| t.range.as_ref().map_or(0.0, |range| range.scale);
    let mut sorted: Vec<&TensorReport> = tensors.iter().filter(|t| t.range.is_some()).collect();
    sorted.sort_by(|a, b| step(b).total_cmp(&step(a)));
    for tensor in sorted.into_iter().take(rows) {
        let zero = tensor.range.as_ref().map_or(0, |range| range.zero_point);
        table.add_row([
            text::name(&tensor.name),
            text::shape(&tensor.shape),
            tensor.element.clone(),
            text::range(tensor),
            text::real(step(tensor)),
            zero.to_string(),
        ]);
    }
    text::print(&table);
}

/// The operators that cost most.
fn show_costs(report: &Report, rows: usize) {
    text::heading("operators with the most constants");
    let columns = ["", "operator", "output", "MACs", "constants"];
    let mut table = text::table(&columns, 3);
    let mut operators: Vec<_> = report.operators.iter().collect();
    operators.sort_by_key(|o| std::cmp::Reverse((o.weight_bytes, o.macs)));
    for operator in operators.into_iter().take(rows) {
        table.add_row([
            text::index(operator.index),
            operator.operator.clone(),
            text::name(&operator.output),
            text::count(operator.macs),
            text::count(operator.weight_bytes),
        ]);
    }
    text::print(&table);
}

fn show_operators(report: &Report, rows: usize) {
    text::heading(&format!(
        "operators that lose most (SQNR in dB: alone, and with all before; int16: the largest gain \
         of an output by tensors(\"..\": int16), on {} samples)",
        report.int16_samples
    ));
    let mut table = text::table(
        &[
            "",
            "operator",
            "output",
            "alone",
            "total",
            "int16",
            "MACs",
            "constants",
        ],
        3,
    );
    let mut operators: Vec<_> = report.operators.iter().filter(|o| o.measured).collect();
    operators.sort_by(|a, b| {
        let db = |db: Option<f64>| db.unwrap_or(f64::INFINITY);
        db(a.sqnr_alone_db).total_cmp(&db(b.sqnr_alone_db))
    });
    for operator in operators.into_iter().take(rows) {
        table.add_row([
            text::index(operator.index),
            operator.operator.clone(),
            text::name(&operator.output),
            text::decibel(operator.sqnr_alone_db),
            text::decibel(operator.sqnr_total_db),
            text::gain(&operator.int16_gain_db),
            text::count(operator.macs),
            text::count(operator.weight_bytes),
        ]);
    }
    text::print(&table);
}

fn show_tensors(tensors: &[TensorReport], rows: usize) {
    text::heading("tensors with the longest tails (largest kurtosis first)");
    let mut table = text::table(
        &[
            "tensor",
            "min",
            "0.1 %",
            "median",
            "99.9 %",
            "max",
            "chosen range",
            "clipped",
            "zeros",
            "kurtosis",
        ],
        1,
    );
    let mut sorted: Vec<&TensorReport> = tensors.iter().collect();
    sorted.sort_by(|a, b| {
        let tail = |t: &TensorReport| t.kurtosis.unwrap_or(f64::MIN);
        tail(b).total_cmp(&tail(a))
    });
    for tensor in sorted.into_iter().take(rows) {
        let percentile = |percent: f64| {
            let found = tensor.percentiles.iter().find(|p| p.percent == percent);
            found.map_or("-".to_owned(), |p| text::real(p.value))
        };
        let range = text::range(tensor);
        table.add_row([
            text::name(&tensor.name),
            text::real(tensor.min),
            percentile(0.1),
            percentile(50.0),
            percentile(99.9),
            text::real(tensor.max),
            range,
            text::percent(tensor.clipped),
            text::percent(tensor.zeros),
            tensor
                .kurtosis
                .map_or("-".to_owned(), |k| format!("{k:.1}")),
        ]);
    }
    text::print(&table);
}
