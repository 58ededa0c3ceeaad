//! How far the int8 program is from the float model.
//!
//! SQNR in dB = 10 log10(mean(reference^2) / mean((reference - got)^2)), over
//! all elements of all samples.

use ndarray::{ArrayD, ArrayViewD};

use crate::calibrate::{History, Samples, TOGETHER, evaluate_from, views};
use crate::dataset::Dataset;
use crate::dataset::labels::LabelScore;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::control::WHOLE;
use crate::ir::graph::{Graph, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::parallel;

/// Running sums of an SQNR.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noise {
    signal: f64,
    noise: f64,
    /// Sum of the absolute errors.
    absolute: f64,
    elements: u64,
    max: f64,
    rows: u64,
    same_top: u64,
}

impl Noise {
    /// Adds one sample of a tensor.
    pub(crate) fn add<'a>(&mut self, reference: impl Iterator<Item = &'a f32>, got: &[f32]) {
        let (mut best, mut best_got) = ((0, f32::MIN), (0, f32::MIN));
        for (i, (r, g)) in reference.zip(got).enumerate() {
            let error = f64::from(*r) - f64::from(*g);
            self.signal += f64::from(*r) * f64::from(*r);
            self.noise += error * error;
            self.absolute += error.abs();
            self.elements += 1;
            self.max = self.max.max(error.abs());
            if *r > best.1 {
                best = (i, *r);
            }
            if *g > best_got.1 {
                best_got = (i, *g);
            }
        }
        self.rows += 1;
        self.same_top += u64::from(best.0 == best_got.0);
    }

    /// Adds the sums of other samples.
    pub(crate) fn merge(&mut self, other: &Noise) {
        self.signal += other.signal;
        self.noise += other.noise;
        self.absolute += other.absolute;
        self.elements += other.elements;
        self.max = self.max.max(other.max);
        self.rows += other.rows;
        self.same_top += other.same_top;
    }

    /// Infinite if there is no noise at all.
    pub(crate) fn sqnr_db(&self) -> f64 {
        if self.noise == 0.0 {
            return f64::INFINITY;
        }
        10.0 * (self.signal / self.noise).log10()
    }

    /// Share of samples whose largest element is the float model's.
    pub(crate) fn top1(&self) -> f64 {
        self.same_top as f64 / self.rows.max(1) as f64
    }

    /// The largest absolute error of any element.
    pub(crate) fn max_abs_error(&self) -> f64 {
        self.max
    }

    /// The mean of the absolute errors of all elements.
    #[cfg(feature = "analysis")]
    pub(crate) fn mean_abs_error(&self) -> f64 {
        self.absolute / self.elements.max(1) as f64
    }
}

/// The noise of each output, and of each operator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measurement {
    pub outputs: Vec<Noise>,
    /// For each output, what both programs' outputs are beside its labels.
    pub labels: Vec<LabelScore>,
    /// For each step, the noise at its output with all steps before it, and the noise that the
    /// step itself adds to exact inputs.
    pub steps: Vec<[Noise; 2]>,
}

/// Compares on `samples`; `steps` also measures operator by operator.
pub(crate) fn measure(
    graph: &Graph,
    program: &QuantGraph,
    samples: &Samples<'_>,
    steps: bool,
) -> Result<Measurement> {
    measure_each(graph, program, samples, steps.then_some(graph), |_, _| {})
}

