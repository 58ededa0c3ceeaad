//! Bias correction: rounding weights and activations shifts the mean of every
//! output channel; the bias takes that shift back.
//!
//! Source: Nagel et al., "Data-Free Quantization Through Weight Equalization
//! and Bias Correction" (2019), section 4.2, empirical variant: operator by
//! operator, on calibration samples, behind operators that are corrected.

use std::sync::{Mutex, PoisonError};

use niello_numeric::channels::{self, Moments};

use crate::calibrate::{Evaluation, Samples, views};
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::context::QuantRule;
use crate::ir::control::{Cursor, RegionId, WHOLE};
use crate::ir::graph::{ElementType, Graph, Value, contiguous};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::parallel;
use crate::quantize::scales::reach;

/// For each step, the numbers that were added to its biases; empty for steps without weights.
pub(crate) type Corrections = Vec<Vec<i64>>;

/// Adds corrections that were computed earlier; false if they do not fit.
pub(crate) fn apply(program: &mut QuantGraph, corrections: &Corrections) -> bool {
    if corrections.len() != program.steps.len() {
        return false;
    }
    for (step, correction) in program.steps.iter_mut().zip(corrections) {
        if let Some(mut accumulators) = step.accumulators() {
            if accumulators.bias.len() != correction.len() {
                return false;
            }
            for (channel, more) in correction.iter().enumerate() {
                accumulators.bias.add(channel, *more);
            }
        }
    }
    true
}

/// Both programs on one sample, side by side.
struct Run<'a> {
    real: Evaluation<'a>,
    tensors: Vec<Buffer>,
    cursor: Cursor<'a>,
}

/// The mean error, shrunk by how uncertain it is (James and Stein, 1961).
fn shrunk_mean(errors: &Moments) -> f64 {
    if errors.count < 2.0 || errors.sum == 0.0 {
        return 0.0;
    }
    let mean = errors.sum / errors.count;
    let variance = (errors.squares / errors.count - mean * mean).max(0.0) / errors.count;
    mean * (1.0 - variance / (mean * mean)).max(0.0)
}

/// Samples that a mean error is taken of, at most.
const SAMPLES: usize = 4096;

/// Corrects every operator with weights that always runs, in order of execution. In branches
/// and loops, the float model may have gone another way.
pub(crate) fn correct_biases(
    graph: &Graph,
    program: &mut QuantGraph,
    samples: &Samples<'_>,
) -> Result<Corrections> {
    let regions = program.regions.clone();
    let regions_of: Vec<RegionId> = program.steps.iter().map(|step| step.region).collect();
    let histories = samples.histories(graph)?;
    // All runs are there at once: of a large model, or of many samples, evenly some of them.
    let most = (2 * LIVE_ELEMENTS / graph.live().0.max(1)).clamp(1, SAMPLES);
    let most = most.min(histories.len());
    let runs: Vec<Mutex<Run<'_>>> = (0..most)
        .filter_map(|i| histories.get(i * histories.len() / most))
        .map(|(sample, states)| {
            let sample = samples.sample(*sample);
            let sample = views(&sample);
            // Both begin with what the float model remembers.
            let int8_states: Vec<Buffer> = program
                .states
                .iter()
                .zip(states)
                .map(|(state, real)| program.encode_tensor(state.value, real.iter().copied()))
                .collect();
            Ok(Mutex::new(Run {
                real: Evaluation::new(graph, &sample, states)?,
                tensors: program.start(&program.encode_sample(&sample), &int8_states),
                cursor: Cursor::new(&regions, &regions_of),
            }))
        })
        .collect::<Result<_>>()?;
    let mut corrections = Vec::new();
    for position in 0..program.steps.len() {
        let channels = program.steps[position]
            .accumulators()
            .map_or(0, |a| a.bias.len());
        let mut correction = vec![0; channels];
        if program.steps[position].region != WHOLE {
            corrections.push(correction);
            continue;
        }
        if channels > 0 {
            let mut moments = vec![Moments::default(); channels];
            for sample in
                parallel::map(&runs, |run| errors(graph, program, position, channels, run))
            {
                moments
                    .iter_mut()
                    .zip(&sample?)
                    .for_each(|(all, one)| all.merge(one));
            }
            if let Some(mut accumulators) = program.steps[position].accumulators() {
                for (c, moments) in moments.iter().enumerate() {
                    correction[c] = accumulators.correct(c, shrunk_mean(moments));
                }
            }
        }
        corrections.push(correction);
        parallel::map(&runs, |run| {
            let mut run = run.lock().unwrap_or_else(PoisonError::into_inner);
            let run = &mut *run;
            program.advance(&mut run.cursor, position + 1, &mut run.tensors);
            if program.regions.is_empty() {
                program.drop_dead(&mut run.tensors, position);
            }
        });
    }
    Ok(corrections)
}

/// The errors of one step on one sample, by channel.
fn errors<'a>(
    graph: &'a Graph,
    program: &QuantGraph,
    position: usize,
    channels: usize,
    run: &Mutex<Run<'a>>,
) -> Result<Vec<Moments>> {
    let mut run = run.lock().unwrap_or_else(PoisonError::into_inner);
    let run = &mut *run;
    program.advance(&mut run.cursor, position, &mut run.tensors);
    let step = &program.steps[position];
    let results = program.simulate_step(step, &run.tensors);
    let got = results
        .first()
        .map(|result| program.decode(step.output(), result))
        .unwrap_or_default();
    let nothing = || vec![Moments::default(); channels];
    let value = program.tensors[step.output()].value;
    let Some(value) = value else {
        return Ok(nothing());
    };
    let Some(real) = run.real.advance(graph, value)? else {
        return Ok(nothing());
    };
    let value = Some(value);
    // What is clipped on purpose says nothing about the bias: by an activation, by a range
    // that training simulated, or by that of a maximum, which chooses nothing outside.
    let node = graph.nodes.iter().find(|n| Some(n.output()) == value);
    let (mut min, mut max) = node
        .and_then(|n| n.op.clips())
        .map_or((f32::MIN, f32::MAX), |a| a.bounds());
    let simulated = value.map(|v| &graph.values[v]).filter(|v| v.trained);
    let is_chosen = graph
        .nodes
        .iter()
        .any(|n| n.op.rule() == QuantRule::SelectsInputs && n.inputs.contains(&value));
    // Ranges of int16 hold all that was seen, or end where the reader saturates.
    let tensor = &program.tensors[step.output()];
    let is_chosen = is_chosen || tensor.element == ElementType::I16;
    let chosen = tensor.params.filter(|_| is_chosen);
    if let Some(params) = simulated.and_then(Value::given_params).or(chosen) {
        let reach = reach(params, tensor.element);
        min = min.max(reach.min);
        max = max.min(reach.max);
    }
    Ok(channels::errors(
        channels,
        &contiguous(&real.view()),
        &got,
        (min, max),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncertain_means_are_shrunk() {
        let of = |errors: &[f64]| Moments {
            count: errors.len() as f64,
            sum: errors.iter().sum(),
            squares: errors.iter().map(|e| e * e).sum(),
        };
        assert_eq!(shrunk_mean(&of(&[0.5; 100])), 0.5);
        assert_eq!(shrunk_mean(&of(&[1.0, -1.0, 1.0, -0.9])), 0.0);
        assert_eq!(shrunk_mean(&of(&[])), 0.0);
        let some = shrunk_mean(&of(&[1.0, 2.0, 3.0, 2.0]));
        assert!(some > 1.9 && some < 2.0, "{some}");
    }
}
