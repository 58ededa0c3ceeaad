//! From the file's tables to a [`Graph`]: names, constants, operators, checks.

use half::f16;

use super::{
    Constant, ElementType, Graph, Node, Port, QuantParams, Quantization, Value, ValueId, array,
    shape_text,
};
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
            .map(|i| value(bytes, &model, &tensors.get(i), i))
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

/// Reads a tensor, its quantization and, for a constant, its data.
fn value(bytes: &[u8], model: &Model<'_>, tensor: &Tensor<'_>, index: usize) -> Result<Value> {
    let name = match tensor.name() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("tensor_{index}"),
    };
    let place = format!("tensor #{index} ({name:?})");
    let shape = tensor
        .shape()
        .unwrap_or_default()
        .iter()
        // An unknown batch size is 1.
        .map(|d| if d < 0 { 1 } else { d as usize })
        .collect::<Vec<_>>();
    let elements = shape
        .iter()
        .try_fold(1_usize, |n, &d| n.checked_mul(d))
        .filter(|&n| n <= 1 << 31)
        .ok_or_else(|| {
            Error::model(format!("shape {} is too large", shape_text(&shape))).at(&place)
        })?;
    let constant = match tflite::buffer(bytes, model, tensor)? {
        Some(data) if tensor.sparsity().is_some() => {
            let _ = data;
            return Err(Error::model("sparse constants (DENSIFY) are not supported yet").at(place));
        }
        Some(data) => constant(tensor.type_(), &shape, elements, data).map_err(|e| e.at(&place))?,
        None => None,
    };
    // uint8 is int8 with everything shifted by 128.
    let is_int8 = matches!(tensor.type_(), TensorType::INT8 | TensorType::UINT8);
    let quantization = quantization(tensor, &shape).map_err(|e| e.at(&place))?;
    Ok(Value {
        name,
        shape,
        is_int8,
        quantization,
        constant,
    })
}

fn quantization(tensor: &Tensor<'_>, shape: &[usize]) -> Result<Option<Quantization>> {
    let Some(q) = tensor.quantization() else {
        return Ok(None);
    };
    let scales: Vec<f32> = q.scale().map(|s| s.iter().collect()).unwrap_or_default();
    let zero_points: Vec<i64> = q
        .zero_point()
        .map(|z| z.iter().collect())
        .unwrap_or_default();
    if scales.is_empty() || tensor.type_() == TensorType::FLOAT32 {
        return Ok(None);
    }
    if let Some(scale) = scales.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
        // A channel of zeros may carry a zero scale; nothing else may.
        if !(*scale == 0.0 && scales.len() > 1) {
            return Err(Error::model(format!(
                "its scale is {scale}, expected above zero"
            )));
        }
    }
    if scales.len() == 1 {
        let zero_point = zero_points.first().copied().unwrap_or(0);
        let allowed = if tensor.type_() == TensorType::UINT8 {
            0..=255
        } else {
            -128..=127
        };
        if !allowed.contains(&zero_point) {
            return Err(Error::model(format!(
                "its zero point is {zero_point}, outside of its type"
            )));
        }
        let shift = if tensor.type_() == TensorType::UINT8 {
            128
        } else {
            0
        };
        return Ok(Some(Quantization::PerTensor(QuantParams {
            scale: scales[0],
            zero_point: zero_point as i32 - shift,
        })));
    }
    if zero_points.iter().any(|&z| z != 0) {
        return Err(Error::model(
            "its per-channel zero points are not all 0, as the 8-bit specification asks",
        ));
    }
    let dimension = usize::try_from(q.quantized_dimension()).unwrap_or(usize::MAX);
    if shape.get(dimension) != Some(&scales.len()) {
        return Err(Error::model(format!(
            "it has {} scales along dimension {dimension} of shape {}",
            scales.len(),
            shape_text(shape)
        )));
    }
    Ok(Some(Quantization::PerChannel { scales, dimension }))
}

fn constant(
    element: TensorType,
    shape: &[usize],
    elements: usize,
    data: &[u8],
) -> Result<Option<Constant>> {
    let size = match element {
        TensorType::FLOAT32 | TensorType::INT32 => 4,
        TensorType::FLOAT16 => 2,
        TensorType::INT64 => 8,
        TensorType::INT8 | TensorType::UINT8 => 1,
        // Constants of other types are an error only where an operator reads them.
        _ => return Ok(None),
    };
    if data.len() != elements * size {
        return Err(Error::model(format!(
            "its data has {} bytes, but shape {} of {} needs {}",
            data.len(),
            shape_text(shape),
            element.variant_name().unwrap_or("?"),
            elements * size
        )));
    }
    let words = || data.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
    Ok(Some(match element {
        TensorType::FLOAT32 => {
            Constant::F32(array(shape, words().map(f32::from_le_bytes).collect()))
        }
        TensorType::INT32 => Constant::I32(array(shape, words().map(i32::from_le_bytes).collect())),
        TensorType::FLOAT16 => Constant::F32(array(
            shape,
            data.chunks_exact(2)
                .map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())
                .collect(),
        )),
        TensorType::INT64 => Constant::I32(array(
            shape,
            data.chunks_exact(8)
                .map(|b| {
                    let mut word = [0; 8];
                    word.copy_from_slice(b);
                    i64::from_le_bytes(word).clamp(i32::MIN.into(), i32::MAX.into()) as i32
                })
                .collect(),
        )),
        TensorType::UINT8 => Constant::I8(array(
            shape,
            data.iter().map(|&b| (b ^ 0x80) as i8).collect(),
        )),
        _ => Constant::I8(array(shape, data.iter().map(|&b| b as i8).collect())),
    }))
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