/// Compares the outputs with those of `graph`, and the operators with those of the graph
/// `equalized`, if there is one; shows `each` sample's number and measurement, in order.
pub(crate) fn measure_each(
    graph: &Graph,
    program: &QuantGraph,
    samples: &Samples<'_>,
    equalized: Option<&Graph>,
    mut each: impl FnMut(usize, &Measurement),
) -> Result<Measurement> {
    let steps = equalized.is_some();
    let histories = samples.histories(graph)?;
    let equalized = match equalized {
        Some(other) if !std::ptr::eq(other, graph) => Some((other, samples.histories(other)?)),
        _ => None,
    };
    let int8_histories = int8_histories(graph, program, samples)?;
    let both: Vec<(usize, (History, Vec<Buffer>))> = histories
        .into_iter()
        .zip(int8_histories)
        .enumerate()
        .collect();
    let mut all = Measurement {
        outputs: vec![Noise::default(); program.outputs.len()],
        labels: vec![LabelScore::default(); program.outputs.len()],
        steps: vec![[Noise::default(); 2]; program.steps.len()],
    };
    for some in both.chunks(TOGETHER) {
        let parts = parallel::map_within(graph.live().0, some, |(i, (history, int8_states))| {
            let (sample, states) = history;
            let inputs = samples.sample(*sample);
            let sample = Sample {
                dataset: samples.dataset,
                number: *sample,
                inputs: &views(&inputs),
            };
            let got = program.simulate(&program.encode_sample(sample.inputs), int8_states);
            let Some((other, histories)) = &equalized else {
                return measure_sample(graph, program, &sample, states, &got, steps);
            };
            let measured = measure_sample(graph, program, &sample, states, &got, false)?;
            let states = &histories[*i].1;
            let of_steps = measure_sample(other, program, &sample, states, &got, true)?;
            Ok(Measurement {
                steps: of_steps.steps,
                ..measured
            })
        });
        for ((_, ((sample, _), _)), part) in some.iter().zip(parts) {
            let part = part?;
            each(*sample, &part);
            for (a, b) in all.outputs.iter_mut().zip(&part.outputs) {
                a.merge(b);
            }
            for (a, b) in all.labels.iter_mut().zip(&part.labels) {
                a.merge(b);
            }
            for (a, b) in all.steps.iter_mut().zip(&part.steps) {
                a[0].merge(&b[0]);
                a[1].merge(&b[1]);
            }
        }
    }
    Ok(all)
}

/// The contents of the int8 program's states before each sample.
pub(crate) fn int8_histories(
    graph: &Graph,
    program: &QuantGraph,
    samples: &Samples<'_>,
) -> Result<Vec<Vec<Buffer>>> {
    if !samples.depend(graph) {
        return Ok(vec![Vec::new(); samples.numbers.len()]);
    }
    let all = samples.before_each(|number, states: &mut Vec<Buffer>| {
        let inputs = program.encode_sample(&views(&samples.sample(number)));
        let tensors = program.simulate(&inputs, states);
        let next = program.states.iter().map(|s| tensors[s.next].clone());
        *states = next.collect();
        Ok(())
    })?;
    Ok(all.into_iter().map(|(_, states)| states).collect())
}

/// One sample of a dataset, with its inputs.
struct Sample<'a> {
    dataset: &'a Dataset,
    number: usize,
    inputs: &'a [ArrayViewD<'a, f32>],
}

/// Measures one sample, whose int8 tensors are `got`.
fn measure_sample(
    graph: &Graph,
    program: &QuantGraph,
    sample: &Sample<'_>,
    states: &[ArrayD<f32>],
    got: &[Buffer],
    steps: bool,
) -> Result<Measurement> {
    let mut real: Vec<Option<Vec<f32>>> = vec![None; graph.values.len()];
    evaluate_from(graph, sample.inputs, states, |value, data| {
        if steps || graph.is_output(value) {
            real[value] = Some(data.iter().copied().collect());
        }
    })?;
    let mut result = Measurement {
        outputs: vec![Noise::default(); program.outputs.len()],
        labels: vec![LabelScore::default(); program.outputs.len()],
        steps: vec![[Noise::default(); 2]; if steps { program.steps.len() } else { 0 }],
    };
    for (i, (port, &id)) in graph.outputs.iter().zip(&program.outputs).enumerate() {
        let Some(reference) = &real[port.value] else {
            continue;
        };
        let int8 = program.decode(id, &got[id]);
        result.outputs[i].add(reference.iter(), &int8);
        if let Some(labels) = sample.dataset.labels(i) {
            result.labels[i] = labels.score(sample.number, reference, &int8);
        }
    }
    for (step, noise) in program.steps.iter().zip(&mut result.steps) {
        if step.region != WHOLE {
            // The program may have gone another way.
            continue;
        }
        let reference = |value: Option<ValueId>| value.and_then(|v| real[v].as_ref());
        let Some(expected) = reference(program.tensors[step.output()].value) else {
            continue;
        };
        noise[0].add(
            expected.iter(),
            &program.decode(step.output(), &got[step.output()]),
        );
        // The same operator on the float model's own tensors.
        let exact: Vec<Buffer> = step
            .inputs
            .iter()
            .map(|&id| match reference(program.tensors[id].value) {
                Some(real) => program.encode_tensor(id, real.iter().copied()),
                None => got[id].clone(),
            })
            .collect();
        let alone = step.kernel.simulate_all(&exact.iter().collect::<Vec<_>>());
        if let Some(alone) = alone.first() {
            noise[1].add(expected.iter(), &program.decode(step.output(), alone));
        }
    }
    Ok(result)
}
