//! The tables of the page, which a click on a column's head sorts.

use maud::{Markup, html};
use niello_compiler::analysis::{
    MemoryReport, OperatorReport, OutputReport, TensorReport, WeightReport,
};

use super::charts;
use crate::text;

/// A head of columns: those that begin with `<` hold text, the others numbers.
fn head(columns: &[&str]) -> Markup {
    html! {
        thead { tr {
            @for column in columns {
                @match column.strip_prefix('<') {
                    Some(column) => th.t scope="col" { button type="button" { (column) } },
                    None => th scope="col" { button type="button" { (column) } },
                }
            }
        } }
    }
}

/// A cell with a number, whose value sorts.
fn cell(value: f64, shown: &str) -> Markup {
    html! { td data-v=(value) { (shown) } }
}

/// A cell with a ratio in dB; nothing lost sorts as the largest.
fn decibel(db: Option<f64>, measured: bool) -> Markup {
    if measured {
        cell(db.unwrap_or(1e9), &text::decibel(db))
    } else {
        cell(2e9, "-")
    }
}

fn count(n: u64) -> Markup {
    cell(n as f64, &text::count(n))
}

/// The place of a share in a bar.
fn chip(share: f64) -> Markup {
    html! { span.chip { i style={ "width:" (format!("{:.1}", share * 100.0)) "%" } {} } }
}

/// The place of an operator's number.
fn number(index: Option<usize>) -> Markup {
    cell(index.map_or(-1.0, |i| i as f64), &text::index(index))
}

pub(super) fn outputs(outputs: &[OutputReport]) -> Markup {
    html! {
        div.scroll { table.sortable {
            (head(&["<output", "<shape", "SQNR dB", "median", "worst", "top1", "mean error", "max error", "<worst samples"]))
            tbody { @for o in outputs {
                @let spread = o.sqnr_db_spread.as_ref();
                tr {
                    td.n { (o.name) }
                    td.t { (text::shape(&o.shape)) }
                    (decibel(o.metrics.sqnr_db, true))
                    (decibel(spread.map(|s| s.median), true))
                    (decibel(spread.map(|s| s.min), true))
                    (cell(o.metrics.top1.unwrap_or(-1.0), &o.metrics.top1.map_or("-".into(), text::percent)))
                    (cell(o.metrics.mean_abs_error, &text::real(o.metrics.mean_abs_error)))
                    (cell(o.metrics.max_abs_error, &text::real(o.metrics.max_abs_error)))
                    td.t { @for s in o.worst_samples.iter().take(6) {
                        span title={ (text::decibel(s.sqnr_db)) " dB" } { (s.sample) } " "
                    } }
                }
            } }
        } }
    }
}

/// Outputs beside their labels; nothing if there are none.
pub(super) fn labels(outputs: &[OutputReport]) -> Markup {
    let labelled = || outputs.iter().filter_map(|o| Some((o, o.labels.as_ref()?)));
    html! {
        @if labelled().any(|(_, labels)| labels.problem.is_none()) {
            div.scroll { table.sortable {
                (head(&["<output", "accuracy int8", "accuracy float", "mean error int8", "mean error float"]))
                tbody { @for (output, labels) in labelled().filter(|(_, labels)| labels.problem.is_none()) {
                    tr {
                        td.n { (output.name) }
                        @let values = [labels.accuracy, labels.float_accuracy, labels.mean_abs_error, labels.float_mean_abs_error];
                        @for (value, shown) in values.into_iter().zip(text::label_cells(labels)) {
                            (cell(value.unwrap_or(-1.0), &shown))
                        }
                    }
                } }
            } }
            p.soft { "Accuracy is the share of measuring samples whose class is that of the label; errors are mean absolute differences from the labels' values." }
        }
        @for (output, labels) in labelled() {
            @if let Some(problem) = &labels.problem { p.bad { "Labels of " (output.name) " are not used: " (problem) } }
        }
    }
}

pub(super) fn operators(operators: &[OperatorReport]) -> Markup {
    let macs = operators.iter().map(|o| o.macs).max().unwrap_or(1).max(1) as f64;
    html! {
        div.scroll { table.sortable {
            (head(&["#", "<operator", "<output", "<shape", "<type", "SQNR alone", "with all before", "int16 gains", "MACs", "<share", "constants"]))
            tbody { @for o in operators {
                tr {
                    (number(o.index))
                    td.t { (o.operator) }
                    td.n title=(o.output) { (text::name(&o.output)) }
                    td.t { (text::shape(&o.shape)) }
                    td.t { (o.element) }
                    (decibel(o.sqnr_alone_db, o.measured))
                    (decibel(o.sqnr_total_db, o.measured))
                    @let gains = o.int16_gain_db.iter().copied().flatten();
                    (cell(gains.reduce(f64::max).unwrap_or(-1e9), &text::gain(&o.int16_gain_db)))
                    (count(o.macs))
                    td.t data-v=(o.macs) { (chip(o.macs as f64 / macs)) }
                    (count(o.weight_bytes as u64))
                }
            } }
        } }
    }
}

