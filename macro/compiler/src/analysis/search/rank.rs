//! The order in which tensors are worth trying: by what the operators that compute them do to the
//! outputs.

use serde::{Deserialize, Serialize};

use super::Search;
use super::program::Built;
use super::target::Margin;
use crate::analysis::exchange::effects;
use crate::analysis::operators::constant_bytes;
use crate::analysis::progress::Progress as _;
use crate::analysis::sensitivity::examined;
use crate::error::Result;
use crate::ir::graph::{ElementType, ValueId};
use crate::ir::quant_graph::Step;
use crate::quantize::measure::Noise;
use crate::session::sample_split::evenly;

/// What an operator does to the outputs, in margins to the targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rank {
    /// The tensor that it computes.
    pub tensor: String,
    pub operator: String,
    /// The margin with all operators in float but this one.
    pub only: f32,
    /// Bytes of its constants, and its multiply-accumulates.
    pub weight_bytes: usize,
    pub macs: u64,
    /// Multiply-accumulates of the operators that read it in int8.
    pub read_by: u64,
    /// Elements of the tensor.
    pub elements: usize,
}

/// The margin of an operator that loses nothing.
pub(super) const NOTHING: f32 = 100.0;

/// Samples that operators are exchanged on: their order needs few.
const SAMPLES: usize = 4;

impl Search<'_> {
    /// The operators of a setting; `None` if the user has stopped it. Those of a model with
    /// branches or loops cannot be exchanged.
    pub(super) fn rank(&self, built: &Built) -> Result<Option<Vec<Rank>>> {
        let (graph, program) = (&built.graph, &built.program);
        let all = &self.deciding.numbers;
        let numbers = evenly(all, all.len().min(SAMPLES));
        let samples = self.samples(&numbers);
        let examined = examined(graph, program);
        let work = examined.len() * numbers.len();
        self.clock.begin("exchanging operators", work as u64);
        let both = (&self.analysis.session.graph, graph);
        let (effects, measured) = effects(both, program, &samples, &examined, &self.clock)?;
        if measured < numbers.len() {
            return Ok(None);
        }
        let least = |noise: &[Noise]| Margin::of(self.clauses, &self.values(noise)).least as f32;
        // What only moves elements loses nothing, but between operators in float it is one, too.
        let steps = program.steps.iter().enumerate();
        let own = steps.filter(|(_, step)| {
            let value = program.tensors[step.output()].value;
            step.index.is_some() && value.is_some_and(|v| graph.values[v].element.is_real())
        });
        let read_by = |value: Option<ValueId>| {
            let is_it = |&id: &usize| {
                let tensor = &program.tensors[id];
                tensor.value == value && tensor.element == ElementType::I8
            };
            let readers = program.steps.iter().filter(|s| s.inputs.iter().any(is_it));
            readers.map(|reader| reader.kernel.macs()).sum()
        };
        let rank = |(position, step): (usize, &Step)| {
            let found = examined.iter().position(|(at, _)| *at == position);
            Rank {
                tensor: program.tensors[step.output()].name.clone(),
                operator: step.operator.to_owned(),
                only: found.map_or(NOTHING, |k| least(&effects.only[k])),
                weight_bytes: constant_bytes(program, step),
                macs: step.kernel.macs(),
                read_by: read_by(program.tensors[step.output()].value),
                elements: program.tensors[step.output()].len,
            }
        };
        Ok(Some(own.map(rank).collect()))
    }
}
