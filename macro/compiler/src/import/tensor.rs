//! One tensor of the file: shape, quantization and, for a constant, its data.

use ndarray::Axis;

use crate::arithmetic::float16;
use crate::arithmetic::quant_params::QuantParams;
use crate::error::shape_text;
use crate::error::{Error, Result};
use crate::import::{sparse, unpack_weights};
use crate::ir::graph::{Constant, ElementType, Quantization, Value, array};
use crate::limits::{self, Budget};
use crate::tflite::{self, Model, SubGraph, Tensor, TensorType};

/// The file's name, or one made of the tensor's number.
pub(crate) fn name(tensor: &Tensor<'_>, index: usize) -> String {
    match tensor.name() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("tensor_{index}"),
    }
}

/// Reads a tensor, its quantization and, for a constant, its data.
pub(crate) fn value(
    bytes: &[u8],
    model: &Model<'_>,
    subgraph: &SubGraph<'_>,
    tensor: &Tensor<'_>,
    index: usize,
    budget: &mut Budget,
) -> Result<Value> {
    let name = name(tensor, index);
    let place = format!("tensor #{index} ({name:?})");
    let shape = tensor
        .shape()
        .unwrap_or_default()
        .iter()
        // An unknown batch size is 1.
        .map(|d| if d < 0 { 1 } else { d as usize })
        .chain(pair(tensor.type_()))
        .collect::<Vec<_>>();
    let elements = limits::elements(&shape).map_err(|e| e.at(&place))?;
    let data = tflite::buffer(bytes, model, tensor).map_err(|e| e.at(&place))?;
    if data.is_some() {
        budget.constant(elements).map_err(|e| e.at(&place))?;
    }
    let constant = match data {
        Some(data) if tensor.sparsity().is_some() => {
            sparse::constant(tensor, &shape, data).map_err(|e| e.at(&place))?
        }
        Some(data) => {
            // int64 with a scale is a bias of 16x8 quantization; else indices.
            let wide = tensor.quantization().is_some_and(|q| q.scale().is_some());
            constant(tensor.type_(), &shape, elements, data, wide).map_err(|e| e.at(&place))?
        }
        // The file has no bytes for a tensor without elements.
        None if elements == 0 && stated(tensor).iter().all(Option::is_some) => {
            constant(tensor.type_(), &shape, 0, &[], false).map_err(|e| e.at(&place))?
        }
        None => None,
    };
    let mut element = element(tensor.type_());
    if constant.is_some() && unpack_weights::bits(tensor.type_()).is_some() {
        element = ElementType::I8;
    }
    let mut quantization = quantization(tensor, &shape).map_err(|e| e.at(&place))?;
    let real = unpack_weights::blockwise(bytes, model, subgraph, tensor, constant.as_ref());
    let constant = match real.map_err(|e| e.at(&place))? {
        Some(real) => {
            (element, quantization) = (ElementType::F32, None);
            Some(real)
        }
        None => constant,
    };
    // Integers of 8 or 16 bits without a scale stand for themselves.
    if quantization.is_none() && constant.is_none() {
        quantization = unit(tensor.type_()).map(Quantization::PerTensor);
    }
    let value = Value {
        name,
        shape,
        element,
        quantization,
        constant,
        unsigned: tensor.type_() == TensorType::UINT8,
        channel_zero_points: channel_zero_points(tensor),
        kept: None,
        trained: false,
    };
    // A shape that the file leaves empty is known when an operator computes the tensor.
    if value.constant.is_some() || !value.shape.is_empty() {
        check_per_channel(&value)
            .and_then(|()| check_zero_scales(&value))
            .map_err(|e| e.at(&place))?;
    }
    Ok(value)
}

/// The dimensions that the file fixes. Converters write 1 into `shape` for what
/// `shape_signature` leaves open (-1).
pub(crate) fn stated(tensor: &Tensor<'_>) -> Vec<Option<usize>> {
    let shape = tensor.shape().unwrap_or_default();
    let signature = tensor.shape_signature().unwrap_or_default();
    let fixed = if signature.len() == shape.len() {
        signature
    } else {
        shape
    };
    let mut stated: Vec<_> = fixed.iter().map(|d| usize::try_from(d).ok()).collect();
    stated.extend(pair(tensor.type_()).map(Some));
    stated
}

/// The length of the dimension that numbers of a type add: complex ones are held as two
/// real ones, uint64 as two words, the low one first.
fn pair(ty: TensorType) -> Option<usize> {
    [TensorType::COMPLEX64, TensorType::UINT64]
        .contains(&ty)
        .then_some(2)
}

/// True if the file says which dimensions it fixes.
pub(crate) fn has_signature(tensor: &Tensor<'_>) -> bool {
    tensor.shape_signature().is_some_and(|s| !s.is_empty())
}