pub(super) fn tensors(tensors: &[TensorReport]) -> Markup {
    html! {
        div.scroll { table.sortable {
            (head(&["order", "<tensor", "<from", "<shape", "<histogram", "min", "0.1 %", "median", "99.9 %", "max",
                "mean", "deviation", "kurtosis", "zeros", "clipped", "<chosen range", "scale"]))
            tbody { @for (order, t) in tensors.iter().enumerate() {
                @let percentile = |percent: f64| t.percentiles.iter().find(|p| p.percent == percent).map_or(0.0, |p| p.value);
                tr {
                    (cell(order as f64, &order.to_string()))
                    td.n title=(t.name) { (text::name(&t.name)) }
                    td.t { (t.role) " " (t.operator.map_or(String::new(), |i| format!("#{i}"))) }
                    td.t { (text::shape(&t.shape)) }
                    td.t data-v=(order) { (charts::histogram(&t.histogram, t.range.as_ref())) }
                    @let shown = |text: String| if t.count > 0 { text } else { "-".into() };
                    @for value in [t.min, percentile(0.1), percentile(50.0), percentile(99.9), t.max, t.mean, t.deviation] {
                        (cell(value, &shown(text::real(value))))
                    }
                    (cell(t.kurtosis.unwrap_or(-9.0), &t.kurtosis.map_or("-".into(), |k| format!("{k:.1}"))))
                    (cell(t.zeros, &shown(text::percent(t.zeros))))
                    (cell(t.clipped, &shown(text::percent(t.clipped))))
                    td.t { (text::range(t)) }
                    (cell(t.range.as_ref().map_or(0.0, |r| r.scale), &t.range.as_ref().map_or("-".into(), |r| text::real(r.scale))))
                }
            } }
        } }
    }
}

pub(super) fn weights(weights: &[WeightReport]) -> Markup {
    html! {
        div.scroll { table.sortable {
            (head(&["#", "<operator", "<weights", "<shape", "<histogram", "<channels", "min", "max", "channel ranges differ by", "kurtosis", "zeros", "SQNR dB"]))
            tbody { @for w in weights {
                @let ratio = ratio(w);
                tr {
                    (number(Some(w.operator)))
                    td.t { (w.operator_name) }
                    td.n title=(w.name) { (text::name(&w.name)) }
                    td.t { (text::shape(&w.shape)) }
                    td.t data-v=(w.operator) { (charts::histogram(&w.histogram, None)) }
                    td.t data-v=(w.channels.len()) { (charts::channels(&w.channels)) }
                    (cell(w.min, &text::real(w.min)))
                    (cell(w.max, &text::real(w.max)))
                    (cell(ratio.unwrap_or(0.0), &ratio.map_or("-".into(), |r| format!("{r:.1}x"))))
                    (cell(w.kurtosis.unwrap_or(-9.0), &w.kurtosis.map_or("-".into(), |k| format!("{k:.1}"))))
                    (cell(w.zeros, &text::percent(w.zeros)))
                    (decibel(w.sqnr_db, true))
                }
            } }
        } }
    }
}

/// The largest scale of a channel by the smallest.
fn ratio(weights: &WeightReport) -> Option<f64> {
    let scales = weights.channels.iter().map(|c| c.scale);
    let (most, least) = (scales.clone().reduce(f64::max)?, scales.reduce(f64::min)?);
    Some(most / least)
}

pub(super) fn steps(memory: &MemoryReport) -> Markup {
    let bytes = memory.steps.iter().map(|s| s.cost.weight_bytes).max();
    let bytes = bytes.unwrap_or(1).max(1) as f64;
    html! {
        div.scroll { table.sortable {
            (head(&["order", "#", "<operator", "arena in use", "<memory", "MACs", "constants", "<share", "<channels"]))
            tbody { @for (order, s) in memory.steps.iter().enumerate() {
                tr {
                    (cell(order as f64, &order.to_string()))
                    (number(s.index))
                    td.t { (s.operator) }
                    (count(s.used_bytes as u64))
                    td.t { (s.sharing) }
                    (count(s.cost.macs))
                    (count(s.cost.weight_bytes as u64))
                    td.t data-v=(s.cost.weight_bytes) { (chip(s.cost.weight_bytes as f64 / bytes)) }
                    td.t { @if let Some([computed, all]) = s.cost.channels { (computed) " of " (all) } }
                }
            } }
        } }
    }
}
