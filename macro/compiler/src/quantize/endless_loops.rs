//! Checks that the loops of the quantized program end.

use crate::calibrate::{Samples, views};
use crate::error::{Error, Result};
use crate::ir::quant_graph::QuantGraph;
use crate::limits::ROUNDS;
use crate::parallel;

/// Runs the quantized program on all samples: its loops must end, too.
pub(crate) fn check(program: &QuantGraph, samples: &Samples<'_>) -> Result<()> {
    if program.regions.variables().next().is_none() {
        return Ok(());
    }
    let endless = parallel::map(samples.numbers, |&number| {
        let inputs = program.encode_sample(&views(&samples.sample(number)));
        program.is_endless(&inputs, &[]).then_some(number)
    });
    match endless.into_iter().flatten().next() {
        Some(number) => Err(Error::dataset(format!(
            "the loops of the model end on sample {number} in float, but run more than {ROUNDS} \
             rounds when it is quantized: keep what their conditions depend on in float, by \
             `tensors(\"name\": float)`, or count in int32"
        ))),
        None => Ok(()),
    }
}
