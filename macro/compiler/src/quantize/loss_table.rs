//! The table of the operators that lose most, for error messages and tools.

use super::measure::Measurement;
use crate::ir::quant_graph::QuantGraph;

/// The per-operator table of error messages and tools.
pub(crate) fn loss_table(program: &QuantGraph, measurement: &Measurement, rows: usize) -> String {
    let mut steps: Vec<_> = program.steps.iter().zip(&measurement.steps).collect();
    steps.sort_by(|a, b| a.1[1].sqnr_db().total_cmp(&b.1[1].sqnr_db()));
    let mut text = String::from(
        "operators that lose most (SQNR in dB: alone, and at its output with all before it):",
    );
    for (step, [total, alone]) in steps.into_iter().take(rows) {
        let index = step
            .index
            .map_or("-".to_owned(), |index| format!("#{index}"));
        text += &format!(
            "\n  {index:>5} {:<22} {:>6.1} {:>6.1}  {}",
            step.label(),
            alone.sqnr_db(),
            total.sqnr_db(),
            // Names of fused operators are long lists.
            program.tensors[step.output()]
                .name
                .split(';')
                .next()
                .unwrap_or("")
        );
    }
    text
}
