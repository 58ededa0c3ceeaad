//! Rounding of weights that knows the layer's inputs: not every weight goes to its nearest step,
//! but all weights of a sum to steps that change the sum least on the calibrating samples.
//!
//! The layers' inputs are those of the float model. What rounding does to the mean of a sum counts
//! little where bias correction takes it back. The kernels are unchanged. For the method and its
//! sources see [`niello_numeric::feedback`].

mod channels;
mod layers;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use niello_numeric::moments::InputMoments;

use crate::calibrate::{Samples, evaluate_from, views};
use crate::error::Result;
use crate::ir::graph::{Graph, ValueId};
use crate::ir::products::SumLayout;
use crate::ir::rounding::Rounding;
use crate::parallel;
use channels::Channels;
use layers::{Layer, layers};

/// How weights are rounded, by their constant; others go to their nearest step.
pub(crate) type Roundings = BTreeMap<ValueId, Rounding>;

/// Samples that run together: the rows that are read from them are there at once.
const TOGETHER: usize = 8;

/// Rows of inputs that the moments of a layer are taken of: so many for each input of a sum, but
/// not less and not more than these.
const ROWS_PER_INPUT: usize = 8;
const LEAST_ROWS: usize = 4096;
const MOST_ROWS: usize = 16384;

/// One in so many samples is held back: the error on these decides. Of fewer than twice as many
/// samples, single rows are held back.
const HELD_BACK: usize = 4;

/// Rows that a layer must have, those held back included.
const FEWEST_ROWS: usize = 16;

/// The share that the means of inputs keep in their second moments where biases are corrected.
/// The correction takes their error back, but not all of it: it leaves out what is clipped.
const MEAN: f64 = 0.05;

/// The roundings of all operators with constant weights, for channels whose error on samples that
/// are held back is less than that of rounding to the nearest step. `corrects` means that biases
/// are corrected afterwards.
pub(crate) fn round_weights(
    graph: &Graph,
    samples: &Samples<'_>,
    per_channel: bool,
    corrects: bool,
) -> Result<Roundings> {
    let layers = layers(graph);
    let of_layers = moments(graph, samples, &layers)?;
    let mean = if corrects { MEAN } else { 1.0 };
    let mut roundings = Roundings::new();
    for (layer, [seen, held_back]) in layers.iter().zip(&of_layers) {
        if held_back.rows == 0 || seen.rows + held_back.rows < FEWEST_ROWS {
            continue;
        }
        let channels = Channels::new(layer.layout, layer.weights(graph), per_channel);
        let rounding = channels.round(|group| [seen, held_back].map(|m| m.second(group, mean)));
        if let Some(rounding) = rounding {
            roundings.insert(layer.filter, rounding);
        }
    }
    Ok(roundings)
}

/// The moments of each layer's inputs: over the samples that rounding sees, and over those that
/// are held back.
fn moments(
    graph: &Graph,
    samples: &Samples<'_>,
    layers: &[Layer],
) -> Result<Vec<[InputMoments; 2]>> {
    if layers.is_empty() {
        return Ok(Vec::new());
    }
    let empty = |layer: &Layer| {
        let SumLayout { groups, depth, .. } = layer.layout;
        [(); 2].map(|()| InputMoments::new(groups, depth))
    };
    let all: Vec<Mutex<[InputMoments; 2]>> = layers.iter().map(empty).map(Mutex::new).collect();
    let histories: Vec<_> = samples.histories(graph)?.into_iter().enumerate().collect();
    let holds_samples = histories.len() >= 2 * HELD_BACK;
    let is_held_back = |number: usize| usize::from(number % HELD_BACK == HELD_BACK - 1);
    for part in histories.chunks(TOGETHER) {
        let runs = parallel::map_within(graph.live().0, part, |(at, (sample, states))| {
            let mut rows: Vec<Vec<f32>> = vec![Vec::new(); layers.len()];
            let mut read = Ok(());
            let inputs = samples.sample(*sample);
            evaluate_from(graph, &views(&inputs), states, |value, data| {
                for (rows, layer) in rows.iter_mut().zip(layers) {
                    let wanted = (ROWS_PER_INPUT * layer.layout.depth)
                        .clamp(LEAST_ROWS, MOST_ROWS)
                        .div_ceil(histories.len() * layer.nodes.len());
                    let one = layer.read(graph, value, data, wanted, *at, rows);
                    if read.is_ok() {
                        read = one;
                    }
                }
            })?;
            read.map(|()| rows)
        });
        let runs: Vec<Vec<Vec<f32>>> = runs.into_iter().collect::<Result<_>>()?;
        let numbers: Vec<usize> = (0..layers.len()).collect();
        parallel::map(&numbers, |&i| {
            let mut both = all[i].lock().unwrap_or_else(PoisonError::into_inner);
            for ((at, _), run) in part.iter().zip(&runs) {
                if holds_samples {
                    both[is_held_back(*at)].add(&run[i]);
                    continue;
                }
                let rows = run[i].chunks_exact(layers[i].layout.row());
                for (number, row) in rows.enumerate() {
                    both[is_held_back(at + number)].add(row);
                }
            }
        });
    }
    let all = all.into_iter().map(Mutex::into_inner);
    let all = all.map(|both| both.unwrap_or_else(PoisonError::into_inner));
    Ok(all.collect())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::dataset::{Dataset, ImageOptions};
    use crate::import::shapes::InputShapes;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn graph(path: &str) -> Graph {
        let bytes = std::fs::read(folder().join(path)).expect("a model");
        let shapes = InputShapes {
            chosen: &[],
            sampled: &|| Ok(Vec::new()),
        };
        Graph::read(&bytes, None, &shapes).expect("a model")
    }

    #[test]
    fn one_core_and_many_give_the_same() {
        let graph = graph("examples/models/photo_locator_f32.tflite");
        let path = folder().join("examples/models/photo_locator_calibration.npz");
        let data = Dataset::read(&path, &graph.inputs, &ImageOptions::default());
        let data = data.expect("a dataset");
        let numbers: Vec<usize> = (0..20).collect();
        let samples = Samples::uncut(&data, &numbers, false);
        let of = |cores: usize, samples: &Samples<'_>| {
            let rounded =
                parallel::with_cores(cores, || round_weights(&graph, samples, true, true));
            rounded.expect("runs")
        };
        let one = of(1, &samples);
        assert!(one.len() > 10, "{}", one.len());
        assert!(one == of(7, &samples));
        // A layer of few rows says too little.
        let few = Samples::uncut(&data, &numbers[..8], false);
        let dense = |roundings: &Roundings| {
            let of_layers = layers(&graph)
                .into_iter()
                .filter(|layer| layer.layout.rows == 1);
            of_layers
                .filter(|l| roundings.contains_key(&l.filter))
                .count()
        };
        assert!(dense(&one) > 0 && dense(&of(2, &few)) == 0);
    }

    #[test]
    fn weights_of_int8_files_are_not_rounded_again() {
        assert!(layers(&graph("tests/models/ops/conv_i8.tflite")).is_empty());
        assert_eq!(layers(&graph("tests/models/ops/conv_f32.tflite")).len(), 1);
    }
}
