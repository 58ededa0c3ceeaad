//! The element types of the inputs and outputs of an exported file: int8 for real numbers, or int16
//! where the program has that.

use crate::emit::{PortChoice, RustPort};
use crate::error::Result;
use crate::ir::graph::{ElementType, Kept, Port};
use crate::options::{Options, Request};
use crate::session::Session;

/// The request with quantized inputs and outputs where callers pass or get f32.
pub(super) fn quantized(model: &[u8], request: &Request) -> Result<Request> {
    let dataset = request.dataset.as_deref();
    let session = Session::new(model, &request.options, dataset)?;
    let element = |port: &Port| match session.graph.values[port.value].element {
        ElementType::I16 => ElementType::I16,
        _ => ElementType::I8,
    };
    let inputs = choices(&session.inputs, |port| {
        Some(element(&session.graph.inputs[port.index]))
    });
    let output = |port: &RustPort| element(&session.graph.outputs[port.index]);
    let outputs = choices(&session.outputs, |port| Some(output(port)));
    let mut options = Options {
        inputs: Some(inputs),
        outputs: Some(outputs),
        ..request.options.clone()
    };
    // What is computed in float is not quantized only to be written.
    let quantized = Session::new(model, &options, dataset)?;
    options.outputs = Some(choices(&session.outputs, |port| {
        let value = quantized.graph.outputs[port.index].value;
        let is_real = quantized.graph.values[value].kept == Some(Kept::Exact);
        (!is_real).then(|| output(port))
    }));
    Ok(Request {
        options,
        ..request.clone()
    })
}

/// The list of ports with a quantized type in place of f32, except for those that stay real.
fn choices(
    ports: &[RustPort],
    quantized: impl Fn(&RustPort) -> Option<ElementType>,
) -> Vec<PortChoice> {
    ports
        .iter()
        .map(|port| PortChoice {
            name: port.name.clone(),
            rename: None,
            element: Some(match port.element {
                ElementType::F32 => quantized(port).unwrap_or(ElementType::F32),
                other => other,
            }),
        })
        .collect()
}
