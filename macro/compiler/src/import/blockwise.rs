//! Weights with one scale for each block of neighbours along the last dimension.

use crate::error::{Error, Result};
use crate::import::constant;
use crate::ir::graph::{Constant, array};
use crate::tflite::{self, Model, SubGraph, Tensor, TensorType};

/// The real values of a constant with a scale per block of its last dimension; `None` for
/// other tensors.
pub(crate) fn blockwise(
    bytes: &[u8],
    model: &Model<'_>,
    subgraph: &SubGraph<'_>,
    weights: &Tensor<'_>,
    constant: Option<&Constant>,
) -> Result<Option<Constant>> {
    let details = weights.quantization();
    let details = details.and_then(|q| q.details_as_blockwise_quantization());
    let (Some(details), Some(constant)) = (details, constant) else {
        return Ok(None);
    };
    let Constant::I8(data) = constant else {
        return Err(Error::model(
            "it has scales per block, but is not int8, int4 or int2",
        ));
    };
    let tensors = subgraph.tensors().unwrap_or_default();
    let index = usize::try_from(details.scales()).ok();
    let scales = index.filter(|&i| i < tensors.len()).map(|i| tensors.get(i));
    let scales = scales.ok_or_else(|| Error::model("the tensor of its scales does not exist"))?;
    let block = usize::try_from(details.block_size()).unwrap_or(0);
    let Some(&depth) = data.shape().last() else {
        return Err(Error::model("a number alone has no blocks of scales"));
    };
    if block == 0 || !depth.is_multiple_of(block) {
        return Err(Error::model(format!(
            "its blocks of {block} do not divide rows of {depth} elements"
        )));
    }
    let count = data.len() / block;
    let content = tflite::buffer(bytes, model, &scales)?.unwrap_or_default();
    let scales = match scales.type_() {
        kind @ (TensorType::FLOAT16 | TensorType::FLOAT32) => {
            constant::constant(kind, &[count], count, content, false)?
        }
        _ => None,
    };
    let Some(Constant::F32(scales)) = scales else {
        return Err(Error::model(
            "its scales are not a constant of float16 or float32",
        ));
    };
    // LiteRT takes zero points of blocks for 0, too.
    let real = data.iter().enumerate();
    let real = real
        .map(|(i, &q)| f32::from(q) * scales[i / block])
        .collect();
    Ok(Some(Constant::F32(array(data.shape(), real)?)))
}
