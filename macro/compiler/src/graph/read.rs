//! From the file's tables to a [`Graph`]: names, constants, operators, checks.

use super::{ElementType, Graph, Node, Port, ValueId, shape_text, tensor};
use crate::error::{Blame, Error, Result};
use crate::ops::{self, ParseContext};
use crate::tflite::{self, BuiltinOperator, Model, SubGraph, Tensor, TensorType};

/// Which subgraph to compile and what its inputs and outputs are called.
struct Entry<'a> {
    subgraph: SubGraph<'a>,
    /// Signature names by tensor index.
    inputs: Vec<(usize, &'a str)>,
    outputs: Vec<(usize, &'a str)>,
}

impl Graph {
    /// Reads one signature (or the only subgraph) of a `.tflite` file.
    pub(crate) fn read(bytes: &[u8], signature: Option<&str>) -> Result<Graph> {
        let model = tflite::open(bytes)?;
        let entry = entry(&model, signature)?;
        let tensors = entry.subgraph.tensors().unwrap_or_default();
        let values = (0..tensors.len())
            .map(|i| tensor::value(bytes, &model, &tensors.get(i), i))
            .collect::<Result<Vec<_>>>()?;
        let mut graph = Graph {
            values,
            nodes: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        read_operators(&model, &entry.subgraph, &mut graph)?;
        let ids = |list: Option<flatbuffers::Vector<'_, i32>>| -> Vec<i32> {
            list.map(|l| l.iter().collect()).unwrap_or_default()
        };
        for (list, names, output) in [
            (ids(entry.subgraph.inputs()), &entry.inputs, false),
            (ids(entry.subgraph.outputs()), &entry.outputs, true),
        ] {
            for id in list {
                // One tensor may be several outputs, each with its own name.
                let listed = if output {
                    &graph.outputs
                } else {
                    &graph.inputs
                };
                let earlier = listed
                    .iter()
                    .filter(|p| p.value as i64 == i64::from(id))
                    .count();
                let port = port(&graph, &tensors, names, id, earlier)?;
                if output {
                    graph.outputs.push(port);
                } else {
                    graph.inputs.push(port);
                }
            }
        }
        check_order(&graph)?;
        Ok(graph)
    }
}

fn entry<'a>(model: &Model<'a>, signature: Option<&str>) -> Result<Entry<'a>> {
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

fn read_operators(model: &Model<'_>, subgraph: &SubGraph<'_>, graph: &mut Graph) -> Result<()> {
    let operators = subgraph.operators().unwrap_or_default();
    let mut unsupported = Vec::new();
    for index in 0..operators.len() {
        let operator = operators.get(index);
        let code = tflite::builtin_code(model, &operator)
            .map_err(|e| e.at(format!("operator #{index}")))?;
        let name = if code == BuiltinOperator::CUSTOM {
            format!("CUSTOM ({})", tflite::custom_code(model, &operator))
        } else {
            tflite::operator_name(code)
        };
        let ids = |list: Option<flatbuffers::Vector<'_, i32>>| -> Vec<i32> {
            list.map(|l| l.iter().collect()).unwrap_or_default()
        };
        let (inputs, outputs) = (ids(operator.inputs()), ids(operator.outputs()));
        let known = |id: i32| usize::try_from(id).ok().filter(|&v| v < graph.values.len());
        let output = outputs.first().and_then(|&id| known(id));
        let place = format!(
            "operator #{index} {name} ({:?})",
            output.map_or("", |v| graph.values[v].name.as_str())
        );
        if !ops::is_supported(code) {
            unsupported.push(place);
            continue;
        }
        let (Some(output), true) = (output, outputs.len() == 1) else {
            let n = outputs.len();
            return Err(Error::model(format!("has {n} outputs, expected 1")).at(place));
        };
        let mut operands: Vec<Option<ValueId>> = Vec::new();
        for id in inputs {
            // -1 stands for an optional input that is left out.
            operands.push(match (id, known(id)) {
                (-1, _) => None,
                (_, Some(value)) => Some(value),
                _ => {
                    return Err(
                        Error::model(format!("reads tensor {id}, which does not exist")).at(place),
                    );
                }
            });
        }
        let context = ParseContext {
            operator,
            inputs: operands
                .iter()
                .map(|v| v.map(|v| &graph.values[v]))
                .collect(),
            output: &graph.values[output],
        };
        let op = ops::parse(code, &context).map_err(|e| e.at(&place))?;
        operands.truncate(op.operands());
        while operands.last() == Some(&None) {
            operands.pop();
        }
        let shapes: Vec<&[usize]> = operands
            .iter()
            .map(|v| v.map_or(&[][..], |v| graph.values[v].shape.as_slice()))
            .collect();
        if let Some(empty) = shapes.iter().find(|s| s.contains(&0)) {
            let message = format!(
                "reads a tensor of shape {}, without elements",
                shape_text(empty)
            );
            return Err(Error::model(message).at(place));
        }
        let shape = op.output_shape(&shapes).map_err(|e| e.at(&place))?;
        let stated = &graph.values[output].shape;
        // Files may leave a scalar or dynamic shape empty; ours is then right.
        if *stated != shape && !stated.is_empty() {
            return Err(Error::model(format!(
                "its output has shape {} in the file, but its inputs give {}",
                shape_text(stated),
                shape_text(&shape)
            ))
            .at(place));
        }
        graph.values[output].shape = shape;
        graph.nodes.push(Node {
            index,
            op: op.into(),
            inputs: operands,
            output,
        });
    }
    if unsupported.is_empty() {
        return Ok(());
    }
    Err(Error::model(format!(
        "{} not supported:\n  {}\nSupported: {}",
        if unsupported.len() == 1 {
            "1 operator is"
        } else {
            "these operators are"
        },
        unsupported.join("\n  "),
        ops::SUPPORTED.join(", ")
    )))
}

