//! One tensor of the file: shape, quantization and, for a constant, its data.

use crate::error::Result;
use crate::import::constant::constant;
use crate::import::quantization::{
    channel_zero_points, check_per_channel, check_zero_scales, quantization, unscaled_params,
};
use crate::import::{blockwise, sparse, unpack_weights};
use crate::ir::graph::{ElementType, FileQuantization, Value};
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
        None if elements == 0 && file_shape(tensor).iter().all(Option::is_some) => {
            constant(tensor.type_(), &shape, 0, &[], false).map_err(|e| e.at(&place))?
        }
        None => None,
    };
    let mut element = element(tensor.type_());
    if constant.is_some() && unpack_weights::bits(tensor.type_()).is_some() {
        element = ElementType::I8;
    }
    let mut quantization = quantization(tensor, &shape).map_err(|e| e.at(&place))?;
    let real = blockwise::blockwise(bytes, model, subgraph, tensor, constant.as_ref());
    let constant = match real.map_err(|e| e.at(&place))? {
        Some(real) => {
            (element, quantization) = (ElementType::F32, None);
            Some(real)
        }
        None => constant,
    };
    // Integers of 8 or 16 bits without a scale stand for themselves.
    if quantization.is_none() && constant.is_none() {
        quantization = unscaled_params(tensor.type_()).map(FileQuantization::PerTensor);
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

/// The dimensions of a tensor that the file fixes. Converters write 1 into `shape` for what
/// `shape_signature` leaves open (-1).
pub(crate) fn file_shape(tensor: &Tensor<'_>) -> Vec<Option<usize>> {
    let shape = tensor.shape().unwrap_or_default();
    let signature = tensor.shape_signature().unwrap_or_default();
    let fixed = if signature.len() == shape.len() {
        signature
    } else {
        shape
    };
    let mut dims: Vec<_> = fixed.iter().map(|d| usize::try_from(d).ok()).collect();
    dims.extend(pair(tensor.type_()).map(Some));
    dims
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

/// The element type in which the graph holds one of the file's; types that no operator reads
/// count as int32.
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
