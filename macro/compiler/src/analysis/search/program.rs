//! The programs of settings, made and measured with as little as each needs: what was observed of
//! the float model serves all settings that have the same float model.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ndarray::ArrayD;

use super::Search;
use super::changes::Change;
use super::cost::Cost;
use crate::analysis::suffix::ProgramChanges;
use crate::cache::Calibration;
use crate::calibrate::{
    Method, RealRange, Samples, check as check_ways, counted, cut_inputs, outputs, views,
};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Graph, Port, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::options::{Comparison, Options, Requirement};
use crate::parallel;
use crate::quantize::correct::Corrections;
use crate::quantize::endless_loops;
use crate::quantize::measure::{Noise, int8_histories};
use crate::session::{Observed, Session};

/// Samples, with what the model of the file computes on them.
pub(super) struct Part {
    pub numbers: Vec<usize>,
    /// For each sample, the outputs.
    reference: Vec<Vec<ArrayD<f32>>>,
}

/// What settings share that differ only in ranges: the float model and what was observed of it.
struct Base {
    session: Session,
    observed: Observed,
    cuts: Vec<Option<RealRange>>,
}

/// The bases in use, the newest last.
#[derive(Default)]
pub(super) struct Bases(Mutex<Vec<(String, Arc<Base>)>>);

/// Bases that are kept: each has the model's weights.
const KEPT: usize = 4;

/// The program that was made last, by its setting.
#[derive(Default)]
pub(super) struct Latest(Mutex<Option<(String, Arc<Built>)>>);

/// The program of a setting.
pub(super) struct Built {
    pub program: QuantGraph,
    /// The float graph that it is made from, channels equalized.
    pub graph: Graph,
    options: Options,
    methods: Vec<(ValueId, Method)>,
    base: Arc<Base>,
    corrections: Corrections,
    /// For each step, the real value of one accumulator step, by channel.
    scales: Vec<Vec<f64>>,
    runs: OnceLock<Vec<Vec<Buffer>>>,
}

impl Part {
    /// Runs the model of the file on these samples.
    pub(super) fn of(graph: &Graph, samples: &Samples<'_>) -> Result<Self> {
        let histories = samples.histories(graph)?;
        let reference = parallel::map_within(graph.live().0, &histories, |(number, states)| {
            let inputs = samples.sample(*number);
            outputs(graph, &views(&inputs), &mut states.clone())
        });
        Ok(Self {
            numbers: samples.numbers.to_vec(),
            reference: reference.into_iter().collect::<Result<_>>()?,
        })
    }
}

