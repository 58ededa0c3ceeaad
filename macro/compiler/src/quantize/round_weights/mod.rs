//! Rounding of weights that knows the layer's inputs.

mod feedback;
mod layers;
mod moments;

use std::collections::BTreeMap;

use crate::calibrate::{Samples, evaluate_from, views};
use crate::error::Result;
use crate::ir::graph::{Graph, ValueId};
use crate::ir::products::SumLayout;
use crate::ir::rounding::Rounding;
use crate::parallel;
use feedback::{Feedback, error, nearest};
use layers::{Layer, layers};
use moments::Moments;

/// How weights are rounded, by their constant; others go to their nearest step.
pub(crate) type Roundings = BTreeMap<ValueId, Rounding>;

/// Samples that run together: their rows are there at once.
const TOGETHER: usize = 8;

/// Rows of inputs that the moments of a layer are taken of, at most: so many for each input of a
/// sum, within these bounds.
const ROWS_PER_INPUT: usize = 8;
const LEAST_ROWS: usize = 4096;
const MOST_ROWS: usize = 16384;

/// Each fourth sample is held back: the error on it decides.
const HELD_BACK: usize = 4;

/// Rows that moments must be of.
const FEWEST_ROWS: usize = 16;

/// The share of the mean's own product that stays in the second moments where biases are
/// corrected, which takes most of its error back.
const MEAN: f64 = 0.05;

/// What is added to the diagonal of second moments, as a share of its mean.
const DAMPING: f64 = 0.01;

/// Scales that are tried, as shares of the one that the largest weight asks for.
const SHARES: [f64; 6] = [1.0, 0.97, 0.94, 0.91, 0.88, 0.85];

/// The roundings of all operators with constant weights whose error on samples held back is less
/// than that of rounding to the nearest step. `corrects` means that biases are corrected
/// afterwards.
pub(crate) fn round_weights(
    graph: &Graph,
    samples: &Samples<'_>,
    per_channel: bool,
    corrects: bool,
) -> Result<Roundings> {
    let layers = layers(graph);
    if layers.is_empty() {
        return Ok(Roundings::new());
    }
    let of_layers = moments(graph, samples, &layers)?;
    let mean = if corrects { MEAN } else { 1.0 };
    let mut roundings = Roundings::new();
    for (layer, [fit, held_back]) in layers.iter().zip(&of_layers) {
        if fit.rows < FEWEST_ROWS || held_back.rows < FEWEST_ROWS / 2 {
            continue;
        }
        let weights = layer.weights(graph);
        if let Some(rounding) = round(&layer.layout, &weights, per_channel, |group| {
            [fit.second(group, mean), held_back.second(group, mean)]
        }) {
            roundings.insert(layer.filter, rounding);
        }
    }
    Ok(roundings)
}

/// The moments of each layer's inputs: over the samples that rounding sees, and over those that
/// are held back.
fn moments(graph: &Graph, samples: &Samples<'_>, layers: &[Layer]) -> Result<Vec<[Moments; 2]>> {
    let histories: Vec<_> = samples.histories(graph)?.into_iter().enumerate().collect();
    let by_sample = histories.len() >= 2 * HELD_BACK;
    let mut all: Vec<[Moments; 2]> = layers
        .iter()
        .map(|layer| [Moments::new(&layer.layout), Moments::new(&layer.layout)])
        .collect();
    for part in histories.chunks(TOGETHER) {
        let runs = parallel::map_within(graph.live().0, part, |(at, (sample, states))| {
            let mut rows: Vec<Vec<f32>> = vec![Vec::new(); layers.len()];
            let mut failed = Ok(());
            let inputs = samples.sample(*sample);
            evaluate_from(graph, &views(&inputs), states, |value, data| {
                for (rows, layer) in rows.iter_mut().zip(layers) {
                    let wanted = (ROWS_PER_INPUT * layer.layout.depth)
                        .clamp(LEAST_ROWS, MOST_ROWS)
                        .div_ceil(histories.len() * layer.nodes.len());
                    if let Err(error) = layer.read(graph, value, data, wanted, *at, rows) {
                        failed = Err(error);
                    }
                }
            })?;
            failed.map(|()| rows)
        });
        let runs: Vec<Vec<Vec<f32>>> = runs.into_iter().collect::<Result<_>>()?;
        let tasks: Vec<(usize, &Layer)> = layers.iter().enumerate().collect();
        let added = parallel::map(&tasks, |(i, layer)| {
            let mut both = [Moments::new(&layer.layout), Moments::new(&layer.layout)];
            let width = layer.layout.row();
            for ((at, _), run) in part.iter().zip(&runs) {
                if by_sample {
                    both[usize::from(at % HELD_BACK == HELD_BACK - 1)].add(&run[*i]);
                    continue;
                }
                for (number, row) in run[*i].chunks_exact(width.max(1)).enumerate() {
                    both[usize::from(number % HELD_BACK == HELD_BACK - 1)].add(row);
                }
            }
            both
        });
        for (all, added) in all.iter_mut().zip(added) {
            for (all, added) in all.iter_mut().zip(added) {
                all.merge(&added);
            }
        }
    }
    Ok(all)
}

