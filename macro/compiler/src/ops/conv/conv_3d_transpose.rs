//! CONV_3D_TRANSPOSE as operators on images. The stride along the depth gives the
//! number of phases. The output slices of one phase are a TRANSPOSE_CONV of input slices, which
//! are side by side as channels; then the slices of all phases are put in order.

use ndarray::{ArrayD, Axis, IxDyn};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::graph::Value;
use crate::ir::operator::Operator;
use crate::ops::conv::conv_3d::{Expansion, SideBySide};
use crate::ops::conv::transpose_conv::TransposeConv;
use crate::ops::movement::concatenation::Concatenation;
use crate::ops::movement::pad::Pad;
use crate::ops::movement::reshape::Reshape;
use crate::ops::shared::index_map::{Choice, Choosing, Chosen};
use crate::ops::shared::strided::Moving;
use crate::ops::shared::window::Stepping;
use crate::tflite;

/// The operators of each phase, those that join their slices, and the file's shape.
pub(crate) struct Phases {
    pub phases: Vec<Expansion>,
    pub join: Vec<Box<dyn Operator>>,
}

/// What CONV_3D_TRANSPOSE is, for an input of this shape and an output of that.
pub(crate) fn expand(
    operator: &tflite::Operator<'_>,
    input: &[usize],
    filter: &Value,
    output: &[i32],
) -> Result<Phases> {
    let options = operator
        .builtin_options_as_conv_3_doptions()
        .ok_or_else(|| Error::model("it has no Conv3DOptions"))?;
    let dilation = [
        options.dilation_d_factor(),
        options.dilation_h_factor(),
        options.dilation_w_factor(),
    ];
    if dilation != [1; 3] {
        return Err(Error::model("it is dilated, which is not supported"));
    }
    let planes = Stepping::parse(
        options.padding(),
        [options.stride_h(), options.stride_w()],
        [1, 1],
    )?;
    // Depth is the height of an image of width 1.
    let slices = Stepping::parse(options.padding(), [options.stride_d(), 1], [1, 1])?;
    let sizes: Vec<usize> = output
        .iter()
        .map(|&n| usize::try_from(n).unwrap_or(0))
        .collect();
    let (
        &[batches, depth, _, _, channels],
        &[taps, rows, columns, to, from],
        &[of_batches, outputs, height, width, of_channels],
    ) = (input, filter.shape.as_slice(), sizes.as_slice())
    else {
        return Err(Error::model(format!(
            "its input has shape {input:?}, its filter {:?} and its output {output:?}, expected 5 \
             dimensions",
            filter.shape
        )));
    };
    let stride = slices.stride[0];
    let window = slices.over(&[batches, outputs, 1, channels], [taps, 1])?;
    if from != channels || to != of_channels || batches != of_batches || window.output[0] != depth {
        return Err(Error::model(format!(
            "an output of shape {output:?} does not fit an input of {input:?} and a filter of {:?}",
            filter.shape
        )));
    }
    if taps < stride {
        return Err(Error::model(format!(
            "its stride of {stride} along the depth is larger than its filter of {taps}, which is not \
             supported"
        )));
    }
    let weights = filter.real().ok_or_else(|| {
        Error::model("its filter is computed at run time; only constant weights are supported")
    })?;
    let mut phases = Vec::new();
    let mut order = Vec::new();
    for phase in 0..stride {
        // Output slice o takes tap k of input slice i where o + padding = i * stride + k.
        let own: Vec<usize> = (0..outputs)
            .filter(|o| (o + window.padding[0]) % stride == phase)
            .collect();
        let (Some(&first), Some(&last)) = (own.first(), own.last()) else {
            continue;
        };
        let own_taps: Vec<usize> = (phase..taps).step_by(stride).rev().collect();
        let reach = own_taps.len() - 1;
        let newest = |o: usize| (o + window.padding[0]) / stride;
        let before = reach.saturating_sub(newest(first));
        let after = (newest(last) + 1).saturating_sub(depth);
        let mut front: Vec<Box<dyn Operator>> = Vec::new();
        if before + after > 0 {
            let none = [0; 2];
            front.push(Box::new(Pad::with_zeros(vec![
                none,
                [before, after],
                none,
                none,
                none,
            ])));
        }
        front.push(Box::new(Moving::new(SideBySide {
            outputs: own.len(),
            taps: own_taps.len(),
            stride: 1,
            dilation: 1,
            first: newest(first) + before - reach,
        })));
        // DHWOI to OHW(DI).
        let part = weights.select(Axis(0), &own_taps);
        let part: ArrayD<f32> = part
            .permuted_axes(IxDyn(&[3, 1, 2, 0, 4]))
            .as_standard_layout()
            .into_owned()
            .into_shape_with_order(IxDyn(&[to, rows, columns, own_taps.len() * from]))
            .map_err(|e| Error::model(format!("its filter cannot be reordered: {e}")))?;
        let activation = Activation::parse(options.fused_activation_function())?;
        phases.push(Expansion {
            front,
            convolution: Box::new(TransposeConv::new(planes, activation, [height, width])),
            weights: part,
            back: Box::new(Reshape::to(&[batches, own.len(), height, width, to])),
        });
        order.extend(own);
    }
    let mut join: Vec<Box<dyn Operator>> = Vec::new();
    if phases.len() > 1 {
        join.push(Box::new(Concatenation::along(1)));
        let mut places: Vec<usize> = (0..order.len()).collect();
        places.sort_by_key(|&place| order[place]);
        join.push(Box::new(Chosen(InOrder(places))));
    }
    Ok(Phases { phases, join })
}

/// Takes slices of the last dimension in another order.
struct InOrder(Vec<usize>);

impl Choosing for InOrder {
    const NAME: &'static str = "CONV_3D_TRANSPOSE";

    fn choice(&self, input: &[usize]) -> Result<Choice> {
        let mut dims = vec![None; input.len()];
        if let Some(depth) = dims.get_mut(1) {
            *depth = Some(self.0.clone());
        }
        Ok(Choice { dims })
    }
}