impl Search<'_> {
    /// Some samples as they are.
    pub(super) fn samples<'a>(&'a self, numbers: &'a [usize]) -> Samples<'a> {
        Samples {
            dataset: self.data,
            numbers,
            follow: self.call.samples_follow,
            cuts: &[],
        }
    }

    /// The base of these options, calibrated on these samples.
    fn base(&self, options: &Options, calibrating: &[usize]) -> Result<Arc<Base>> {
        let floats = options.tensors.iter().filter(|(_, m)| *m == Method::Float);
        let floats: Vec<&str> = floats.map(|(name, _)| name.as_str()).collect();
        // What inputs are cut to, and so all that is observed, depends on their own methods.
        let graph = &self.analysis.session.graph;
        let named = |name: &str| {
            let is_it = |p: &Port| p.is_called(name) || graph.values[p.value].name == name;
            graph.inputs.iter().any(is_it)
        };
        let inputs = options.tensors.iter().filter(|(name, _)| named(name));
        let inputs: Vec<&(String, Method)> = inputs.collect();
        let key = format!(
            "{floats:?} {inputs:?} {:?} {} {}",
            options.calibration,
            options.equalize,
            calibrating.len()
        );
        let found = |bases: &Vec<(String, Arc<Base>)>| {
            let found = bases.iter().find(|(known, _)| *known == key);
            found.map(|(_, base)| Arc::clone(base))
        };
        if let Some(base) = self.bases.with(|bases| found(bases)) {
            return Ok(base);
        }
        let dataset = self.analysis.request.dataset.as_deref();
        let session = Session::new(&self.analysis.bytes, options, dataset)?;
        let methods = session.methods(options)?;
        let uncut = self.samples(calibrating);
        check_ways(&session.graph, &uncut, &methods)?;
        let cuts = cut_inputs(&session.graph, &uncut, &methods);
        let samples = Samples {
            cuts: &cuts,
            ..uncut
        };
        // Methods of single tensors may differ later: all of them are counted.
        let all: Vec<(ValueId, Method)> = methods.iter().map(|(v, _)| (*v, Method::Mse)).collect();
        let equalize = options.equalize && !methods.is_empty();
        let observed = session.observe(&samples, equalize, &counted(&all))?;
        let base = Arc::new(Base {
            session,
            observed,
            cuts,
        });
        self.bases.with(|bases| {
            if bases.len() == KEPT {
                bases.remove(0);
            }
            bases.push((key, Arc::clone(&base)));
        });
        Ok(base)
    }

    /// The program of a setting, calibrated on these samples.
    pub(super) fn build(&self, change: &Change, calibrating: &[usize]) -> Result<Built> {
        let options = change.options(self.call);
        let base = self.base(&options, calibrating)?;
        let methods = base.session.methods(&options)?;
        let samples = Samples {
            cuts: &base.cuts,
            ..self.samples(calibrating)
        };
        let (mut program, graph, Calibration { corrections, .. }) =
            base.session
                .lower_observed(&base.observed, &methods, &options, &samples)?;
        if !program.regions.is_empty() {
            endless_loops::check(&program, &self.samples(calibrating))?;
        }
        Ok(Built {
            scales: scales(&mut program),
            program,
            graph,
            options,
            methods,
            base,
            corrections,
            runs: OnceLock::new(),
        })
    }

    /// The program of a change of single ranges, without a run of the samples that calibrate:
    /// biases are corrected as in `built`.
    pub(super) fn rebuild(&self, built: &Built, change: &Change) -> Result<QuantGraph> {
        let options = Options {
            bias_correction: false,
            ..change.options(self.call)
        };
        let Base {
            session,
            observed,
            cuts,
        } = &*built.base;
        let methods = session.methods(&options)?;
        let samples = Samples {
            cuts,
            ..self.samples(&[])
        };
        let (mut program, ..) = session.lower_observed(observed, &methods, &options, &samples)?;
        let steps = program.steps.iter_mut().zip(&built.corrections);
        for ((step, corrections), scales) in steps.zip(&built.scales) {
            let Some(accumulators) = step.accumulators() else {
                continue;
            };
            let now = &accumulators.scales;
            let both = corrections.iter().zip(scales.iter().zip(now));
            for (bias, (steps, (before, now))) in accumulators.bias.iter_mut().zip(both) {
                let steps = f64::from(*steps) * before / now.max(f64::MIN_POSITIVE);
                *bias = bias.saturating_add(steps.round().clamp(-1e9, 1e9) as i32);
            }
        }
        Ok(program)
    }

    /// The value of each clause's metric.
    pub(super) fn values(&self, noise: &[Noise]) -> Vec<f32> {
        let clauses = self.clauses.iter().zip(&self.places);
        let value = |(clause, &at): (&Requirement, &usize)| {
            let value = clause.metric.of(&noise[at]) as f32;
            // The state holds finite numbers only.
            match value {
                value if !value.is_nan() => value.clamp(f32::MIN, f32::MAX),
                _ if clause.comparison == Comparison::AtMost => f32::MAX,
                _ => f32::MIN,
            }
        };
        clauses.map(value).collect()
    }

    /// Runs a program on the samples of a part.
    pub(super) fn measure(&self, built: &Built, part: &Part) -> Result<Vec<f32>> {
        let (graph, program) = (&built.graph, &built.program);
        let samples = self.samples(&part.numbers);
        let states = int8_histories(graph, program, &samples)?;
        let all: Vec<_> = part
            .numbers
            .iter()
            .zip(&part.reference)
            .zip(states)
            .collect();
        let each = parallel::map_within(graph.live().0, &all, |((number, reference), states)| {
            let inputs = samples.sample(**number);
            let got = program.simulate(&program.encode_sample(&views(&inputs)), states);
            noise(program, reference, |id| &got[id])
        });
        Ok(self.values(&merged(each)))
    }

    /// The program of a setting, calibrated on the samples of the search. The latest one is kept.
    pub(super) fn built(&self, change: &Change) -> Result<Arc<Built>> {
        let key = change.key();
        let mut latest = self.built.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, built)) = &*latest
            && *known == key
        {
            return Ok(Arc::clone(built));
        }
        let built = Arc::new(self.build(change, &self.calibrating)?);
        *latest = Some((key, Arc::clone(&built)));
        Ok(built)
    }

    /// The cost of a program on small cores.
    pub(super) fn cost(&self, built: &Built) -> Result<Cost> {
        let in_arena = built.options.inputs_in_arena;
        let interface = built.base.session.interface(in_arena)?;
        Cost::of(&built.program, &interface)
    }
}

