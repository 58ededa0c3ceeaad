//! Equalization of channel ranges: an activation has one scale for all its
//! channels, so a channel that is small beside the others keeps few bits.
//! Dividing each channel by a factor where it is computed and multiplying the
//! weights that read it by the same factor changes nothing in float, and gives
//! every channel the range of the largest.
//!
//! Sources: Nagel et al., "Data-Free Quantization Through Weight Equalization
//! and Bias Correction" (2019), section 4.1; Xiao et al., "SmoothQuant" (2023),
//! for ranges that are observed instead of derived.

use std::collections::HashMap;

use ndarray::Axis;

use crate::calibrate::evaluate;
use crate::dataset::Dataset;
use crate::graph::{Constant, Graph, ValueId};
use crate::ops::ChannelRole;
use crate::parallel;

/// The factors of one set of channels, by the weights that compute them.
pub(crate) type Factors = Vec<(ValueId, Vec<f32>)>;

/// Weights whose output channels can be rescaled, with all that reads them.
struct Site {
    /// The weights' value: operators that share it share the factors.
    weights: ValueId,
    biases: Vec<ValueId>,
    channels: usize,
    /// The tensors whose ranges count.
    activations: Vec<ValueId>,
    /// Weights that read the channels.
    readers: Vec<Reader>,
}

#[derive(Clone, PartialEq)]
struct Reader {
    weights: ValueId,
    role: ChannelRole,
}

/// Finds factors on calibration samples.
pub(crate) fn factors(graph: &Graph, dataset: &Dataset, samples: &[usize]) -> Factors {
    let sites = sites(graph);
    let wanted: HashMap<ValueId, usize> =
        sites.iter().flat_map(|s| s.activations.iter().map(|a| (*a, s.channels))).collect();
    let seen = parallel::map(samples, |&sample| {
        let mut seen = Vec::new();
        evaluate(graph, &dataset.sample(sample), |value, data| {
            if let Some(&channels) = wanted.get(&value) {
                let mut ranges = vec![0.0_f32; channels];
                for (i, x) in data.iter().enumerate() {
                    ranges[i % channels] = ranges[i % channels].max(x.abs());
                }
                seen.push((value, ranges));
            }
        });
        seen
    });
    let mut ranges: HashMap<ValueId, Vec<f32>> = HashMap::new();
    for (value, sample) in seen.into_iter().flatten() {
        let all = ranges.entry(value).or_insert_with(|| vec![0.0; sample.len()]);
        all.iter_mut().zip(sample).for_each(|(a, s)| *a = a.max(s));
    }
    let mut factors = Factors::new();
    for site in &sites {
        let mut activation = vec![0.0_f32; site.channels];
        for range in site.activations.iter().filter_map(|v| ranges.get(v)) {
            activation.iter_mut().zip(range).for_each(|(a, r)| *a = a.max(*r));
        }
        factors.push((site.weights, site_factors(site, &activation)));
    }
    factors
}

/// How far ranges are made equal where other weights than depthwise ones read
/// them: those pay for larger activations with more unequal weights. 0 is not at
/// all, 1 is fully; chosen by measurement (`benches/`, table of accuracies).
const MIXED_STRENGTH: f32 = 0.3;

/// No channel is enlarged more than this.
const LARGEST: f32 = 1024.0;

/// The factors of one site from its channels' ranges: at most 1, so that a
/// channel that RELU6 clips stays what it is.
fn site_factors(site: &Site, activation: &[f32]) -> Vec<f32> {
    // Depthwise weights have a scale per channel: there, equal ranges are free.
    let free = site.readers.iter().all(|r| r.role == ChannelRole::Depthwise);
    let strength = if free { 1.0 } else { MIXED_STRENGTH };
    let max = activation.iter().fold(0.0_f32, |m, x| m.max(*x));
    let factor = |range: &f32| {
        // A dead channel has no range.
        if *range > 0.0 { (range / max).max(1.0 / LARGEST).powf(strength) } else { 1.0 }
    };
    activation.iter().map(factor).collect()
}

/// The input channel that position `i` of the weights' last axis reads.
fn channel_of(i: usize, len: usize, role: ChannelRole, channels: usize) -> usize {
    match role {
        ChannelRole::Depthwise => i / (len / channels).max(1),
        // A flattened NHWC tensor repeats its channels.
        _ => i % channels,
    }
}

