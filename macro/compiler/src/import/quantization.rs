//! Scales and zero points of one tensor of the file, and their checks.

use ndarray::Axis;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result, shape_text};
use crate::ir::graph::{Constant, FileQuantization, Value};
use crate::tflite::{Tensor, TensorType};

/// The zero points of int8 channels, if not all of them are 0.
pub(super) fn channel_zero_points(tensor: &Tensor<'_>) -> Vec<i32> {
    let all = tensor.quantization().and_then(|q| q.zero_point());
    let all: Vec<i32> = all.unwrap_or_default().iter().map(|z| z as i32).collect();
    let counts = tensor.type_() == TensorType::INT8 && all.len() > 1 && all.iter().any(|&z| z != 0);
    if counts { all } else { Vec::new() }
}

/// The scale and zero point of integers that stand for themselves.
pub(crate) const UNIT: QuantParams = QuantParams {
    scale: 1.0,
    zero_point: 0,
};

/// The scale and zero point of a tensor whose file gives none: integers of 8 and 16 bits stand
/// for themselves. The zero point of uint8 is -128, because such a tensor is held as int8.
pub(super) fn unscaled_params(ty: TensorType) -> Option<QuantParams> {
    let zero_point = match ty {
        TensorType::INT8 | TensorType::INT16 => 0,
        TensorType::UINT8 => -128,
        _ => return None,
    };
    Some(QuantParams {
        scale: 1.0,
        zero_point,
    })
}

/// Reads the scales and zero points of a tensor, if it has any.
pub(super) fn quantization(
    tensor: &Tensor<'_>,
    shape: &[usize],
) -> Result<Option<FileQuantization>> {
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
    // A channel of zeros may carry a zero scale; nothing else may.
    let is_scale = |s: f32| s.is_finite() && (s > 0.0 || s == 0.0 && scales.len() > 1);
    if let Some(i) = scales.iter().position(|&s| !is_scale(s)) {
        let of = match scales.len() {
            1 => "its scale".to_owned(),
            n => format!("scale {i} of its {n}"),
        };
        return Err(Error::model(format!(
            "{of} is {}, expected a finite number above zero",
            scales[i]
        )));
    }
    // uint8 is int8 shifted by 128.
    let shift = match tensor.type_() {
        TensorType::UINT8 => 128,
        _ => 0,
    };
    let allowed = match tensor.type_() {
        TensorType::UINT8 => 0..=255,
        TensorType::INT16 => -32768..=32767,
        _ => -128..=127,
    };
    if let Some(zero_point) = zero_points.iter().find(|z| !allowed.contains(*z)) {
        return Err(Error::model(format!(
            "its zero point is {zero_point}, expected {} to {}",
            allowed.start(),
            allowed.end()
        )));
    }
    if zero_points.len() > 1 && zero_points.len() != scales.len() {
        return Err(Error::model(format!(
            "it has {} scales, but {} zero points",
            scales.len(),
            zero_points.len()
        )));
    }
    if scales.len() == 1 {
        let zero_point = zero_points.first().copied().unwrap_or(0);
        return Ok(Some(FileQuantization::PerTensor(QuantParams {
            scale: scales[0],
            zero_point: zero_point as i32 - shift,
        })));
    }
    if tensor.type_() != TensorType::INT8 && zero_points.iter().any(|&z| z != i64::from(shift)) {
        return Err(Error::model(format!(
            "its per-channel zero points are not all {shift}, as the 8-bit specification asks"
        )));
    }
    // Older converters give a bias the dimension of its weights.
    let dimension = match shape {
        [_] => 0,
        _ => usize::try_from(q.quantized_dimension()).unwrap_or(usize::MAX),
    };
    Ok(Some(FileQuantization::PerChannel { scales, dimension }))
}

/// A scale of zero says nothing about weights other than zero.
pub(super) fn check_zero_scales(value: &Value) -> Result<()> {
    let (Some(Constant::I8(data)), Some(FileQuantization::PerChannel { scales, dimension })) =
        (&value.constant, &value.quantization)
    else {
        return Ok(());
    };
    let lost = |(channel, scale): (usize, &f32)| {
        let weights = data.index_axis(Axis(*dimension), channel);
        *scale == 0.0 && weights.iter().any(|&w| w != 0)
    };
    match scales.iter().enumerate().position(lost) {
        Some(channel) => Err(Error::model(format!(
            "channel {channel} of dimension {dimension} has scale 0, but weights that are not 0"
        ))),
        None => Ok(()),
    }
}

/// The scales along a dimension are as many as it is long.
pub(crate) fn check_per_channel(value: &Value) -> Result<()> {
    match &value.quantization {
        Some(FileQuantization::PerChannel { scales, dimension })
            if value.shape.get(*dimension) != Some(&scales.len()) =>
        {
            Err(Error::model(format!(
                "it has {} scales along dimension {dimension} of shape {}",
                scales.len(),
                shape_text(&value.shape)
            )))
        }
        _ => Ok(()),
    }
}