impl Bases {
    fn with<T>(&self, f: impl FnOnce(&mut Vec<(String, Arc<Base>)>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Built {
    /// The tensors whose ranges are chosen, by name, each with its method; inputs come first.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (&str, ValueId, Method)> {
        let names = self.methods.iter();
        names.map(|(value, method)| (self.graph.values[*value].name.as_str(), *value, *method))
    }

    /// True if callers give bytes for this tensor, whose range is that of bytes.
    pub(super) fn is_of_bytes(&self, value: ValueId) -> bool {
        let Session { graph, inputs, .. } = &self.base.session;
        inputs
            .iter()
            .any(|port| port.bytes.is_some() && graph.inputs[port.index].value == value)
    }

    /// The range that a method gives a tensor.
    pub(super) fn range(&self, value: ValueId, method: Method) -> Option<RealRange> {
        self.base.observed.statistics.range(value, method)
    }

    /// All tensors of runs on the samples of a part; `None` if they take too much memory, or if a
    /// run is more than one pass over the steps. The first call runs the program.
    pub(super) fn runs(&self, data: &Dataset, part: &Part) -> Option<&[Vec<Buffer>]> {
        const ELEMENTS: usize = 4 * LIVE_ELEMENTS;
        let program = &self.program;
        let elements: usize = program.tensors.iter().map(|t| t.len).sum();
        let is_simple = program.regions.is_empty() && program.states.is_empty();
        if !is_simple || elements.saturating_mul(part.numbers.len()) > ELEMENTS {
            return None;
        }
        let runs = self.runs.get_or_init(|| {
            parallel::map(&part.numbers, |&number| {
                let inputs = data.sample(number);
                program.simulate(&program.encode_sample(&inputs), &[])
            })
        });
        Some(runs)
    }
}

/// The noise of another program than `own` at the outputs, both made from `graph`. With runs of
/// `own`, only those steps are run that differ from its own, or that read what differs.
pub(super) fn noise_of(
    graph: &Graph,
    own: &QuantGraph,
    other: &QuantGraph,
    runs: Option<&[Vec<Buffer>]>,
    samples: &Samples<'_>,
    part: &Part,
) -> Result<Vec<Noise>> {
    let numbers = part.numbers.iter().zip(&part.reference);
    let encoded = |number| other.encode_sample(&views(&samples.sample(number)));
    let Some(runs) = runs.filter(|_| is_alike(own, other)) else {
        let numbers = numbers.zip(int8_histories(graph, other, samples)?);
        return Ok(merged(numbers.map(|((&number, reference), states)| {
            let got = other.simulate(&encoded(number), &states);
            noise(other, reference, |id| &got[id])
        })));
    };
    Ok(merged(numbers.zip(runs).map(
        |((&number, reference), run)| {
            let changes = differing(own, other, run, &encoded(number));
            noise(other, reference, |id| changes.get(&id).unwrap_or(&run[id]))
        },
    )))
}

/// The tensors of another program than `own` that differ from those of a run of it.
fn differing(
    own: &QuantGraph,
    other: &QuantGraph,
    run: &[Buffer],
    inputs: &[Buffer],
) -> ProgramChanges {
    let mut changes = ProgramChanges::new();
    for (&id, input) in other.inputs.iter().zip(inputs) {
        if run[id] != *input {
            changes.insert(id, input.clone());
        }
    }
    let differs = |&id: &usize| own.tensors[id].params != other.tensors[id].params;
    for step in &other.steps {
        let is_other = step.inputs.iter().chain(&step.outputs).any(differs);
        if !is_other && !step.inputs.iter().any(|id| changes.contains_key(id)) {
            continue;
        }
        let inputs: Vec<&Buffer> = step
            .inputs
            .iter()
            .map(|id| changes.get(id).unwrap_or(&run[*id]))
            .collect();
        let results = step.kernel.simulate_all(&inputs);
        for (&id, result) in step.outputs.iter().zip(results) {
            // Equal bytes of another scale stand for other numbers, which readers know.
            if run[id] != result {
                changes.insert(id, result);
            }
        }
    }
    changes
}

/// True if two programs have the same steps on the same tensors.
fn is_alike(a: &QuantGraph, b: &QuantGraph) -> bool {
    let steps = a.steps.iter().zip(&b.steps);
    a.steps.len() == b.steps.len()
        && a.tensors.len() == b.tensors.len()
        && steps.into_iter().all(|(a, b)| {
            a.operator == b.operator && a.inputs == b.inputs && a.outputs == b.outputs
        })
        && a.tensors
            .iter()
            .zip(&b.tensors)
            .all(|(a, b)| a.len == b.len && a.element == b.element && a.constant == b.constant)
}

/// The accumulators' scales of all steps.
fn scales(program: &mut QuantGraph) -> Vec<Vec<f64>> {
    let steps = program.steps.iter_mut();
    steps
        .map(|step| step.accumulators().map_or(Vec::new(), |a| a.scales))
        .collect()
}

/// The noise of one sample at all outputs.
fn noise<'a>(
    program: &QuantGraph,
    reference: &[ArrayD<f32>],
    tensor: impl Fn(usize) -> &'a Buffer,
) -> Vec<Noise> {
    let outputs = reference.iter().zip(&program.outputs);
    outputs
        .map(|(reference, &id)| {
            let mut noise = Noise::default();
            noise.add(reference.iter(), &program.decode(id, tensor(id)));
            noise
        })
        .collect()
}

/// The sums of all samples, in their order.
fn merged(samples: impl IntoIterator<Item = Vec<Noise>>) -> Vec<Noise> {
    let mut all: Vec<Noise> = Vec::new();
    for sample in samples {
        if all.is_empty() {
            all = sample;
        } else {
            all.iter_mut().zip(&sample).for_each(|(a, b)| a.merge(b));
        }
    }
    all
}
