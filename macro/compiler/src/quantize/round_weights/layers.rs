//! The operators whose weights are rounded, and the rows of inputs that they read.

use ndarray::ArrayD;

use crate::error::Result;
use crate::ir::control::WHOLE;
use crate::ir::graph::{Constant, Graph, Node, ValueId};
use crate::ir::products::SumLayout;

/// The longest sums whose weights are rounded by their inputs: the work grows with the third
/// power.
const MOST_INPUTS: usize = 1536;

/// Second moments of all layers together; those that come after are not rounded by their inputs.
const MOST_MOMENTS: usize = 1 << 24;

/// The operators that read one constant as weights.
pub(super) struct Layer {
    pub filter: ValueId,
    /// Positions of the operators.
    pub nodes: Vec<usize>,
    /// That of the first.
    pub layout: SumLayout,
}

/// The layers of a graph whose weights may be rounded by their inputs.
pub(super) fn layers(graph: &Graph) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for (position, node) in graph.nodes.iter().enumerate() {
        let Some((filter, layout)) = sums(graph, node) else {
            continue;
        };
        match layers.iter_mut().find(|layer| layer.filter == filter) {
            Some(layer)
                if SumLayout {
                    rows: 0,
                    ..layer.layout
                } == SumLayout { rows: 0, ..layout } =>
            {
                layer.nodes.push(position);
            }
            Some(_) => {}
            None => layers.push(Layer {
                filter,
                nodes: vec![position],
                layout,
            }),
        }
    }
    let mut left = MOST_MOMENTS;
    layers.retain(|layer| {
        let reads = |node: &&Node| node.inputs.contains(&Some(layer.filter));
        let moments = layer.layout.row() * layer.layout.depth;
        let is_taken = graph.nodes.iter().filter(reads).count() == layer.nodes.len()
            && layer.layout.depth <= MOST_INPUTS
            && moments <= left;
        if is_taken {
            left -= moments;
        }
        is_taken
    });
    layers
}

/// The weights of an operator that always runs on int8 or int16, and the shape of its sums.
fn sums(graph: &Graph, node: &Node) -> Option<(ValueId, SumLayout)> {
    let products = node.op.products()?;
    let input = node.inputs.first().copied().flatten()?;
    let filter = node.inputs.get(1).copied().flatten()?;
    let value = &graph.values[filter];
    let is_float = matches!(value.constant, Some(Constant::F32(_)));
    // Training has simulated a rounding already, where there is a quantization.
    if node.region != WHOLE
        || !is_float
        || value.quantization.is_some()
        || graph.values[input].constant.is_some()
        || graph.values[node.output()].kept.is_some()
    {
        return None;
    }
    let layout = products
        .layout(&graph.values[input].shape, &value.shape)
        .ok()?;
    let is_whole = layout.row() > 0 && layout.channels.is_multiple_of(layout.groups);
    let is_all = layout.channels * layout.depth == value.len();
    (is_whole && is_all).then_some((filter, layout))
}

impl Layer {
    /// The weights as they are in the file.
    pub(super) fn weights(&self, graph: &Graph) -> Vec<f32> {
        match &graph.values[self.filter].constant {
            Some(Constant::F32(data)) => data.iter().copied().collect(),
            _ => Vec::new(),
        }
    }

    /// Adds `wanted` rows of inputs to `rows` for each operator that reads `value`, from places
    /// that `seed` chooses.
    pub(super) fn read(
        &self,
        graph: &Graph,
        value: ValueId,
        data: &ArrayD<f32>,
        wanted: usize,
        seed: usize,
        rows: &mut Vec<f32>,
    ) -> Result<()> {
        for &position in &self.nodes {
            let node = &graph.nodes[position];
            if node.inputs.first().copied().flatten() != Some(value) {
                continue;
            }
            let Some(products) = node.op.products() else {
                continue;
            };
            let shapes = [data.shape(), graph.values[self.filter].shape.as_slice()];
            let all = products.layout(shapes[0], shapes[1])?.rows;
            let data = data.as_standard_layout();
            let Some(input) = data.as_slice() else {
                continue;
            };
            let (count, width) = (wanted.min(all), self.layout.row());
            for i in 0..count {
                // One place of each of `count` equal parts.
                let (begin, end) = (i * all / count, (i + 1) * all / count);
                let number = begin + scattered(seed, i) % (end - begin).max(1);
                let from = rows.len();
                rows.resize(from + width, 0.0);
                products.read(shapes, input, number, &mut rows[from..])?;
            }
        }
        Ok(())
    }
}

/// A number that two numbers choose, scattered as if by chance (Steele et al., "SplitMix", 2014).
fn scattered(seed: usize, i: usize) -> usize {
    let mut x = ((seed as u64) << 32 | i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 33) as usize
}
