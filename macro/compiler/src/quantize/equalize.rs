//! Equalization of channel ranges: an activation has one scale for all its
//! channels, so a channel that is small beside the others keeps few bits.
//! Dividing each channel by a factor where it is computed and multiplying the
//! weights that read it by the same factor changes nothing in float, and gives
//! every channel the range of the largest.
//!
//! Operators that clip at 6 are the exception. A channel that is enlarged by f is clipped at 6 / f of
//! what it was before. Factors are such that no value of the calibrating samples comes to be
//! clipped: on these samples the float function stays the same, but for rounding. Larger values of
//! a channel than the samples have are cut off at the largest of them (or at a multiple of it,
//! [`MIXED_HEADROOM`]). The int8 program would clip them there anyway: the tensor's range, which all
//! channels share, ends where the largest channel's does.
//!
//! A product, such as that of a gate, hands on the factor of one of its operands
//! ([`gates`]).
//!
//! Sources: Nagel et al., "Data-Free Quantization Through Weight Equalization
//! and Bias Correction" (2019), section 4.1; Xiao et al., "SmoothQuant" (2023),
//! for ranges that are observed instead of derived.

use std::collections::{HashMap, HashSet};

use niello_numeric::channels::{self, Magnitude, magnitudes};

use crate::calibrate::{Samples, TOGETHER, evaluate_from, views};
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::disjoint_sets::DisjointSets;
use crate::ir::graph::{Constant, Graph, Node, ValueId, contiguous};
use crate::ir::operator::ChannelRole;
use crate::parallel;
use crate::quantize::gates;

/// The factor of each channel, by the first tensor of its class.
pub(crate) type Factors = Vec<(ValueId, Vec<f32>)>;

/// Tensors whose channels must have the same factors, because an operator
/// carries one's channels into the other's, adds them, or shares weights.
struct Class {
    tensors: Vec<ValueId>,
    channels: usize,
    /// Weights that compute the channels, and weights that read them.
    writers: Vec<ValueId>,
    biases: Vec<ValueId>,
    readers: Vec<(ValueId, ChannelRole)>,
    /// An operator clips some tensor at 6.
    clipped: bool,
}

/// The degree to which ranges are made equal where other weights than depthwise ones read them,
/// which then become more unequal themselves: 0 is not at all, 1 is fully. Chosen by
/// measurement (`benches/accuracy.rs`).
const MIXED_STRENGTH: f32 = 0.3;

/// That degree where activations are in int8 and weights are rounded by what they are multiplied
/// with: unequal weights then lose less, and int8 activations are what is left to gain.
const ROUNDED_STRENGTH: f32 = 0.65;

/// There, channels of which little was seen keep room for this much more: the samples do
/// not have all that the model will be given.
const MIXED_HEADROOM: f32 = 2.0;
/// This number of values of a channel is enough to know its range.
const MANY: usize = 4096;

/// A channel that fewer values of the samples than this are in is left alone: what was
/// seen of it says little about its range.
const ENOUGH: usize = 256;

/// No channel is enlarged more than this.
const LARGEST: f32 = 1024.0;

/// Finds factors on calibration samples. `rounded` says that weights are rounded by what they are
/// multiplied with, each output channel with a scale of its own, and that activations are in int8.
pub(crate) fn factors(graph: &Graph, samples: &Samples<'_>, rounded: bool) -> Result<Factors> {
    let strength = if rounded {
        ROUNDED_STRENGTH
    } else {
        MIXED_STRENGTH
    };
    let classes = classes(graph);
    let wanted: HashMap<ValueId, usize> = classes
        .iter()
        .flat_map(|c| c.tensors.iter().map(|t| (*t, c.channels)))
        .collect();
    let histories = samples.histories(graph)?;
    let mut ranges: HashMap<ValueId, Vec<Magnitude>> = HashMap::new();
    for part in histories.chunks(TOGETHER) {
        let seen = parallel::map_within(graph.live().0, part, |(sample, states)| {
            let mut seen = Vec::new();
            let inputs = samples.sample(*sample);
            evaluate_from(graph, &views(&inputs), states, |value, data| {
                if let Some(&channels) = wanted.get(&value) {
                    seen.push((value, magnitudes(channels, &contiguous(&data.view()))));
                }
            })?;
            Ok(seen)
        });
        let seen = seen.into_iter().collect::<Result<Vec<_>>>()?;
        for (value, sample) in seen.into_iter().flatten() {
            let all = ranges
                .entry(value)
                .or_insert_with(|| vec![Magnitude::default(); sample.len()]);
            all.iter_mut().zip(sample).for_each(|(a, s)| a.merge(s));
        }
    }
    let mut factors = Factors::new();
    for class in &classes {
        let mut range = vec![Magnitude::default(); class.channels];
        for tensor in class.tensors.iter().filter_map(|t| ranges.get(t)) {
            range.iter_mut().zip(tensor).for_each(|(a, r)| a.merge(*r));
        }
        factors.push((class.tensors[0], class_factors(class, &range, strength)));
    }
    Ok(factors)
}

