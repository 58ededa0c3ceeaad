//! Tokens for a model that does not compile.

use proc_macro2::TokenStream;

use crate::arithmetic::quant_params::QuantParams;
use crate::emit::{self, Item, Variants};
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::{QuantGraph, QuantTensor};
use crate::options::{Options, Request};
use crate::plan;
use crate::session::{Session, read_model};

/// Tokens that stand in for a model that does not compile: its types where they are known, and
/// a function that returns zeros.
pub fn fallback(item: &Item, request: &Request) -> TokenStream {
    // Whatever of the interface is not to blame is kept.
    let plain = Options {
        inputs: None,
        outputs: None,
        ..request.options.clone()
    };
    let session = read_model(&request.model).and_then(|model| {
        let dataset = request.dataset.as_deref();
        Session::new(&model, &request.options, dataset)
            .or_else(|_| Session::new(&model, &plain, dataset))
            .or_else(|_| Session::new(&model, &Options::default(), dataset))
    });
    let (inputs, outputs) = session.map_or((Vec::new(), Vec::new()), |f| (f.inputs, f.outputs));
    let unit = Some(QuantParams {
        scale: 1.0,
        zero_point: 0,
    });
    let mut program = QuantGraph {
        inputs: (0..inputs.len()).collect(),
        input_params: vec![unit; inputs.len()],
        output_params: vec![unit; outputs.len()],
        ..QuantGraph::default()
    };
    for index in 0..inputs.len() {
        let port = inputs.iter().find(|p| p.index == index);
        program.tensors.push(QuantTensor {
            name: String::new(),
            len: port.map_or(0, |p| p.shape.iter().product()),
            element: port.map_or(ElementType::I8, |p| p.element),
            params: None,
            constant: None,
            value: None,
        });
    }
    let interface = emit::Interface {
        inputs: &inputs,
        outputs: &outputs,
        inputs_in_arena: request.options.inputs_in_arena,
    };
    let plan = plan::plan(&program, interface.inputs_in_arena);
    let variants = Variants {
        // Without steps, nothing can be missing.
        scalar: emit::variant(&interface, &program, &plan).unwrap_or_default(),
        vector: None,
    };
    emit::emit(item, &interface, &program, &variants, &[])
}
