//! `cargo niello sensitivity`.

use std::process::ExitCode;

use niello_compiler::analysis::Sensitivity;

use super::{on_all, opened, samples_line, show_left_out};
use crate::args;
use crate::models::Model;
use crate::text;

pub(crate) fn run(options: &args::Sensitivity) -> Result<ExitCode, String> {
    let run = |model: &Model, bar: &crate::progress::Bar| {
        let analysis = opened(model)?;
        let limit = options.measure;
        analysis.sensitivity(limit, bar).map_err(|e| e.message)
    };
    on_all("sensitivity", &options.target, run, show).map(|(code, _)| code)
}

fn show(model: &Model, sensitivity: &Sensitivity) {
    text::heading(&model.title());
    text::line!("{}", samples_line(&sensitivity.samples));
    show_left_out(&sensitivity.left_out);
    if sensitivity.measured < sensitivity.samples.measuring {
        text::line!("stopped after {} samples", sensitivity.measured);
    }
    let mut columns = vec![String::new(), "operator".into(), "tensor".into()];
    for output in &sensitivity.outputs {
        columns.push(format!("{output}: only"));
        columns.push("gain".into());
        columns.push("int16".into());
    }
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = text::table(&names, 3);
    let wholes = [
        ("all in int8", &sensitivity.all_int8),
        ("equalization alone", &sensitivity.equalized),
    ];
    for (what, outputs) in wholes {
        let mut row = vec![String::new(), what.to_owned(), String::new()];
        for metrics in outputs {
            row.push(text::decibel(metrics.sqnr_db));
            row.extend([String::new(), String::new()]);
        }
        table.add_row(row);
    }
    for operator in &sensitivity.operators {
        let mut row = vec![
            text::index(operator.index),
            operator.operator.clone(),
            text::name(&operator.tensor),
        ];
        for output in &operator.outputs {
            row.push(text::decibel(output.only_this_int8.sqnr_db));
            row.push(match (&output.all_but_this_int8, output.gain_db) {
                (None, _) => "-".to_owned(),
                (_, Some(gain)) => format!("{gain:+.1}"),
                (_, None) => "exact".to_owned(),
            });
            row.push(match (&output.with_this_int16, output.int16_gain_db) {
                (None, _) => "-".to_owned(),
                (_, Some(gain)) => format!("{gain:+.1}"),
                (_, None) => "exact".to_owned(),
            });
        }
        table.add_row(row);
    }
    text::line!(
        "\nSQNR in dB at each output. only: all in float but this operator in int8. gain: what is \
         won if this operator alone is computed in float. int16: what is won if the tensor is held \
         in int16, by tensors(\"..\": int16)."
    );
    text::print(&table);
}