fn port(
    graph: &Graph,
    tensors: &flatbuffers::Vector<'_, flatbuffers::ForwardsUOffset<Tensor<'_>>>,
    names: &[(usize, &str)],
    id: i32,
    earlier: usize,
) -> Result<Port> {
    let value = usize::try_from(id)
        .ok()
        .filter(|&v| v < graph.values.len())
        .ok_or_else(|| {
            Error::model(format!(
                "the subgraph's interface names tensor {id}, which does not exist"
            ))
        })?;
    let tensor = &graph.values[value];
    let element = match tensors.get(value).type_() {
        TensorType::FLOAT32 => ElementType::F32,
        TensorType::INT8 => ElementType::I8,
        other => {
            return Err(Error::model(format!(
                "input or output {:?} has element type {}; supported are FLOAT32 and INT8",
                tensor.name,
                other.variant_name().unwrap_or("unknown")
            )));
        }
    };
    let name = names
        .iter()
        .filter(|(index, name)| *index == value && !name.is_empty())
        .nth(earlier)
        .map_or_else(|| plain_name(&tensor.name), |(_, name)| (*name).to_owned());
    Ok(Port {
        name,
        value,
        shape: tensor.shape.clone(),
        element,
    })
}

/// A tensor name without what the converter adds to it.
fn plain_name(name: &str) -> String {
    let name = name.strip_prefix("serving_default_").unwrap_or(name);
    match name.rsplit_once(':') {
        Some((head, digits)) if !head.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            head.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Every operand must be an input, a constant or written earlier.
fn check_order(graph: &Graph) -> Result<()> {
    let mut ready: Vec<bool> = graph.values.iter().map(|v| v.constant.is_some()).collect();
    for port in &graph.inputs {
        ready[port.value] = true;
    }
    for node in &graph.nodes {
        if let Some(&value) = node.inputs.iter().flatten().find(|&&v| !ready[v]) {
            return Err(Error::model(format!(
                "reads {:?} before any operator writes it",
                graph.values[value].name
            ))
            .at(node.place(graph)));
        }
        if std::mem::replace(&mut ready[node.output], true) {
            return Err(Error::model(
                "its output is already an input, a constant or another operator's output",
            )
            .at(node.place(graph)));
        }
    }
    match graph.outputs.iter().find(|port| !ready[port.value]) {
        Some(port) => Err(Error::model(format!(
            "no operator writes the output {:?}",
            port.name
        ))),
        None if graph.outputs.is_empty() => Err(Error::model("the model has no outputs")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn names_lose_only_the_converters_decorations() {
        assert_eq!(plain_name("serving_default_left:0"), "left");
        assert_eq!(
            plain_name("StatefulPartitionedCall:1"),
            "StatefulPartitionedCall"
        );
        assert_eq!(plain_name("model/conv:relu"), "model/conv:relu");
        assert_eq!(plain_name("input_1"), "input_1");
    }
}