/// How the graph holds a type of the file; types that no operator reads count as
/// int32.
pub(crate) fn element(ty: TensorType) -> ElementType {
    match ty {
        TensorType::FLOAT32 | TensorType::FLOAT16 | TensorType::COMPLEX64 => ElementType::F32,
        // uint8 is int8 with everything shifted by 128.
        TensorType::INT8 | TensorType::UINT8 => ElementType::I8,
        TensorType::INT16 => ElementType::I16,
        TensorType::BOOL => ElementType::Bool,
        TensorType::UINT32 | TensorType::UINT64 => ElementType::U32,
        _ => ElementType::I32,
    }
}

/// The zero points of int8 channels, if not all of them are 0.
fn channel_zero_points(tensor: &Tensor<'_>) -> Vec<i32> {
    let all = tensor.quantization().and_then(|q| q.zero_point());
    let all: Vec<i32> = all.unwrap_or_default().iter().map(|z| z as i32).collect();
    let counts = tensor.type_() == TensorType::INT8 && all.len() > 1 && all.iter().any(|&z| z != 0);
    if counts { all } else { Vec::new() }
}

/// Of integers that stand for themselves.
pub(crate) const UNIT: QuantParams = QuantParams {
    scale: 1.0,
    zero_point: 0,
};

/// The scale of integers that stand for themselves.
fn unit(ty: TensorType) -> Option<QuantParams> {
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
        return Ok(Some(Quantization::PerTensor(QuantParams {
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
    Ok(Some(Quantization::PerChannel { scales, dimension }))
}

/// A scale of zero says nothing about weights other than zero.
fn check_zero_scales(value: &Value) -> Result<()> {
    let (Some(Constant::I8(data)), Some(Quantization::PerChannel { scales, dimension })) =
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
        Some(Quantization::PerChannel { scales, dimension })
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

/// Decodes little-endian data; `wide` keeps int64 as it is, also where 32 bits hold it.
pub(crate) fn constant(
    element: TensorType,
    shape: &[usize],
    elements: usize,
    data: &[u8],
    wide: bool,
) -> Result<Option<Constant>> {
    let size = match element {
        TensorType::FLOAT32 | TensorType::INT32 | TensorType::UINT32 => 4,
        TensorType::FLOAT16 | TensorType::INT16 => 2,
        TensorType::INT64 => 8,
        TensorType::INT8 | TensorType::UINT8 | TensorType::BOOL => 1,
        TensorType::INT4 | TensorType::INT2 => 0,
        // Constants of other types are an error only where an operator reads them.
        _ => return Ok(None),
    };
    let bits = unpack_weights::bits(element);
    let needed = bits.map_or(elements * size, |bits| (elements * bits).div_ceil(8));
    if data.len() != needed {
        return Err(Error::model(format!(
            "its data has {} bytes, but shape {} of {} needs {needed}",
            data.len(),
            shape_text(shape),
            element.variant_name().unwrap_or("?"),
        )));
    }
    if let Some(bits) = bits {
        let data = unpack_weights::unpack(data, bits, elements);
        return Ok(Some(Constant::I8(array(shape, data)?)));
    }
    let words = || data.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
    Ok(Some(match element {
        TensorType::FLOAT32 => {
            Constant::F32(array(shape, words().map(f32::from_le_bytes).collect())?)
        }
        TensorType::INT32 | TensorType::UINT32 => {
            Constant::I32(array(shape, words().map(i32::from_le_bytes).collect())?)
        }
        TensorType::FLOAT16 => Constant::F32(array(
            shape,
            data.chunks_exact(2)
                .map(|b| float16::from_bits(u16::from_le_bytes([b[0], b[1]])))
                .collect(),
        )?),
        TensorType::INT16 => Constant::I16(array(
            shape,
            data.chunks_exact(2)
                .map(|b| i16::from_le_bytes([b[0], b[1]]))
                .collect(),
        )?),
        TensorType::INT64 => {
            let words = data.chunks_exact(8).map(|b| {
                let mut word = [0; 8];
                word.copy_from_slice(b);
                i64::from_le_bytes(word)
            });
            let narrow: Option<Vec<i32>> = if wide {
                None
            } else {
                words.clone().map(|x| i32::try_from(x).ok()).collect()
            };
            match narrow {
                Some(narrow) => Constant::I32(array(shape, narrow)?),
                None => Constant::I64(array(shape, words.collect())?),
            }
        }
        TensorType::BOOL => Constant::I8(array(
            shape,
            data.iter().map(|&b| i8::from(b != 0)).collect(),
        )?),
        TensorType::UINT8 => Constant::I8(array(
            shape,
            data.iter().map(|&b| (b ^ 0x80) as i8).collect(),
        )?),
        _ => Constant::I8(array(shape, data.iter().map(|&b| b as i8).collect())?),
    }))
}
