//! The element types of tensors.

/// The element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// Floating point numbers of 32 bits.
    F32,
    /// 8-bit signed integer with a scale and a zero point.
    I8,
    /// Unsigned 8-bit integers; a program holds them less 128, as [`ElementType::I8`].
    U8,
    /// 16-bit signed integer with a scale (16x8 quantization).
    I16,
    /// 32-bit integer: indices and counts. The file's int64 is this, too.
    I32,
    /// 32-bit integer without sign: spectra in integers. A program holds its bits as
    /// [`ElementType::I32`].
    U32,
    /// True or false; a program holds it as 1 or 0 in [`ElementType::I8`].
    Bool,
}

impl ElementType {
    /// The Rust name, which is also how users write it.
    pub fn name(self) -> &'static str {
        match self {
            ElementType::F32 => "f32",
            ElementType::I8 => "i8",
            ElementType::U8 => "u8",
            ElementType::I16 => "i16",
            ElementType::I32 => "i32",
            ElementType::U32 => "u32",
            ElementType::Bool => "bool",
        }
    }

    /// The size of an element in bytes.
    pub fn bytes(self) -> usize {
        match self {
            ElementType::F32 | ElementType::I32 | ElementType::U32 => 4,
            ElementType::I16 => 2,
            ElementType::I8 | ElementType::U8 | ElementType::Bool => 1,
        }
    }

    /// The type in which kernels see it.
    pub(crate) fn storage_type(self) -> ElementType {
        match self {
            ElementType::U8 | ElementType::Bool => ElementType::I8,
            ElementType::U32 => ElementType::I32,
            other => other,
        }
    }

    /// The least and the greatest number of a quantized tensor of this type, as kernels see it.
    pub(crate) fn limits(self) -> (i32, i32) {
        match self.storage_type() {
            ElementType::I16 => (i16::MIN.into(), i16::MAX.into()),
            ElementType::I32 => (i32::MIN, i32::MAX),
            _ => (i8::MIN.into(), i8::MAX.into()),
        }
    }

    /// True for tensors of real numbers, quantized or not.
    pub(crate) fn is_real(self) -> bool {
        !matches!(
            self,
            ElementType::I32 | ElementType::U32 | ElementType::Bool
        )
    }
}
