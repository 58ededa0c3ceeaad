//! Which subgraph is compiled, and what its inputs and outputs are called.

use crate::error::{Blame, Error, Result};
use crate::import::reader::{Scope, ids};
use crate::ir::byte_scale::ByteScale;
use crate::ir::graph::{ElementType, Graph, Port};
use crate::ir::port_names;
use crate::tflite::{Model, SubGraph, TensorType};

/// The subgraph to compile, and the names of its inputs and outputs.
pub(crate) struct Entry<'a> {
    pub subgraph: SubGraph<'a>,
    /// Signature names by tensor index.
    pub inputs: Vec<(usize, &'a str)>,
    pub outputs: Vec<(usize, &'a str)>,
}

/// Finds the subgraph of a signature, or the only one, with its names.
pub(crate) fn entry<'a>(model: &Model<'a>, signature: Option<&str>) -> Result<Entry<'a>> {
    let subgraphs = model.subgraphs().unwrap_or_default();
    let signatures = model.signature_defs().unwrap_or_default();
    let keys: Vec<&str> = (0..signatures.len())
        .map(|i| signatures.get(i).signature_key().unwrap_or(""))
        .collect();
    let chosen = match signature {
        Some(name) => Some(keys.iter().position(|k| *k == name).ok_or_else(|| {
            let message = if keys.is_empty() {
                format!("no signature {name:?}: the model has no signatures; leave the option out")
            } else {
                format!("no signature {name:?} in the model; it has {keys:?}")
            };
            Error::new(Blame::Option("signature"), message)
        })?),
        None if keys.len() > 1 => Some(
            keys.iter()
                .position(|k| *k == "serving_default")
                .ok_or_else(|| {
                    Error::model(format!(
                        "the model has several signatures, {keys:?}: choose one with `signature = \"{}\"`",
                        keys[0]
                    ))
                })?,
        ),
        None => (!keys.is_empty()).then_some(0),
    };
    let mut names = (Vec::new(), Vec::new());
    let mut index = 0;
    if let Some(chosen) = chosen {
        let def = signatures.get(chosen);
        index = def.subgraph_index() as usize;
        for (list, names) in [(def.inputs(), &mut names.0), (def.outputs(), &mut names.1)] {
            for map in list.unwrap_or_default() {
                names.push((map.tensor_index() as usize, map.name().unwrap_or("")));
            }
        }
    }
    if index >= subgraphs.len() {
        return Err(Error::model(format!(
            "the model has {} subgraphs, but number {index} is asked for",
            subgraphs.len()
        )));
    }
    Ok(Entry {
        subgraph: subgraphs.get(index),
        inputs: names.0,
        outputs: names.1,
    })
}

/// Adds the subgraph's inputs, or its outputs, to the graph.
pub(crate) fn ports(
    graph: &mut Graph,
    entry: &Entry<'_>,
    scope: &Scope,
    output: bool,
) -> Result<()> {
    let (list, names) = if output {
        (ids(entry.subgraph.outputs()), &entry.outputs)
    } else {
        (ids(entry.subgraph.inputs()), &entry.inputs)
    };
    let tensors = entry.subgraph.tensors().unwrap_or_default();
    let mut named = Vec::new();
    for (position, &id) in list.iter().enumerate() {
        let index = usize::try_from(id)
            .ok()
            .filter(|&i| i < scope.values.len())
            .ok_or_else(|| {
                Error::model(format!(
                    "the subgraph's interface names tensor {id}, which does not exist"
                ))
            })?;
        // One tensor may be several outputs, each with its own name.
        let earlier = list[..position]
            .iter()
            .filter(|other| **other == id)
            .count();
        let signature = names
            .iter()
            .filter(|(i, name)| *i == index && !name.is_empty())
            .nth(earlier)
            .map(|(_, name)| *name);
        let tensor = crate::import::tensor::name(&tensors.get(index), index);
        named.push((signature, tensor));
    }
    let plain = port_names::names(&named, output);
    for ((&id, (_, tensor)), name) in list.iter().zip(named).zip(plain) {
        let index = id as usize;
        let element = match tensors.get(index).type_() {
            TensorType::FLOAT32 => ElementType::F32,
            TensorType::INT8 => ElementType::I8,
            TensorType::UINT8 => ElementType::U8,
            TensorType::INT16 => ElementType::I16,
            TensorType::INT32 | TensorType::INT64 => ElementType::I32,
            TensorType::UINT32 => ElementType::U32,
            TensorType::BOOL => ElementType::Bool,
            other => {
                return Err(Error::model(format!(
                    "input or output {name:?} has element type {}; supported are FLOAT32, INT8, \
                     UINT8, INT16, INT32, INT64, UINT32 and BOOL",
                    other.variant_name().unwrap_or("unknown")
                )));
            }
        };
        let value = scope.values[index];
        let port = Port {
            name,
            tensor,
            value,
            shape: graph.values[value].shape.clone(),
            element,
            bytes: ByteScale::UNIT,
        };
        if output {
            graph.outputs.push(port);
        } else {
            graph.inputs.push(port);
        }
    }
    Ok(())
}
