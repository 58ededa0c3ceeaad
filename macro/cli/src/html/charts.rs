//! Charts as SVG. Their colours are the page's variables, so that they follow light and dark.

use std::fmt::Write as _;

use maud::{Markup, html};
use niello_compiler::analysis::{
    ChannelReport, ChosenRange, HistogramReport, MemoryReport, OutputReport,
};

use crate::text;

/// A small histogram with the chosen range drawn in. Heights are square roots of counts: rare
/// values are what one looks for.
pub(super) fn histogram(histogram: &HistogramReport, range: Option<&ChosenRange>) -> Markup {
    const WIDTH: f64 = 160.0;
    const HEIGHT: f64 = 34.0;
    if histogram.counts.is_empty() {
        return html! {};
    }
    let (mut from, mut to) = (
        histogram.from,
        histogram.from + histogram.width * histogram.counts.len() as f64,
    );
    if let Some(range) = range {
        // A range far wider than the values would leave nothing of them.
        let width = to - from;
        from = from.min(range.min.max(from - width));
        to = to.max(range.max.min(to + width));
    }
    let x = |value: f64| ((value - from) / (to - from) * WIDTH).clamp(0.0, WIDTH);
    let most = histogram.counts.iter().copied().max().unwrap_or(1).max(1);
    let mut path = String::new();
    for (i, &count) in histogram.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let left = x(histogram.from + histogram.width * i as f64);
        let right = x(histogram.from + histogram.width * (i + 1) as f64);
        let height = (count as f64 / most as f64).sqrt() * (HEIGHT - 2.0);
        // Writing to a string cannot fail.
        let _ = write!(
            path,
            "M{left:.1} {HEIGHT}v-{:.1}h{:.1}V{HEIGHT}z",
            height.max(0.7),
            (right - left).max(0.6)
        );
    }
    let lines = range.map(|range| {
        let (low, high) = (x(range.min), x(range.max));
        format!("M{low:.1} 0V{HEIGHT}M{high:.1} 0V{HEIGHT}")
    });
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) role="img" aria-label="histogram" {
            path.bar d=(path) {}
            @if let Some(lines) = lines { path.lines d=(lines) {} }
        }
    }
}

/// The ranges of channels as thin bars, one a channel.
pub(super) fn channels(channels: &[ChannelReport]) -> Markup {
    const WIDTH: f64 = 160.0;
    const HEIGHT: f64 = 34.0;
    let most = channels
        .iter()
        .map(|c| c.max.max(-c.min))
        .fold(0.0, f64::max);
    if channels.is_empty() || most <= 0.0 {
        return html! {};
    }
    let step = WIDTH / channels.len() as f64;
    let y = |value: f64| HEIGHT / 2.0 * (1.0 - value / most);
    let mut path = String::new();
    for (i, channel) in channels.iter().enumerate() {
        let (left, top) = (step * i as f64, y(channel.max));
        let height = (y(channel.min) - top).max(0.5);
        let width = (step * 0.8).max(0.4);
        let _ = write!(
            path,
            "M{left:.1} {top:.1}h{width:.1}v{height:.1}h-{width:.1}z"
        );
    }
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) role="img" aria-label="range of each channel" {
            path.bar d=(path) {}
        }
    }
}

