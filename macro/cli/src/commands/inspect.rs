//! `cargo niello inspect`.

use std::process::ExitCode;

use niello_compiler::analysis::{FileFacts, FileKind, Inspection, PortFacts};

use super::{on_all, opened, show_memory};
use crate::args;
use crate::models::Model;
use crate::text;

pub(crate) fn run(options: &args::Inspect) -> Result<ExitCode, String> {
    let run = |model: &Model, _: &crate::progress::Bar| match opened(model) {
        Ok(analysis) => analysis.inspect().map_err(|e| e.message),
        Err(message) => {
            // The file's own facts are worth seeing, above all if niello does not take it.
            let facts = std::fs::read(&model.request.model)
                .ok()
                .and_then(|bytes| FileFacts::read(&bytes).ok());
            if let Some(facts) = facts.filter(|_| !options.target.json) {
                text::heading(&model.title());
                show_file(&facts);
            }
            Err(message)
        }
    };
    on_all("inspect", &options.target, run, show).map(|(code, _)| code)
}

fn show(model: &Model, inspection: &Inspection) {
    text::heading(&model.title());
    show_file(&inspection.file);
    show_ports("inputs", &inspection.inputs);
    show_ports("outputs", &inspection.outputs);
    if !inspection.states.is_empty() {
        text::line!("keeps between runs: {}", inspection.states.join(", "));
    }
    text::heading("operators");
    let mut table = text::table(
        &[
            "",
            "operator",
            "output",
            "shape",
            "type",
            "MACs",
            "constants",
        ],
        5,
    );
    for operator in &inspection.operators {
        table.add_row([
            text::index(operator.index),
            operator.operator.clone(),
            text::name(&operator.output),
            text::shape(&operator.shape),
            operator.element.clone(),
            text::count(operator.macs),
            text::count(operator.weight_bytes),
        ]);
    }
    text::print(&table);
    show_memory(&inspection.mcu, inspection.simd.as_ref());
    for pruned in &inspection.pruned {
        text::line!(
            "{} {}: {} of {} channels do something",
            text::index(pruned.index),
            pruned.operator,
            pruned.computed,
            pruned.all
        );
    }
    if inspection.estimated {
        text::line!(
            "\nThis model needs a dataset. Without one, ranges are those of noise: memory is about \
             right, types are those that the program will have."
        );
    }
}

fn show_file(file: &FileFacts) {
    let kind = match file.kind {
        FileKind::Float32 => "float32",
        FileKind::Float16Weights => "float16 weights, float32 activations",
        FileKind::Hybrid => "hybrid: weights of 8 bits, float32 activations",
        FileKind::QuantizationAware => "trained with simulated quantization",
        FileKind::Int8 => "int8",
        FileKind::Uint8 => "uint8",
        FileKind::Int16 => "int16 activations, int8 weights",
        _ => "a newer kind of file",
    };
    let operators: usize = file.operators.iter().map(|o| o.count).sum();
    text::line!(
        "{kind}; {} bytes, {operators} operators, {} subgraphs; the file has the ranges of {} of {} computed tensors",
        text::count(file.bytes),
        file.subgraphs,
        file.ranges_in_file,
        file.computed_tensors
    );
    if file.signatures.len() > 1 {
        text::line!("signatures: {}", file.signatures.join(", "));
    }
    let list: Vec<String> = file
        .operators
        .iter()
        .map(|o| format!("{} {}", o.count, o.name))
        .collect();
    text::line!("{}", list.join(", "));
    for operator in file.operators.iter().filter(|o| !o.supported) {
        let reason = operator.reason.as_deref().unwrap_or("not written yet");
        text::line!("not supported: {}: {reason}", operator.name);
    }
}

fn show_ports(what: &str, ports: &[PortFacts]) {
    text::heading(what);
    let mut table = text::table(&["name", "shape", "in the file", "in Rust", "scale"], 5);
    for port in ports {
        let scale = port.quantization.map_or(String::new(), |(scale, zero)| {
            format!("{} zero {zero}", text::real(scale))
        });
        table.add_row([
            port.name.clone(),
            text::shape(&port.shape),
            port.file_element.clone(),
            port.element.clone(),
            scale,
        ]);
    }
    text::print(&table);
}
