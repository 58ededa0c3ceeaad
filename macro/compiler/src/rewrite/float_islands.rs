//! Float islands in a file that computes in int8: what lies between DEQUANTIZE and
//! QUANTIZE, or between DEQUANTIZE and a float output.
//!
//! The rule: what the file computes in float32 has the reference's value.
//! - Functions of one int8 tensor become tables of 256 entries, int8 in front of
//!   QUANTIZE, else f32: exact.
//! - What moves or selects elements of one int8 tensor does so in int8: exact.
//! - All else is computed in float, at the cost of four bytes an element in the arena and
//!   of float arithmetic, as in the file.
//! - Left to quantization are operators with weights and those without a float kernel.

use crate::ir::context::QuantRule;
use crate::ir::graph::{ElementType, Graph, Kept, Node};
use crate::ir::operator::Cast;
use crate::rewrite::unary_chain;

/// The form in which a float tensor of the file can be computed.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Only by quantizing what computes it.
    Quantized,
    /// The int8 tensor that a DEQUANTIZE reads, perhaps moved.
    Int8,
    /// A function of one int8 tensor, which is a table.
    Function,
    /// A tensor that is computed in float.
    Float,
}

/// Marks the tensors that stay in float. To be called before conversions are folded.
pub(crate) fn mark(graph: &mut Graph) {
    if !computes_in_int8(graph) {
        return;
    }
    let mut forms = vec![Form::Quantized; graph.values.len()];
    for port in &graph.inputs {
        if graph.values[port.value].element == ElementType::F32 {
            forms[port.value] = Form::Float;
        }
    }
    for position in 0..graph.nodes.len() {
        let form = form(graph, position, &forms);
        forms[graph.nodes[position].output()] = form;
    }
    let readers = readers(graph);
    for node in &graph.nodes {
        let value = node.output();
        // A function in front of one QUANTIZE, or of one more function, is a part of its table.
        let stays = match forms[value] {
            Form::Float => true,
            Form::Function => {
                let next = readers[value].as_slice();
                let is_table = matches!(next, [one] if is_part_of_table(graph, *one, &forms));
                !is_table || graph.is_output(value)
            }
            Form::Quantized | Form::Int8 => false,
        };
        if stays && graph.values[value].kept.is_none() {
            graph.values[value].kept = Some(Kept::Exact);
        }
    }
}

fn is_part_of_table(graph: &Graph, reader: usize, forms: &[Form]) -> bool {
    let node = &graph.nodes[reader];
    node.op.cast() == Some(Cast::Quantize)
        || forms[node.output()] == Form::Function && unary_chain::is_function(graph, reader)
}

/// For each value, the positions of the operators that read it.
fn readers(graph: &Graph) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); graph.values.len()];
    for (position, node) in graph.nodes.iter().enumerate() {
        for &value in node.inputs.iter().flatten() {
            readers[value].push(position);
        }
    }
    readers
}

/// True if the file is quantized and its float parts are what its authors left: operators
/// read int8 tensors, or at least none with weights reads float ones. (Where training
/// simulates quantization, all operators read what a DEQUANTIZE writes.)
fn computes_in_int8(graph: &Graph) -> bool {
    let reads_int8 = |node: &Node| {
        let input = node.inputs.first().copied().flatten();
        input.is_some_and(|v| {
            let value = &graph.values[v];
            value.constant.is_none() && matches!(value.element, ElementType::I8 | ElementType::I16)
        })
    };
    let has_float_weights = graph.nodes.iter().any(|n| n.in_float && n.op.writes_f32());
    graph.nodes.iter().any(|node| {
        reads_int8(node)
            && match node.op.cast() {
                None => true,
                Some(cast) => cast == Cast::Dequantize && !has_float_weights,
            }
    })
}

fn form(graph: &Graph, position: usize, forms: &[Form]) -> Form {
    let node = &graph.nodes[position];
    let output = &graph.values[node.output()];
    let input = node.inputs.first().copied().flatten();
    if node.op.cast() == Some(Cast::Dequantize) {
        let is_int8 = input.is_some_and(|v| graph.values[v].element == ElementType::I8);
        return if is_int8 { Form::Int8 } else { Form::Float };
    }
    // What branches give and loops hand on is not computed.
    if node.op.is_control() && node.in_float && output.element == ElementType::F32 {
        return Form::Float;
    }
    if !node.in_float || output.element != ElementType::F32 || node.op.cast().is_some() {
        return Form::Quantized;
    }
    let operands: Vec<Form> = graph.real_operands(node).map(|v| forms[v]).collect();
    if operands.contains(&Form::Quantized) || node.op.writes_f32() || node.outputs.len() != 1 {
        return Form::Quantized;
    }
    let is_function = unary_chain::is_function(graph, position);
    match operands.as_slice() {
        [Form::Int8 | Form::Function] if is_function => Form::Function,
        [Form::Int8] if node.op.rule() == QuantRule::SameAsInput && selects(node) => Form::Int8,
        [] => Form::Quantized,
        _ if node.op.has_float_kernel() && !node.op.needs_libm() => Form::Float,
        _ => Form::Quantized,
    }
}

/// True if all outputs are inputs, or a constant of the same scale.
fn selects(node: &Node) -> bool {
    node.op.only_moves() || node.op.selects()
}