/// The SQNR of single samples: quartiles as a box, extremes as lines, the whole as a dot.
pub(super) fn spreads(outputs: &[OutputReport]) -> Markup {
    const WIDTH: f64 = 480.0;
    const ROW: f64 = 34.0;
    let spreads: Vec<_> = outputs
        .iter()
        .filter_map(|o| Some((o, o.sqnr_db_spread.as_ref()?)))
        .collect();
    let most = spreads.iter().map(|(_, s)| s.max).fold(10.0, f64::max);
    let least = spreads.iter().map(|(_, s)| s.min).fold(0.0, f64::min);
    let least = least.max(-20.0);
    // Round numbers, at most eight of them.
    let steps = [5.0, 10.0, 20.0, 50.0, 100.0];
    let step = steps.into_iter().find(|s| (most - least) / s <= 8.0);
    let step = step.unwrap_or(500.0);
    let (most, least) = ((most / step).ceil() * step, (least / step).floor() * step);
    let x = |db: f64| 12.0 + (db - least) / (most - least) * (WIDTH - 24.0);
    let height = ROW * spreads.len() as f64 + 22.0;
    let ticks: Vec<f64> = (0..=((most - least) / step) as usize)
        .map(|i| least + step * i as f64)
        .collect();
    html! {
        figure.samples {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label="SQNR over samples" {
                @for tick in &ticks {
                    line.axis x1=(x(*tick)) x2=(x(*tick)) y1="0" y2=(height - 18.0) {}
                    text x=(x(*tick)) y=(height - 5.0) text-anchor="middle" { (format!("{tick:.0}")) }
                }
                @for (row, (output, spread)) in spreads.iter().enumerate() {
                    @let top = ROW * row as f64;
                    text x="12" y=(top + 11.0) { (output.name) }
                    line.axis x1=(x(spread.min)) x2=(x(spread.max)) y1=(top + 23.0) y2=(top + 23.0) style="stroke:var(--soft)" {}
                    rect.bar x=(x(spread.lower_quartile)) y=(top + 16.0)
                        width=((x(spread.upper_quartile) - x(spread.lower_quartile)).max(1.0)) height="14" {}
                    line x1=(x(spread.median)) x2=(x(spread.median)) y1=(top + 16.0) y2=(top + 30.0) style="stroke:var(--mark);stroke-width:2" {}
                    @if let Some(db) = output.metrics.sqnr_db {
                        circle.dot cx=(x(db.clamp(least, most))) cy=(top + 23.0) r="3.5" {
                            title { (output.name) ": " (text::decibel(Some(db))) " dB over all samples" }
                        }
                    }
                }
            }
            figcaption { "SQNR in dB of each sample: half of the samples lie in the box, the line in it is the median; the dot is the SQNR over all samples." }
        }
    }
}

/// The arena over time: a rectangle for each tensor, from the operator that writes it to the last
/// that reads it.
pub(super) fn arena(memory: &MemoryReport) -> Markup {
    const WIDTH: f64 = 960.0;
    const HEIGHT: f64 = 260.0;
    const LEFT: f64 = 64.0;
    let steps = memory.steps.len().max(1) as f64;
    let bytes = memory.arena_bytes.max(1) as f64;
    let x = |step: usize| LEFT + step as f64 / steps * (WIDTH - LEFT - 8.0);
    let y = |offset: usize| HEIGHT - 20.0 - offset as f64 / bytes * (HEIGHT - 30.0);
    html! {
        figure.arena {
            div.scroll { svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="arena over time" {
                @for quarter in 0..=4_usize {
                    @let offset = memory.arena_bytes * quarter / 4;
                    line.axis x1=(LEFT) x2=(WIDTH - 8.0) y1=(y(offset)) y2=(y(offset)) {}
                    text x=(LEFT - 6.0) y=(y(offset) + 4.0) text-anchor="end" { (text::count(offset)) }
                }
                @for (number, tensor) in memory.tensors.iter().enumerate() {
                    @let top = y(tensor.offset + tensor.bytes);
                    rect.box x=(format!("{:.1}", x(tensor.first_step))) y=(format!("{top:.1}"))
                        width=(format!("{:.1}", (x(tensor.last_step + 1) - x(tensor.first_step)).max(1.0)))
                        height=(format!("{:.1}", (y(tensor.offset) - top).max(0.5)))
                        style={ "fill:var(--c" (number % 6) ")" } {
                        title { (text::name(&tensor.name)) ", " (text::count(tensor.bytes)) " bytes at " (text::count(tensor.offset)) }
                    }
                }
                text x=(LEFT) y=(HEIGHT - 5.0) { "first operator" }
                text x=(WIDTH - 8.0) y=(HEIGHT - 5.0) text-anchor="end" { "operator " (memory.steps.len()) }
            } }
            figcaption { "Bytes of the arena, from bottom to top, while operators run, from left to right." }
        }
    }
}
