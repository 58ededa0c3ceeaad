//! The data of constants: little-endian numbers of the file's types.

use crate::arithmetic::float16;
use crate::error::{Error, Result, shape_text};
use crate::import::unpack_weights;
use crate::ir::graph::{Constant, array};
use crate::tflite::TensorType;

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
