//! Writes the int8 program of a model as a `.tflite` file: weights, biases, scales and zero
//! points as compiled.
//!
//! Operators are those of the file that the program was made from. Where an operator of int8
//! would compute other bytes than the program's kernel, it is written in float, between
//! DEQUANTIZE and QUANTIZE. The finished file is read back, compiled, and compared with the
//! program.

mod check;
mod convolution;
mod forms;
mod interface;
mod operands;
mod operators;
mod original;
mod random;
mod runtime;
mod same_kernel;
mod space_to_batch;
mod split;
mod variables;
mod versions;
mod writer;

use crate::error::{Error, Result};
use crate::ir::graph::Graph;
use crate::ir::quant_graph::QuantGraph;
use crate::ops::registry;
use crate::options::Request;
use crate::session::{QuantizedModel, Session, read_model};
use crate::tflite;
use crate::tflite::write::{ModelTable, SignatureTable};
pub use runtime::Runtime;
use writer::Writer;

/// A quantized model as a `.tflite` file.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// What readers of the file should know: where it differs from the emitted code.
    pub notes: Vec<String>,
}

/// Quantizes a model and writes it as an int8 `.tflite` file.
///
/// Inputs and outputs that hold real numbers are int8 in the file, also where the request asks
/// for f32. What the format cannot say is an error that names the operator.
pub fn export(request: &Request, runtime: Runtime) -> Result<Exported> {
    let bytes = read_model(&request.model)?;
    let request = interface::quantized(&bytes, request)?;
    let options = &request.options;
    let session = Session::new(&bytes, options, request.dataset.as_deref())?;
    let QuantizedModel { program, graph, .. } = session.quantize_as_required(&bytes, &request)?;
    written(
        &bytes,
        &graph,
        &program,
        options.signature.as_deref(),
        runtime,
    )
}

/// The request that [`export`] compiles: with inputs and outputs of int8 in place of f32.
pub fn quantized_interface(request: &Request) -> Result<Request> {
    interface::quantized(&read_model(&request.model)?, request)
}

/// Writes a program, reads it back and compares.
pub(crate) fn written(
    model: &[u8],
    graph: &Graph,
    program: &QuantGraph,
    signature: Option<&str>,
    runtime: Runtime,
) -> Result<Exported> {
    let original = tflite::open(model)?;
    if !program.regions.is_empty() {
        return Err(Error::model(
            "the model has branches or loops, which cannot be exported yet",
        ));
    }
    let is_missing = |name: &&str| !registry::in_tflite_micro(name);
    let missing = graph.nodes.iter().map(|node| node.op.name());
    let missing = missing.into_iter().find(is_missing);
    let runtime = missing.map_or(runtime, |_| Runtime::LiteRt);
    let mut writer = Writer::new(&original, graph, program, runtime);
    if let Some(name) = missing {
        writer.note(format!(
            "TensorFlow Lite Micro has no int8 kernel of {name}: the file is for LiteRT"
        ));
    }
    for &id in &program.inputs {
        let index = writer.tensor(id);
        writer.subgraph.inputs.push(index);
    }
    let variables = writer.read_variables();
    for step in &program.steps {
        writer.step(step)?;
    }
    writer.assign_variables(&variables);
    for (port, &id) in graph.outputs.iter().zip(&program.outputs) {
        let index = writer.tensor(id);
        let index = writer.reshaped(index, &port.shape);
        writer.subgraph.outputs.push(index);
    }
    let initial = writer.initial();
    let Writer {
        subgraph, notes, ..
    } = writer;
    let named = |ports: &[crate::ir::graph::Port], indices: &[usize]| {
        let names = ports.iter().map(|port| port.name.clone());
        names.zip(indices.iter().copied()).collect()
    };
    let signature = SignatureTable {
        key: signature.unwrap_or("serving_default").to_owned(),
        inputs: named(&graph.inputs, &subgraph.inputs),
        outputs: named(&graph.outputs, &subgraph.outputs),
    };
    let table = ModelTable {
        subgraphs: [subgraph].into_iter().chain(initial).collect(),
        signature,
    };
    let bytes = table.bytes();
    check::check(&bytes, program)?;
    Ok(Exported { bytes, notes })
}
