//! Tensors while kernels are simulated.

use niello_numeric::{integers, positions};

use crate::ir::element_type::ElementType;

/// The elements of a tensor while kernels are simulated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Buffer {
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    F32(Vec<f32>),
}

impl Buffer {
    pub(crate) fn i8(&self) -> &[i8] {
        match self {
            Buffer::I8(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn i16(&self) -> &[i16] {
        match self {
            Buffer::I16(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn i32(&self) -> &[i32] {
        match self {
            Buffer::I32(data) => data,
            _ => &[],
        }
    }

    pub(crate) fn f32(&self) -> &[f32] {
        match self {
            Buffer::F32(data) => data,
            _ => &[],
        }
    }

    /// The element type of the buffer.
    pub(crate) fn element(&self) -> ElementType {
        match self {
            Buffer::I8(_) => ElementType::I8,
            Buffer::I16(_) => ElementType::I16,
            Buffer::I32(_) => ElementType::I32,
            Buffer::F32(_) => ElementType::F32,
        }
    }

    /// A buffer of so many zeros.
    pub(crate) fn zeros(element: ElementType, len: usize) -> Buffer {
        match element.storage_type() {
            ElementType::I16 => Buffer::I16(vec![0; len]),
            ElementType::I32 => Buffer::I32(vec![0; len]),
            ElementType::F32 => Buffer::F32(vec![0.0; len]),
            _ => Buffer::I8(vec![0; len]),
        }
    }

    /// True for one boolean that is.
    pub(crate) fn is_true(&self) -> bool {
        self.i8().first().is_some_and(|&q| q != 0)
    }

    /// One element, of any integer type; 0 for real ones.
    pub(crate) fn integer(&self, at: usize) -> i32 {
        match self {
            Buffer::I8(data) => data[at].into(),
            Buffer::I16(data) => data[at].into(),
            Buffer::I32(data) => data[at],
            Buffer::F32(_) => 0,
        }
    }

    /// One element, of any type.
    pub(crate) fn number(&self, at: usize) -> f64 {
        match self {
            Buffer::F32(data) => data[at].into(),
            _ => self.integer(at).into(),
        }
    }

    /// All elements as integers, by [`Buffer::integer`].
    pub(crate) fn integers(&self) -> Vec<i32> {
        match self {
            Buffer::I8(data) => integers::widen_i8(data),
            Buffer::I16(data) => integers::widen_i16(data),
            Buffer::I32(data) => data.clone(),
            Buffer::F32(data) => vec![0; data.len()],
        }
    }

    /// Integers in a type, saturating.
    pub(crate) fn saturated(element: ElementType, data: impl IntoIterator<Item = i32>) -> Buffer {
        let data: Vec<i32> = data.into_iter().collect();
        match element {
            ElementType::I16 => Buffer::I16(integers::narrow_i16(&data)),
            ElementType::I32 => Buffer::I32(data),
            _ => Buffer::I8(integers::narrow_i8(&data)),
        }
    }

    /// The elements of both, one behind the other; the same type is assumed.
    pub(crate) fn joined(self, next: &Buffer) -> Buffer {
        match self {
            Buffer::I8(data) => Buffer::I8([&data, next.i8()].concat()),
            Buffer::I16(data) => Buffer::I16([&data, next.i16()].concat()),
            Buffer::I32(data) => Buffer::I32([&data, next.i32()].concat()),
            Buffer::F32(data) => Buffer::F32([&data, next.f32()].concat()),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Buffer::I8(data) => data.len(),
            Buffer::I16(data) => data.len(),
            Buffer::I32(data) => data.len(),
            Buffer::F32(data) => data.len(),
        }
    }

    /// The elements at `positions`, whatever their type; `fill` (as a quantized
    /// value) where there is none.
    pub(crate) fn pick(
        &self,
        positions: impl IntoIterator<Item = Option<usize>>,
        fill: f64,
    ) -> Buffer {
        picked(self, &positions.into_iter().collect::<Vec<_>>(), fill)
    }

    /// As it lies in memory.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Buffer::I8(data) => data.iter().map(|&x| x as u8).collect(),
            Buffer::I16(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Buffer::I32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Buffer::F32(data) => data.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    /// Reads elements from memory, in little endian.
    pub(crate) fn from_bytes(element: ElementType, bytes: &[u8]) -> Buffer {
        let words = || bytes.chunks_exact(4).map(|b| [b[0], b[1], b[2], b[3]]);
        match element.storage_type() {
            ElementType::I16 => Buffer::I16(
                bytes
                    .chunks_exact(2)
                    .map(|b| i16::from_le_bytes([b[0], b[1]]))
                    .collect(),
            ),
            ElementType::I32 => Buffer::I32(words().map(i32::from_le_bytes).collect()),
            ElementType::F32 => Buffer::F32(words().map(f32::from_le_bytes).collect()),
            _ => Buffer::I8(bytes.iter().map(|&b| b as i8).collect()),
        }
    }
}

/// [`Buffer::pick`], compiled once, not for each type of iterator.
fn picked(from: &Buffer, at: &[Option<usize>], fill: f64) -> Buffer {
    match from {
        Buffer::I8(data) => Buffer::I8(positions::pick_i8(data, at, fill as i8)),
        Buffer::I16(data) => Buffer::I16(positions::pick_i16(data, at, fill as i16)),
        Buffer::I32(data) => Buffer::I32(positions::pick_i32(data, at, fill as i32)),
        Buffer::F32(data) => Buffer::F32(positions::pick_f32(data, at, fill as f32)),
    }
}
