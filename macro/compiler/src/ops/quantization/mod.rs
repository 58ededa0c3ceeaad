//! Conversions between element types and scales.

pub(crate) mod cast;
pub(crate) mod dequantize;
pub(crate) mod fake_quant;
pub(crate) mod quantize;