/// Rounds the weights of a layer, channel by channel; `seconds` has the second moments of a
/// group's inputs, on the samples that rounding sees and on those that are held back. `None` if
/// all weights stay at their nearest step.
fn round(
    layout: &SumLayout,
    weights: &[f64],
    per_channel: bool,
    seconds: impl Fn(usize) -> [Vec<f64>; 2] + Sync,
) -> Option<Rounding> {
    let (depth, channels) = (layout.depth, layout.channels);
    let of_channel =
        |c: usize| -> Vec<f64> { (0..depth).map(|i| weights[layout.weight(c, i)]).collect() };
    let largest = |weights: &[f64]| weights.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
    let scale_of = |largest: f64| {
        if largest > f64::from(f32::MIN_POSITIVE) * 127.0 {
            f64::from(largest as f32 / 127.0)
        } else {
            1.0
        }
    };
    let scales: Vec<f64> = if per_channel {
        (0..channels)
            .map(|c| scale_of(largest(&of_channel(c))))
            .collect()
    } else {
        vec![scale_of(largest(weights)); channels]
    };
    let groups: Vec<usize> = (0..layout.groups).collect();
    let per_group = channels / layout.groups.max(1);
    // Inputs whose weights are all nothing may be left out of the program: they stay so.
    let prepared = parallel::map(&groups, |&group| {
        let fixed: Vec<bool> = (0..depth)
            .map(|i| {
                (group * per_group..(group + 1) * per_group)
                    .all(|c| nearest(weights[layout.weight(c, i)], scales[c]) == 0.0)
            })
            .collect();
        let [fit, held_back] = seconds(group);
        Some((Feedback::new(&fit, DAMPING, &fixed)?, held_back))
    });
    let numbers: Vec<usize> = (0..channels).collect();
    let rounded = parallel::map(&numbers, |&c| {
        let (feedback, held_back) = prepared[layout.group(c)].as_ref()?;
        let weights = of_channel(c);
        let shares = if per_channel {
            &SHARES[..]
        } else {
            &SHARES[..1]
        };
        let tried = shares.iter().map(|share| {
            let scale = f64::from((scales[c] * share) as f32);
            (scale, feedback.round(&weights, scale))
        });
        let (scale, best) = tried.min_by(|a, b| a.1.error.total_cmp(&b.1.error))?;
        let errors: Vec<f64> = weights
            .iter()
            .zip(&best.steps)
            .map(|(w, steps)| w - f64::from(*steps) * scale)
            .collect();
        let plain: Vec<f64> = weights
            .iter()
            .map(|w| w - nearest(*w, scales[c]) * scales[c])
            .collect();
        let is_better = error(held_back, &errors) < error(held_back, &plain);
        is_better.then_some((scale, best.steps))
    });
    if rounded.iter().all(Option::is_none) {
        return None;
    }
    let mut beside = vec![0; weights.len()];
    let mut chosen = scales.clone();
    for (c, rounded) in rounded.iter().enumerate() {
        let Some((scale, steps)) = rounded else {
            continue;
        };
        chosen[c] = *scale;
        for (i, steps) in steps.iter().enumerate() {
            let at = layout.weight(c, i);
            // As the weights are rounded when the program is made.
            let nearest = (weights[at] as f32 / *scale as f32)
                .round()
                .clamp(-127.0, 127.0);
            beside[at] = (*steps - nearest as i32) as i8;
        }
    }
    chosen.truncate(if per_channel { channels } else { 1 });
    let scales = chosen.iter().map(|scale| *scale as f32).collect();
    Some(Rounding::new(scales, &beside))
}
