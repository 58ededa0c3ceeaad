//! Equalization through products: gates, such as those of squeeze-and-excite.
//!
//! A product is homogeneous in each operand: `(f * a) * b = f * (a * b)`. If the channels of `a`
//! are divided by factors where they are computed, and `b` stays as it is, those of the product
//! are divided by the same factors, which go into the weights that read it. In a squeeze-and-excite
//! block
//!
//! ```text
//! x --MEAN--> CONV --RELU--> CONV --LOGISTIC--> gate
//!  \------------------------------------------- x * gate --> CONV
//! ```
//!
//! `x` has the factors, its mean has them, too, and the first convolution of the branch takes them
//! back, as does the one behind the product: the gate sees what it saw before.
//!
//! Where the gate is a function of the same tensor without weights in between, as in `x * sigmoid(x)`
//! (swish) and `x * relu6(x + 3) / 6` (hard-swish), there is no such place: the function would have to
//! be given `x` without its factors, which takes another multiplier for each channel in front of it,
//! and no int8 kernel of a function has one. Such tensors are left as they are.
//!
//! Sources: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction"
//! (2019), section 4.1, for factors that cancel in the next weights; Hu et al., "Squeeze-and-Excitation
//! Networks" (2018), for the block.

use crate::ir::disjoint_sets::DisjointSets;
use crate::ir::graph::{Graph, Node, ValueId};

/// Binds the output of each product to the operand whose factors it has. The other operand is
/// blocked, and all of them where there is none to choose. `blocked` has all that other operators
/// block.
pub(super) fn bind(
    graph: &Graph,
    products: &[&Node],
    sets: &mut DisjointSets,
    blocked: &mut Vec<ValueId>,
) {
    for node in products {
        let output = node.output();
        let operands: Vec<ValueId> = node.inputs.iter().copied().flatten().collect();
        match scaled(graph, &operands, output, sets, blocked) {
            Some(operand) => {
                let others = operands.iter().copied().filter(|&v| v != operand);
                blocked.extend(others);
                sets.unite(operand, output);
            }
            None => blocked.extend(operands.into_iter().chain([output])),
        }
    }
}

/// The operand that may have factors: the larger one, if both may.
fn scaled(
    graph: &Graph,
    operands: &[ValueId],
    output: ValueId,
    sets: &DisjointSets,
    blocked: &[ValueId],
) -> Option<ValueId> {
    let &[a, b] = operands else { return None };
    let is_one = sets.find(a) == sets.find(b);
    let is_blocked = |v: ValueId| {
        blocked
            .iter()
            .any(|&other| sets.find(other) == sets.find(v))
    };
    if is_one || is_blocked(output) {
        return None;
    }
    let depth = |v: ValueId| graph.values[v].shape.last();
    let may = |v: &ValueId| depth(*v) == depth(output) && !is_blocked(*v);
    let by_size = match graph.values[a].len() >= graph.values[b].len() {
        true => [a, b],
        false => [b, a],
    };
    by_size.into_iter().find(may)
}
