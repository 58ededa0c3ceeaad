//! The accuracy that `require(...)` asks for.

use super::Session;
use crate::calibrate::Samples;
use crate::emit::RustPort;
use crate::error::{Blame, Error, Result};
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;
use crate::options::{Comparison, Options, Requirement};
use crate::quantize::loss_table::loss_table;
use crate::quantize::measure::measure;

impl Session {
    /// The output that a clause names: by its field, or by any name that the model has for it.
    pub(crate) fn output_called(&self, name: &str) -> Option<&RustPort> {
        let is_it =
            |p: &&RustPort| p.plain_name() == name || self.graph.outputs[p.index].is_called(name);
        self.outputs.iter().find(is_it)
    }

    /// The output of a clause of `require`.
    pub(super) fn required_output(&self, i: usize, clause: &Requirement) -> Result<&RustPort> {
        self.output_called(&clause.output).ok_or_else(|| {
            let names: Vec<String> = self.outputs.iter().map(|p| p.ident.to_string()).collect();
            let message = format!("no output `{}`; the outputs are {names:?}", clause.output);
            Error::new(Blame::Require(i), message)
        })
    }

    /// Measures what `require` asks for, against the model as it is in the file.
    pub(super) fn require(
        &self,
        equalized: &Graph,
        program: &QuantGraph,
        held_out: &Samples<'_>,
        options: &Options,
    ) -> Result<Vec<f64>> {
        if options.require.is_empty() {
            return Ok(Vec::new());
        }
        let measurement = measure(&self.graph, program, held_out, false)?;
        let mut measured = Vec::new();
        for (i, clause) in options.require.iter().enumerate() {
            let port = self.required_output(i, clause)?;
            let value = clause.metric.of(&measurement, port.index);
            if !clause.holds(value) {
                let sign = if clause.comparison == Comparison::AtLeast {
                    ">="
                } else {
                    "<="
                };
                return Err(Error::new(
                    Blame::Require(i),
                    format!(
                        "`{}`: {} is {value:.4} on {} held-out samples, required {sign} {}\n{}",
                        clause.output,
                        clause.metric.name(),
                        held_out.numbers.len(),
                        clause.bound,
                        loss_table(program, &measure(equalized, program, held_out, true)?, 12),
                    ),
                ));
            }
            measured.push(value.min(f64::MAX));
        }
        Ok(measured)
    }
}
