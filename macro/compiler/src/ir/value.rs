//! The tensors of the float graph.

use std::borrow::Cow;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::arithmetic::quant_params::{QuantParams, asymmetric};
use crate::error::{Error, Result};
use crate::ir::element_type::ElementType;

/// What the file itself says about a tensor's quantization.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FileQuantization {
    /// One scale and zero point: an int8 activation.
    PerTensor(QuantParams),
    /// One scale per slice along `dimension`: int8 weights or an int32 bias.
    PerChannel { scales: Vec<f32>, dimension: usize },
    /// The range that training simulated (FAKE_QUANT).
    Range { min: f32, max: f32 },
}

/// The data of a constant tensor, in the file's type (float16 widened).
#[derive(Clone, Debug)]
pub(crate) enum Constant {
    F32(ArrayD<f32>),
    /// Also bool, as 0 and 1.
    I8(ArrayD<i8>),
    I16(ArrayD<i16>),
    I32(ArrayD<i32>),
    /// The biases of 16x8 quantization, and integers that do not fit 32 bits.
    I64(ArrayD<i64>),
}

/// Why a tensor stays in float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kept {
    /// The user says so, by this clause of `tensors(..)`.
    Clause(usize),
    /// No int8 step lies in front of or behind it: it is only moved, cast to integers or
    /// compared, a part of a float island, or of an operator
    /// that has no other form.
    Exact,
}

/// A tensor of the graph.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    /// The file's name, or `tensor_<index>` where it has none.
    pub name: String,
    pub shape: Vec<usize>,
    /// The file's; after rewriting, int8 or int16 also where the file has a float
    /// tensor between conversions to and from them.
    pub element: ElementType,
    pub quantization: Option<FileQuantization>,
    pub constant: Option<Constant>,
    /// Set if the tensor is not quantized.
    pub kept: Option<Kept>,
    /// Training simulated its int8 form: the file rounds it, and goes on in float.
    pub trained: bool,
    /// The file has it in uint8; here everything is shifted by 128.
    pub unsigned: bool,
    /// The zero points of channels, unless all are 0. DEQUANTIZE reads them; kernels of int8 do not.
    pub channel_zero_points: Vec<i32>,
}

impl Value {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub(crate) fn params(&self) -> Option<QuantParams> {
        match self.quantization {
            Some(FileQuantization::PerTensor(params)) => Some(params),
            _ => None,
        }
    }

    /// Why a constant with int64 values beyond 32 bits cannot be computed with.
    pub(crate) fn too_wide(&self) -> Error {
        Error::model(format!(
            "{:?} holds int64 values beyond 32 bits; supported are those that fit",
            self.name
        ))
    }

    /// The scale and zero point, also of a simulated range.
    pub(crate) fn given_params(&self) -> Option<QuantParams> {
        match self.quantization {
            Some(FileQuantization::PerTensor(params)) => Some(params),
            Some(FileQuantization::Range { min, max }) => Some(asymmetric(min, max)),
            _ => None,
        }
    }

    /// Rounds computed values where training did.
    pub(crate) fn simulate(&self, data: &mut ArrayD<f32>) {
        let Some(params) = self.given_params().filter(|_| self.trained) else {
            return;
        };
        data.mapv_inplace(|x| match self.element {
            ElementType::I16 => {
                params.scale * (i32::from(params.quantize_i16(x)) - params.zero_point) as f32
            }
            _ => params.dequantize(params.quantize(x)),
        });
    }

    /// The real values of a constant; `None` for a computed tensor.
    pub(crate) fn real(&self) -> Option<ArrayD<f32>> {
        Some(match (self.constant.as_ref()?, &self.quantization) {
            (Constant::F32(data), _) => data.clone(),
            (Constant::I8(data), Some(FileQuantization::PerTensor(params))) => {
                data.mapv(|q| params.dequantize(q))
            }
            (Constant::I8(data), Some(FileQuantization::PerChannel { scales, dimension })) => {
                let mut real = data.mapv(f32::from);
                let channels = real.axis_iter_mut(ndarray::Axis(*dimension));
                for (channel, (scale, mut slice)) in scales.iter().zip(channels).enumerate() {
                    let zero_points = &self.channel_zero_points;
                    let zero_point = zero_points.get(channel).map_or(0.0, |&z| z as f32);
                    slice.mapv_inplace(|q| (q - zero_point) * scale);
                }
                real
            }
            (Constant::I64(data), Some(FileQuantization::PerTensor(params))) => {
                data.mapv(|q| q as f32 * params.scale)
            }
            (Constant::I64(data), Some(FileQuantization::PerChannel { scales, .. })) => {
                let mut real = data.mapv(|q| q as f32);
                for (value, scale) in real.iter_mut().zip(scales) {
                    *value *= scale;
                }
                real
            }
            (Constant::I32(data), Some(FileQuantization::PerTensor(params))) => {
                data.mapv(|q| q as f32 * params.scale)
            }
            (Constant::I32(data), Some(FileQuantization::PerChannel { scales, .. })) => {
                let mut real = data.mapv(|q| q as f32);
                for (value, scale) in real.iter_mut().zip(scales) {
                    *value *= scale;
                }
                real
            }
            (Constant::I16(data), Some(FileQuantization::PerTensor(params))) => {
                data.mapv(|q| params.scale * (i32::from(q) - params.zero_point) as f32)
            }
            (Constant::I8(data), _) => data.mapv(f32::from),
            (Constant::I16(data), _) => data.mapv(f32::from),
            (Constant::I32(data), _) if self.element == ElementType::U32 => {
                data.mapv(|q| q as u32 as f32)
            }
            (Constant::I32(data), _) => data.mapv(|q| q as f32),
            (Constant::I64(data), _) => data.mapv(|q| q as f32),
        })
    }
}

/// The elements of an array, one behind the other.
pub(crate) fn contiguous<'a>(array: &'a ArrayViewD<'_, f32>) -> Cow<'a, [f32]> {
    match array.as_slice() {
        Some(elements) => Cow::Borrowed(elements),
        None => Cow::Owned(array.iter().copied().collect()),
    }
}

/// An array of `shape` from flat data, as much as the shape says.
pub(crate) fn array<T>(shape: &[usize], data: Vec<T>) -> Result<ArrayD<T>> {
    ArrayD::from_shape_vec(IxDyn(shape), data).map_err(Error::internal)
}