/// The factors of one class from its channels' ranges: at most 1, so that a
/// channel that RELU6 clips in the samples stays what it is.
fn class_factors(class: &Class, ranges: &[Magnitude], strength: f32) -> Vec<f32> {
    let max = ranges.iter().fold(0.0_f32, |m, seen| m.max(seen.range));
    if class.clipped && max > 6.0 {
        // Enlarged channels would be clipped where they were not.
        return vec![1.0; class.channels];
    }
    // Depthwise weights have a scale per channel: there, equal ranges are free.
    let free = class
        .readers
        .iter()
        .all(|(_, role)| *role == ChannelRole::Depthwise);
    let (strength, headroom) = if free {
        (1.0, 1.0)
    } else {
        (strength, MIXED_HEADROOM)
    };
    let factor = |seen: &Magnitude| {
        // A dead channel has no range.
        if seen.count >= ENOUGH {
            let headroom = if seen.count < MANY { headroom } else { 1.0 };
            let ratio = (headroom * seen.range / max).min(1.0);
            ratio.max(1.0 / LARGEST).powf(strength)
        } else {
            1.0
        }
    };
    ranges.iter().map(factor).collect()
}

/// Applies factors to a graph's constants; the float function stays the same, but for values that
/// RELU6 clips and that no calibrating sample has.
pub(crate) fn equalize(graph: &mut Graph, factors: &Factors) {
    for class in classes(graph) {
        let of_producer = factors
            .iter()
            .find(|(t, f)| *t == class.tensors[0] && f.len() == class.channels);
        let Some((_, factors)) = of_producer else {
            continue;
        };
        for &weights in &class.writers {
            let axis = match role_of_weights(graph, weights) {
                Some(ChannelRole::Depthwise) => graph.values[weights].shape.len() - 1,
                _ => 0,
            };
            scale(graph, weights, axis, |channel| {
                1.0 / factors[channel % class.channels]
            });
        }
        for &bias in &class.biases {
            scale(graph, bias, 0, |channel| {
                1.0 / factors[channel % class.channels]
            });
        }
        for &(weights, role) in &class.readers {
            let axis = graph.values[weights].shape.len() - 1;
            let len = graph.values[weights].shape[axis];
            scale(graph, weights, axis, |i| match role {
                // Output channel c * multiplier + m reads channel c.
                ChannelRole::Depthwise => factors[i / (len / class.channels).max(1)],
                // A flattened NHWC tensor repeats its channels.
                _ => factors[i % class.channels],
            });
        }
    }
}

fn scale(graph: &mut Graph, value: ValueId, axis: usize, factor: impl Fn(usize) -> f32) {
    if let Some(Constant::F32(data)) = &mut graph.values[value].constant {
        let shape = data.shape();
        let factors: Vec<f32> = (0..shape[axis]).map(factor).collect();
        let inside = shape[axis + 1..].iter().product();
        if !data.is_standard_layout() {
            *data = data.as_standard_layout().into_owned();
        }
        if let Some(data) = data.as_slice_mut() {
            channels::scale(data, &factors, inside);
        }
    }
}

fn role_of_weights(graph: &Graph, weights: ValueId) -> Option<ChannelRole> {
    let user = graph
        .nodes
        .iter()
        .find(|n| n.inputs.get(1) == Some(&Some(weights)))?;
    user.op.channels()
}

/// The weights of a node that may be rescaled.
fn plain_weights(graph: &Graph, node: &Node) -> Option<ValueId> {
    if !matches!(
        node.op.channels()?,
        ChannelRole::Mixes | ChannelRole::Depthwise
    ) {
        return None;
    }
    let plain = |v: ValueId| {
        let value = &graph.values[v];
        value.quantization.is_none() && matches!(value.constant, Some(Constant::F32(_)))
    };
    let weights = node
        .inputs
        .get(1)
        .copied()
        .flatten()
        .filter(|&w| plain(w))?;
    let bias = node.inputs.get(2).copied().flatten();
    // A bias belongs to its weights alone, or is zero: converters give layers without a bias one
    // tensor of zeros.
    let zero = |b: ValueId| match &graph.values[b].constant {
        Some(Constant::F32(data)) => data.iter().all(|x| *x == 0.0),
        _ => false,
    };
    let own = bias.is_none_or(|b| {
        plain(b) && zero(b)
            || plain(b)
                && graph
                    .nodes
                    .iter()
                    .filter(|n| n.inputs.contains(&Some(b)))
                    .all(|n| {
                        n.inputs.get(1) == Some(&Some(weights)) && n.inputs.get(2) == Some(&Some(b))
                    })
    });
    let otherwise =
        |n: &Node| n.inputs.contains(&Some(weights)) && n.inputs.get(1) != Some(&Some(weights));
    (own && !graph.nodes.iter().any(otherwise)).then_some(weights)
}

