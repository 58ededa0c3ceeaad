//! The table of the operators that lose most, for error messages and tools.

use super::measure::Measurement;
use crate::ir::quant_graph::QuantGraph;

/// What int16 gains at one output, for the rows of a table.
pub(crate) struct Int16Column<'a> {
    /// The output's name.
    pub output: &'a str,
    /// How many samples it was measured on.
    pub samples: usize,
    /// For each row, by how many dB the output gains with the operator's tensor in int16; `None`
    /// if that is not known.
    pub gains: Vec<Option<f64>>,
}

/// The positions of the steps that lose most themselves, worst first.
pub(crate) fn worst(measurement: &Measurement, rows: usize) -> Vec<usize> {
    let alone = |position: &usize| measurement.steps[*position][1].sqnr_db();
    let mut positions: Vec<usize> = (0..measurement.steps.len()).collect();
    positions.sort_by(|a, b| alone(a).total_cmp(&alone(b)));
    positions.truncate(rows);
    positions
}

/// The per-operator table of error messages and tools, with the steps at these positions.
pub(crate) fn loss_table(
    program: &QuantGraph,
    measurement: &Measurement,
    positions: &[usize],
    int16: Option<&Int16Column<'_>>,
) -> String {
    let mut text = String::from(
        "operators that lose most (SQNR in dB: alone, and at its output with all before it",
    );
    if let Some(Int16Column {
        output, samples, ..
    }) = int16
    {
        text +=
            &format!("; what `{output}` gains by `tensors(\"..\": int16)`, on {samples} samples");
    }
    text += "):";
    for (row, &position) in positions.iter().enumerate() {
        let (step, [total, alone]) = (&program.steps[position], &measurement.steps[position]);
        let index = step
            .index
            .map_or("-".to_owned(), |index| format!("#{index}"));
        let gain = int16.map_or(String::new(), |column| {
            let gain = column.gains.get(row).copied().flatten();
            format!(
                " {:>6}",
                gain.map_or("-".to_owned(), |g| format!("{g:+.1}"))
            )
        });
        text += &format!(
            "\n  {index:>5} {:<22} {:>6.1} {:>6.1}{gain}  {}",
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
