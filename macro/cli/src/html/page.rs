//! The page's frame and sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use niello_compiler::analysis::{MemoryReport, Report};

use super::{charts, tables};
use crate::text;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page, for reports with their models' titles.
pub(crate) fn page(reports: &[(String, &Report)]) -> String {
    let title = match reports {
        [(title, _)] => format!("niello: {title}"),
        _ => format!("niello: {} models", reports.len()),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "cargo-niello " (env!("CARGO_PKG_VERSION")) };
                // No request for an icon.
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if reports.len() > 1 {
                    nav { @for (number, (title, _)) in reports.iter().enumerate() {
                        a href={ "#model-" (number) } { (title) }
                    } }
                }
                @for (number, (title, report)) in reports.iter().enumerate() {
                    (section(number, title, report))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn section(number: usize, title: &str, report: &Report) -> Markup {
    let samples = &report.samples;
    html! {
        main id={ "model-" (number) } {
            h1 { (title) }
            @for reason in &report.left_out { p.soft { "Left out: " (reason) "." } }
            @if samples.available > 0 { p.soft {
                (text::count(samples.available)) " samples; " (text::count(samples.calibrating))
                " calibrate; accuracy is measured on " (text::count(samples.measuring))
                @if samples.unseen { ", none of which has calibrated." } @else { " of those that calibrated." }
            } }
            div.cards {
                @for output in &report.outputs {
                    div.card { (output.name) b { (text::decibel(output.metrics.sqnr_db)) " dB" } }
                }
                (memory_cards("small cores", &report.mcu))
                @if let Some(simd) = &report.simd { (memory_cards("wide registers", simd)) }
            }
            @if samples.available > 0 {
                h2 { "Outputs, int8 against float" }
                (tables::outputs(&report.outputs))
                (tables::labels(&report.outputs))
                (charts::spreads(&report.outputs))
            }
            @if !report.requirements.is_empty() {
                ul { @for clause in &report.requirements {
                    li class=(if clause.met { "good" } else { "bad" }) {
                        "require(" (clause.output) ": " (clause.metric) "): "
                        (clause.measured.map_or("exact".to_owned(), text::real)) ", bound " (text::real(clause.bound))
                        @if clause.met { ", met" } @else { ", not met" }
                    }
                } }
            }
            @if !report.warnings.is_empty() {
                ul { @for warning in &report.warnings { li.bad { (warning.text()) } } }
            }
            h2 { "Operators" }
            p.soft { "SQNR in dB of each operator's output: if its inputs were exact, and with all operators before it. int16 gains: the largest gain of an output in dB if this tensor is held in int16, measured on " (report.int16_samples) " samples. MACs and bytes are those before channels are taken out." }
            (tables::operators(&report.operators))
            h2 { "Tensors" }
            @if samples.available > 0 {
                p.soft { "Values of the float model over the calibrating samples, after channels were equalized. Lines in a histogram are the ends of the chosen range; heights are square roots." }
            } @else {
                p.soft { "Ranges that the file gives its tensors." }
            }
            (tables::tensors(&report.tensors))
            h2 { "Weights" }
            p.soft { "Constant weights of operators with int8 weights; SQNR is that of their rounding." }
            (tables::weights(&report.weights))
            h2 { "Memory" }
            (memory("Small cores", &report.mcu))
            @if let Some(simd) = &report.simd { (memory("Wide registers", simd)) }
        }
    }
}

fn memory_cards(target: &str, memory: &MemoryReport) -> Markup {
    html! {
        div.card { "Arena, " (target) b { (text::count(memory.arena_bytes)) " B" } }
        div.card { "Constants, " (target) b { (text::count(memory.weight_bytes)) " B" } }
        div.card { "MACs, " (target) b { (text::count(memory.macs)) } }
    }
}

fn memory(target: &str, memory: &MemoryReport) -> Markup {
    html! {
        h3 { (target) }
        (charts::arena(memory))
        details {
            summary { "Operators in the order in which they run" }
            (tables::steps(memory))
        }
    }
}