/// Applies factors to a graph's constants; the float function stays the same.
pub(crate) fn equalize(graph: &mut Graph, factors: &Factors) {
    for site in sites(graph) {
        let Some((_, f)) = factors.iter().find(|(w, f)| *w == site.weights && f.len() == site.channels) else {
            continue;
        };
        scale_outputs(graph, &site, f);
        for reader in &site.readers {
            if let Some(Constant::F32(data)) = &mut graph.values[reader.weights].constant {
                let axis = Axis(data.ndim() - 1);
                let len = data.len_of(axis);
                for (i, mut slice) in data.axis_iter_mut(axis).enumerate() {
                    let channel = channel_of(i, len, reader.role, site.channels);
                    slice.mapv_inplace(|w| w * f[channel]);
                }
            }
        }
    }
}

fn scale_outputs(graph: &mut Graph, site: &Site, factors: &[f32]) {
    let depthwise = graph
        .nodes
        .iter()
        .any(|n| n.inputs.get(1) == Some(&Some(site.weights)) && n.op.channels() == Some(ChannelRole::Depthwise));
    if let Some(Constant::F32(data)) = &mut graph.values[site.weights].constant {
        let axis = Axis(if depthwise { data.ndim() - 1 } else { 0 });
        for (mut slice, f) in data.axis_iter_mut(axis).zip(factors) {
            slice.mapv_inplace(|w| w / f);
        }
    }
    for bias in &site.biases {
        if let Some(Constant::F32(data)) = &mut graph.values[*bias].constant {
            data.iter_mut().zip(factors).for_each(|(b, f)| *b /= f);
        }
    }
}

/// All sites of a graph.
fn sites(graph: &Graph) -> Vec<Site> {
    let mut found: Vec<Site> = Vec::new();
    for node in &graph.nodes {
        let Some(weights) = rescalable_weights(graph, node) else { continue };
        if found.iter().any(|s| s.weights == weights) {
            continue;
        }
        if let Some(site) = site(graph, weights) {
            found.push(site);
        }
    }
    found
}

fn rescalable_weights(graph: &Graph, node: &crate::graph::Node) -> Option<ValueId> {
    let weights = node.inputs.get(1).copied().flatten()?;
    let value = &graph.values[weights];
    let plain = value.quantization.is_none() && matches!(value.constant, Some(Constant::F32(_)));
    (node.op.channels().is_some_and(|r| r != ChannelRole::Through) && plain).then_some(weights)
}

/// The site of `weights`, if every way from them leads to weights again.
fn site(graph: &Graph, weights: ValueId) -> Option<Site> {
    let users: Vec<_> = graph.nodes.iter().filter(|n| n.inputs.contains(&Some(weights))).collect();
    let mut site = Site {
        weights,
        biases: Vec::new(),
        channels: *graph.values[users.first()?.output].shape.last()?,
        activations: Vec::new(),
        readers: Vec::new(),
    };
    for node in &users {
        if rescalable_weights(graph, node) != Some(weights) || !node.op.is_homogeneous() {
            return None;
        }
        if let Some(bias) = node.inputs.get(2).copied().flatten() {
            let own = graph.nodes.iter().all(|n| {
                !n.inputs.contains(&Some(bias)) || rescalable_weights(graph, n) == Some(weights)
            });
            if !own || !matches!(graph.values[bias].constant, Some(Constant::F32(_))) {
                return None;
            }
            if !site.biases.contains(&bias) {
                site.biases.push(bias);
            }
        }
        follow(graph, node.output, &mut site)?;
    }
    // Readers' weights must read nothing but this site.
    for reader in &site.readers {
        for node in graph.nodes.iter().filter(|n| n.inputs.contains(&Some(reader.weights))) {
            let input = node.inputs.first().copied().flatten()?;
            if !site.activations.contains(&input) || reader.weights == weights {
                return None;
            }
        }
    }
    Some(site)
}

/// Follows a tensor to all its readers.
fn follow(graph: &Graph, value: ValueId, site: &mut Site) -> Option<()> {
    if graph.is_output(value) || graph.values[value].quantization.is_some() {
        return None;
    }
    site.activations.push(value);
    for node in graph.nodes.iter().filter(|n| n.inputs.contains(&Some(value))) {
        if node.inputs.first() != Some(&Some(value)) {
            return None;
        }
        match node.op.channels()? {
            ChannelRole::Through => {
                let shape = &graph.values[node.output].shape;
                // A flattening keeps the channels innermost.
                if shape.last()? % site.channels != 0 || !node.op.is_homogeneous() {
                    return None;
                }
                follow(graph, node.output, site)?;
            }
            ChannelRole::Depthwise if graph.values[value].shape.last() != Some(&site.channels) => return None,
            role => {
                let reader = Reader { weights: rescalable_weights(graph, node)?, role };
                if !site.readers.contains(&reader) {
                    site.readers.push(reader);
                }
            }
        }
    }
    Some(())
}
