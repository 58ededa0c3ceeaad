//! The accuracy that `require(...)` asks for: measured in one step, insisted on in another, so that
//! tools can look at a model that does not reach it.

use super::sample_split::{Split, evenly};
use super::{QuantizedModel, Session};
use crate::calibrate::Samples;
use crate::dataset::Dataset;
use crate::emit::RustPort;
use crate::error::{Blame, Error, Result};
use crate::ir::graph::ValueId;
use crate::ir::quant_graph::QuantGraph;
use crate::options::{Comparison, Options, Request, Requirement};
use crate::quantize::loss_table::{Int16Column, loss_table, worst};
use crate::quantize::measure::measure;

/// Rows of the table of a requirement that is not met.
const ROWS: usize = 12;

/// Held-out samples that int16 is tried on at most: an error should not take long.
const INT16_SAMPLES: usize = 4;

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

    /// The outputs that the clauses name, by their places among the model's outputs.
    pub(crate) fn check_require(&self, options: &Options) -> Result<Vec<usize>> {
        let clauses = options.require.iter().enumerate();
        let places = clauses.map(|(i, clause)| Ok(self.required_output(i, clause)?.index));
        places.collect()
    }

    /// Measures what `require` asks for, against the model as it is in the file.
    pub(super) fn measure_require(
        &self,
        program: &QuantGraph,
        held_out: &Samples<'_>,
        options: &Options,
    ) -> Result<Vec<f64>> {
        let places = self.check_require(options)?;
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let measurement = measure(&self.graph, program, held_out, false)?;
        let clauses = options.require.iter().zip(places);
        let value = |(clause, place): (&Requirement, usize)| {
            let value = clause.metric.of(&measurement, place);
            // The cache holds finite numbers only.
            value.clamp(f64::MIN, f64::MAX)
        };
        Ok(clauses.map(value).collect())
    }

    /// Refuses a program that does not reach what `require` asks for, with the operators that lose
    /// most.
    pub(super) fn insist(&self, quantized: &QuantizedModel, request: &Request) -> Result<()> {
        let options = &request.options;
        let clauses = options.require.iter().zip(&quantized.measured);
        let missed = clauses.enumerate().find(|(_, (r, m))| !r.holds(**m));
        let (Some((i, (clause, value))), Some(dataset)) = (missed, &request.dataset) else {
            return Ok(());
        };
        let data = Dataset::read(dataset, &self.graph.inputs, &options.images)?;
        let split = Split::new(data.len(), options)?;
        let held_out = Samples::uncut(&data, &split.held_out, options.samples_follow);
        let losses = measure(&quantized.graph, &quantized.program, &held_out, true)?;
        let positions = worst(&losses, ROWS);
        // An error is reported whatever else goes wrong.
        let int16 = self
            .int16_column(quantized, clause, options, &held_out, &positions)
            .ok();
        let sign = match clause.comparison {
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
        };
        let value = match *value {
            f64::MIN => f64::NEG_INFINITY,
            f64::MAX => f64::INFINITY,
            value => value,
        };
        let message = format!(
            "`{}`: {} is {value:.4} on {} held-out samples, required {sign} {}\n{}",
            clause.output,
            clause.metric.name(),
            held_out.numbers.len(),
            clause.bound,
            loss_table(&quantized.program, &losses, &positions, int16.as_ref()),
        );
        Err(Error::new(Blame::Require(i), message))
    }

    /// What int16 would gain at the clause's output, for the steps at `positions`.
    fn int16_column<'a>(
        &self,
        quantized: &QuantizedModel,
        clause: &'a Requirement,
        options: &Options,
        held_out: &Samples<'_>,
        positions: &[usize],
    ) -> Result<Int16Column<'a>> {
        let numbers = held_out.numbers;
        let numbers = evenly(numbers, numbers.len().min(INT16_SAMPLES));
        let samples = Samples {
            numbers: &numbers,
            ..*held_out
        };
        let place = self.required_output(0, clause)?.index;
        let (graph, program) = (&quantized.graph, &quantized.program);
        // Steps that the compiler adds have the value of an operator's step.
        let value = |&position: &usize| {
            let step = &program.steps[position];
            let value = program.tensors[step.output()]
                .value
                .filter(|_| step.index.is_some());
            value.unwrap_or(usize::MAX)
        };
        let values: Vec<ValueId> = positions.iter().map(value).collect();
        let calibration = &quantized.calibration;
        let gains = self.int16_gains(
            (graph, program),
            calibration,
            options,
            &samples,
            &values,
            &|| true,
        )?;
        let gain = |row: usize| gains.gain(row, place);
        Ok(Int16Column {
            output: &clause.output,
            samples: numbers.len(),
            gains: (0..values.len()).map(gain).collect(),
        })
    }
}
