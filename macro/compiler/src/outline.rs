//! What an editor needs of a model: types and signatures, without weights.
//!
//! A whole compilation keeps its outline in the cache, beside the calibration, by the paths and
//! times of its files, so that an editor reads only that. Without one, the outline is made of the
//! model alone: then numbers that only a calibration knows (scales of int8 outputs, the arena) are
//! those of an empty program.

use std::path::Path;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

use proc_macro2::{Ident, TokenStream, TokenTree};

use crate::arithmetic::quant_params::QuantParams;
use crate::cache::Slot;
use crate::emit::{self, Detail, Item, SelfTest, Variants};
use crate::error::Result;
use crate::ir::graph::ElementType;
use crate::ir::quant_graph::{QuantGraph, QuantTensor};
use crate::options::{Options, Request};
use crate::plan;
use crate::session::{Session, read_model};

/// The types and functions of a model without their contents, for editors: bodies of functions
/// compute nothing. Reads the cache, and writes what it does not find there.
///
/// # Errors
/// Those of [`compile`](crate::compile) that concern the model's interface.
pub fn outline(item: &Item, request: &Request) -> Result<TokenStream> {
    let slot = slot(item, request);
    let known = slot
        .load_text()
        .and_then(|text| String::from_utf8(text).ok());
    if let Some(tokens) = known.and_then(|text| TokenStream::from_str(&text).ok()) {
        return Ok(renamed(tokens, &item.name));
    }
    let tokens = of_model(item, request)?;
    slot.store_text(tokens.to_string().as_bytes());
    Ok(tokens)
}

/// Keeps the outline of a model that has been compiled.
pub(crate) fn store(item: &Item, request: &Request, outline: impl FnOnce() -> TokenStream) {
    if request.cache.is_some() {
        slot(item, request).store_text(outline().to_string().as_bytes());
    }
}

/// The place of an outline: found without reading a file's content.
fn slot(item: &Item, request: &Request) -> Slot {
    let Item {
        attributes,
        visibility,
        name,
        krate,
    } = item;
    let text = format!(
        "{attributes} {visibility} {name} {krate} {:?}",
        request.options
    );
    let mut content = vec![b"outline".to_vec(), text.into_bytes()];
    for path in std::iter::once(&request.model).chain(&request.dataset) {
        content.push(path.as_os_str().as_encoded_bytes().to_vec());
        content.push(stamp(path).into_bytes());
    }
    let parts: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
    Slot::new(request.cache.as_deref(), &parts).with_extension("outline")
}

/// The size of a file and the time of its last change.
fn stamp(path: &Path) -> String {
    let known = std::fs::metadata(path).ok();
    let time = known.as_ref().and_then(|m| m.modified().ok());
    let time = time.and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    format!("{:?} {time:?}", known.map(|m| m.len()))
}

/// Items with the span of the function's name where they define it, so that an editor finds the
/// macro's call. What is inside of them keeps the span that it was read with.
fn renamed(tokens: TokenStream, name: &Ident) -> TokenStream {
    let tree = |tree: TokenTree| match tree {
        TokenTree::Ident(ident) if ident == *name => name.clone().into(),
        other => other,
    };
    tokens.into_iter().map(tree).collect()
}

/// The outline as the model's file alone gives it.
fn of_model(item: &Item, request: &Request) -> Result<TokenStream> {
    // Whatever of the interface is not to blame is kept.
    let plain = Options {
        inputs: None,
        outputs: None,
        ..request.options.clone()
    };
    let (model, dataset) = (read_model(&request.model)?, request.dataset.as_deref());
    let Session {
        inputs, outputs, ..
    } = Session::new(&model, &request.options, dataset)
        .or_else(|_| Session::new(&model, &plain, dataset))
        .or_else(|_| Session::new(&model, &Options::default(), dataset))?;
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
    let selftest = request.options.selftest.map(|_| SelfTest::default());
    let plan = plan::plan(&program, interface.inputs_in_arena);
    let variants = Variants {
        scalar: emit::variant(&interface, &program, &plan)?.without_cost(),
        vector: None,
    };
    Ok(emit::emit(
        item,
        &interface,
        &program,
        &variants,
        selftest.as_ref(),
        &Detail::Outline,
    ))
}
