//! DEQUANTIZE, QUANTIZE and FAKE_QUANT become properties of tensors.

use crate::ir::graph::{ElementType, FileQuantization, Graph, Kept, ValueId};
use crate::ir::operator::Cast;

/// DEQUANTIZE, QUANTIZE and FAKE_QUANT say how a tensor is represented; they
/// become properties of the tensor where it has no other.
pub(super) fn fold(graph: &mut Graph) {
    let mut position = 0;
    while position < graph.nodes.len() {
        let node = &graph.nodes[position];
        let (Some(cast), Some(Some(input))) = (node.op.cast(), node.inputs.first().copied()) else {
            position += 1;
            continue;
        };
        let output = node.output();
        let element = graph.values[output].element;
        let quantization = match cast {
            Cast::Dequantize => graph.values[input].quantization.clone(),
            Cast::Quantize => graph.values[output].quantization.clone(),
            Cast::FakeQuant { min, max } => Some(FileQuantization::Range { min, max }),
        };
        // The file rounds, and goes on in float.
        let trained = match cast {
            Cast::FakeQuant { .. } => true,
            Cast::Quantize => is_only_dequantized(graph, output),
            Cast::Dequantize => graph.values[input].trained,
        };
        let from = graph.values[input].element;
        // What stays in float is quantized by an operator of its own.
        let stays = cast == Cast::Quantize && graph.values[input].kept == Some(Kept::Exact);
        // An input that is an output goes through untouched, which this one is not.
        let stays = stays
            || matches!(cast, Cast::FakeQuant { .. })
                && graph.is_output(output)
                && graph.inputs.iter().any(|port| port.value == input);
        let free = graph.values[input].quantization.is_none() && from == ElementType::F32 && !stays;
        let same = graph.values[input].quantization == quantization
            && (from == element || cast != Cast::Quantize);
        if free || same {
            graph.values[input].quantization = quantization;
            graph.values[input].trained |= trained;
            if cast == Cast::Quantize {
                graph.values[input].element = element;
            }
            graph.values[input].kept = graph.values[input].kept.or(graph.values[output].kept);
            graph.nodes.remove(position);
            replace(graph, output, input);
        } else {
            // A second representation of the same tensor: a requantization.
            graph.values[output].quantization = quantization;
            graph.values[output].trained |= trained;
            if cast == Cast::Dequantize {
                graph.values[output].element = from;
            }
            position += 1;
        }
    }
}

/// True if all that reads a tensor makes it float again.
fn is_only_dequantized(graph: &Graph, value: ValueId) -> bool {
    let mut readers = graph
        .nodes
        .iter()
        .filter(|n| n.inputs.contains(&Some(value)));
    !graph.is_output(value) && readers.all(|n| n.op.cast() == Some(Cast::Dequantize))
}

/// Makes every reader of `from` (and every output of it) read `to`.
fn replace(graph: &mut Graph, from: ValueId, to: ValueId) {
    for value in graph
        .nodes
        .iter_mut()
        .flat_map(|n| n.inputs.iter_mut().flatten())
    {
        if *value == from {
            *value = to;
        }
    }
    for port in &mut graph.outputs {
        if port.value == from {
            port.value = to;
        }
    }
    for state in &mut graph.states {
        if state.next == from {
            state.next = to;
        }
    }
    graph.regions.replace(from, to);
}