/// All classes that can be rescaled.
fn classes(graph: &Graph) -> Vec<Class> {
    let mut sets = DisjointSets::new(graph.values.len());
    let given = |v: &ValueId| {
        graph.values[*v].quantization.is_some() || graph.values[*v].constant.is_some()
    };
    // Tensors that cannot be rescaled; neither can what is bound to them.
    let mut blocked: Vec<ValueId> = (0..graph.values.len()).filter(given).collect();
    blocked.extend(
        graph
            .inputs
            .iter()
            .chain(&graph.outputs)
            .map(|port| port.value),
    );
    // Operators with the same weights rescale together.
    let mut users: HashMap<ValueId, &Node> = HashMap::new();
    let mut products: Vec<&Node> = Vec::new();
    for node in &graph.nodes {
        let input = node.inputs.first().copied().flatten();
        let same_depth =
            |a: ValueId, b: ValueId| graph.values[a].shape.last() == graph.values[b].shape.last();
        match (node.op.channels(), input, plain_weights(graph, node)) {
            (Some(ChannelRole::Mixes | ChannelRole::Depthwise), Some(input), Some(weights)) => {
                if let Some(first) = users.insert(weights, node) {
                    sets.unite(node.output(), first.output());
                    sets.unite(input, first.inputs[0].unwrap_or(input));
                }
            }
            (Some(ChannelRole::Through), Some(input), _) => sets.unite(input, node.output()),
            (Some(ChannelRole::Joins), Some(a), _) => match node.inputs.get(1).copied().flatten() {
                Some(b) if same_depth(a, b) && same_depth(a, node.output()) => {
                    sets.unite(a, node.output());
                    sets.unite(b, node.output());
                }
                _ => blocked.extend(node.inputs.iter().flatten().chain(&node.outputs)),
            },
            (Some(ChannelRole::Multiplies), ..) => products.push(node),
            _ => blocked.extend(node.inputs.iter().flatten().chain(&node.outputs)),
        }
        if !node.op.is_homogeneous() {
            blocked.push(node.output());
        }
    }
    gates::bind(graph, &products, &mut sets, &mut blocked);
    let blocked = blocked.into_iter().map(|v| sets.find(v)).collect();
    collect(graph, &sets, &blocked)
}

fn collect(graph: &Graph, sets: &DisjointSets, blocked: &HashSet<ValueId>) -> Vec<Class> {
    let mut classes: Vec<(ValueId, Class)> = Vec::new();
    for node in &graph.nodes {
        let root = sets.find(node.output());
        if blocked.contains(&root) {
            continue;
        }
        let place = classes
            .iter()
            .position(|(r, _)| *r == root)
            .unwrap_or_else(|| {
                let class = Class {
                    tensors: Vec::new(),
                    channels: usize::MAX,
                    writers: Vec::new(),
                    biases: Vec::new(),
                    readers: Vec::new(),
                    clipped: false,
                };
                classes.push((root, class));
                classes.len() - 1
            });
        let class = &mut classes[place].1;
        class.tensors.push(node.output());
        class.clipped |= node.op.clips() == Some(Activation::Relu6);
        if let Some(weights) = plain_weights(graph, node) {
            class.channels = class.channels.min(
                graph.values[node.output()]
                    .shape
                    .last()
                    .copied()
                    .unwrap_or(0),
            );
            push_new(&mut class.writers, weights);
            if let Some(bias) = node.inputs.get(2).copied().flatten() {
                push_new(&mut class.biases, bias);
            }
        }
    }
    for node in &graph.nodes {
        let (Some(weights), Some(input)) = (
            plain_weights(graph, node),
            node.inputs.first().copied().flatten(),
        ) else {
            continue;
        };
        let root = sets.find(input);
        if let Some((_, class)) = classes.iter_mut().find(|(r, _)| *r == root) {
            push_new(
                &mut class.readers,
                (weights, node.op.channels().unwrap_or(ChannelRole::Mixes)),
            );
        }
    }
    // Channels must stay innermost in every tensor, and be read one by one.
    classes.retain(|(_, class)| {
        let depth = |v: ValueId| graph.values[v].shape.last().copied().unwrap_or(0);
        class.channels > 0
            && class.channels < usize::MAX
            && class
                .tensors
                .iter()
                .all(|t| depth(*t) % class.channels == 0)
            && class
                .readers
                .iter()
                .all(|(w, role)| *role == ChannelRole::Mixes || depth(*w) % class.channels == 0)
            && !class.readers.iter().any(|(w, _)| class.writers.contains(w))
    });
    classes.into_iter().map(|(_, class)| class).collect()
}

fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
