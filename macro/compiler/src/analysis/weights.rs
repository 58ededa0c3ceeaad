//! The weights of each operator, channel by channel, and what their rounding costs.

use ndarray::{ArrayD, Axis};
use serde::{Deserialize, Serialize};

use super::metrics::{decibel, finite};
use super::statistics::{HistogramReport, Statistics};
use crate::arithmetic::quant_params::QuantParams;
use crate::ir::graph::{ElementType, Graph, Node, ValueId};
use crate::ops::shared::weights::{least_scales, weights_of_scales};

/// The weights of one operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightReport {
    /// The name in the model's file.
    pub name: String,
    /// The index of the operator that reads them.
    pub operator: usize,
    /// The operator's name.
    pub operator_name: String,
    /// The shape of the constant.
    pub shape: Vec<usize>,
    /// The smallest weight.
    pub min: f64,
    /// The largest weight.
    pub max: f64,
    /// The excess kurtosis, `None` if all are equal.
    pub kurtosis: Option<f64>,
    /// Share of weights that are exactly 0.
    pub zeros: f64,
    /// SQNR of the rounding to int8 in dB; `None` if it changes nothing, as in an int8 file.
    pub sqnr_db: Option<f64>,
    /// How many weights lie where.
    pub histogram: HistogramReport,
    /// By output channel; empty where all share one scale.
    pub channels: Vec<ChannelReport>,
}

/// The weights of one output channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelReport {
    /// The smallest weight.
    pub min: f64,
    /// The largest weight.
    pub max: f64,
    /// The difference between two neighbouring int8 weights.
    pub scale: f64,
}

/// The places of the input, the weights and the bias among an operator's operands, and the axis
/// of the weights' output channels.
fn places(graph: &Graph, node: &Node) -> Option<([usize; 3], usize)> {
    Some(match node.op.name() {
        "CONV_2D" | "FULLY_CONNECTED" => ([0, 1, 2], 0),
        "DEPTHWISE_CONV_2D" => ([0, 1, 2], 3),
        "TRANSPOSE_CONV" => {
            // The file's operator begins with the output's shape.
            let first = node.inputs.first().copied().flatten()?;
            let has_shape = !graph.values[first].element.is_real();
            (if has_shape { [2, 1, 3] } else { [0, 1, 2] }, 0)
        }
        _ => return None,
    })
}

/// Reports on the constant weights of all operators that compute with int8 weights. `forms` has
/// the quantization of computed tensors.
pub(super) fn weights(
    graph: &Graph,
    per_channel: bool,
    forms: impl Fn(ValueId) -> Option<(ElementType, QuantParams)>,
) -> Vec<WeightReport> {
    let nodes = graph.nodes.iter();
    nodes
        .filter_map(|node| of_node(graph, node, per_channel, &forms))
        .collect()
}

fn of_node(
    graph: &Graph,
    node: &Node,
    per_channel: bool,
    forms: impl Fn(ValueId) -> Option<(ElementType, QuantParams)>,
) -> Option<WeightReport> {
    let (places, axis) = places(graph, node)?;
    let [input, filter, bias] = places.map(|i| node.inputs.get(i).copied().flatten());
    let value = &graph.values[filter?];
    let real = value.real()?;
    if graph.values[node.output()].kept.is_some() || axis >= real.ndim() {
        return None;
    }
    let (element, params) = forms(input?)?;
    let least = least_scales(bias.map(|b| &graph.values[b]), params, element);
    let quantized = weights_of_scales(value, axis, per_channel, &least, None).ok()?;
    let flat: Vec<f32> = real.iter().copied().collect();
    let statistics = Statistics::of(&flat, None);
    let inner: usize = real.shape()[axis + 1..].iter().product();
    let channels = real.shape()[axis].max(1);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (i, (x, q)) in flat.iter().zip(&quantized.data).enumerate() {
        let scale = f64::from(quantized.scale(i / inner.max(1) % channels));
        let x = f64::from(*x);
        let error = x - scale * f64::from(i32::from(*q) - quantized.zero_point);
        signal += x * x;
        noise += error * error;
    }
    // What is left of the conversion between float types is no loss.
    let is_exact = noise <= signal * 1e-12;
    let db = if is_exact {
        f64::INFINITY
    } else {
        10.0 * (signal / noise).log10()
    };
    Some(WeightReport {
        name: value.name.clone(),
        operator: node.index,
        operator_name: node.op.name().to_owned(),
        shape: value.shape.clone(),
        min: finite(statistics.min.into()),
        max: finite(statistics.max.into()),
        kurtosis: statistics.kurtosis(),
        zeros: statistics.share_of_zeros(),
        sqnr_db: decibel(db),
        histogram: statistics.histogram(),
        channels: of_channels(&real, axis, &quantized.scales),
    })
}

fn of_channels(real: &ArrayD<f32>, axis: usize, scales: &[f32]) -> Vec<ChannelReport> {
    if scales.len() != real.shape()[axis] || scales.len() == 1 {
        return Vec::new();
    }
    let slices = real.axis_iter(Axis(axis)).zip(scales);
    slices
        .map(|(slice, &scale)| ChannelReport {
            min: finite(slice.iter().fold(f64::MAX, |m, &x| m.min(x.into()))),
            max: finite(slice.iter().fold(f64::MIN, |m, &x| m.max(x.into()))),
            scale: scale.into(),
        })
        .collect()
}
