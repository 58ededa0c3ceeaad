//! The element types of the inputs and outputs of an exported file: int8 for real numbers.

use crate::emit::{PortChoice, RustPort};
use crate::error::Result;
use crate::ir::graph::{ElementType, Kept, Port};
use crate::options::{Options, Request};
use crate::session::Session;

/// The request with inputs and outputs of int8 where callers pass or get f32.
pub(super) fn quantized(model: &[u8], request: &Request) -> Result<Request> {
    let dataset = request.dataset.as_deref();
    let session = Session::new(model, &request.options, dataset)?;
    let inputs = choices(&session.inputs, |_| false);
    let outputs = choices(&session.outputs, |_| false);
    let mut options = Options {
        inputs: Some(inputs),
        outputs: Some(outputs),
        ..request.options.clone()
    };
    // What is computed in float is not quantized only to be written.
    let quantized = Session::new(model, &options, dataset)?;
    let is_real = |port: &RustPort| {
        let port: &Port = &quantized.graph.outputs[port.index];
        quantized.graph.values[port.value].kept == Some(Kept::Exact)
    };
    options.outputs = Some(choices(&session.outputs, is_real));
    Ok(Request {
        options,
        ..request.clone()
    })
}

/// The list of ports with int8 in place of f32, except for those that stay real.
fn choices(ports: &[RustPort], stays: impl Fn(&RustPort) -> bool) -> Vec<PortChoice> {
    ports
        .iter()
        .map(|port| PortChoice {
            name: port.name.clone(),
            rename: None,
            element: Some(match port.element {
                ElementType::F32 if !stays(port) => ElementType::I8,
                other => other,
            }),
        })
        .collect()
}
