//! The programs of settings, made and measured with as little as each needs.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use ndarray::ArrayD;

use super::Search;
use super::bases::Base;
use super::changes::Change;
use super::cost::Cost;
use super::noise::{merged, noise};
use crate::cache::Calibration;
use crate::calibrate::{Method, RealRange, Samples, outputs, views};
use crate::dataset::Dataset;
use crate::error::Result;
use crate::ir::buffer::Buffer;
use crate::ir::graph::{Graph, ValueId};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::LIVE_ELEMENTS;
use crate::options::{Comparison, Options, Requirement};
use crate::parallel;
use crate::quantize::corrected::Corrected;
use crate::quantize::endless_loops;
use crate::quantize::measure::{Noise, int8_histories};
use crate::session::Session;

/// Samples, with what the model of the file computes on them.
pub(super) struct Part {
    pub numbers: Vec<usize>,
    /// For each sample, the outputs.
    pub reference: Vec<Vec<ArrayD<f32>>>,
}

/// The program that was made last, by its setting.
#[derive(Default)]
pub(super) struct Latest(RefCell<Option<(String, Rc<Built>)>>);

/// The program of a setting.
pub(super) struct Built {
    pub program: QuantGraph,
    /// The float graph that it is made from, channels equalized.
    pub graph: Graph,
    options: Options,
    methods: Vec<(ValueId, Method)>,
    base: Base,
    corrected: Corrected,
    runs: OnceCell<Vec<Vec<Buffer>>>,
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
        Samples::uncut(self.data, numbers, self.call.samples_follow)
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
            corrected: Corrected::of(&mut program, &corrections),
            program,
            graph,
            options,
            methods,
            base,
            runs: OnceCell::new(),
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
        } = &built.base;
        let methods = session.methods(&options)?;
        let samples = Samples {
            cuts,
            ..self.samples(&[])
        };
        let (mut program, ..) = session.lower_observed(observed, &methods, &options, &samples)?;
        built.corrected.apply(&mut program);
        Ok(program)
    }

    /// The value of each clause's metric.
    pub(super) fn values(&self, noise: &[Noise]) -> Vec<f32> {
        let clauses = self.clauses.iter().zip(&self.places);
        let value = |(clause, &at): (&Requirement, &usize)| {
            let value = clause.metric.without_labels(&noise[at]) as f32;
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
    pub(super) fn built(&self, change: &Change) -> Result<Rc<Built>> {
        let key = change.key();
        let mut latest = self.built.0.borrow_mut();
        if let Some((known, built)) = &*latest
            && *known == key
        {
            return Ok(Rc::clone(built));
        }
        let built = Rc::new(self.build(change, &self.calibrating)?);
        *latest = Some((key, Rc::clone(&built)));
        Ok(built)
    }

    /// The cost of a program on small cores.
    pub(super) fn cost(&self, built: &Built) -> Result<Cost> {
        let in_arena = built.options.inputs_in_arena;
        let interface = built.base.session.interface(in_arena)?;
        Cost::of(&built.program, &interface)
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
        let Session { graph, inputs, .. } = &*self.base.session;
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
