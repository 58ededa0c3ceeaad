//! AArch64: Advanced SIMD (Neon) with and without SDOT, and above them the table of which level
//! takes which kernel.

pub(crate) mod lut;
pub(crate) mod neon;

pub(crate) mod sdot;

pub(crate) mod dispatch;
