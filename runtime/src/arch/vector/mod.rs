//! Kernels for targets with wide SIMD registers. Loops are written once, over
//! [`Isa`]: sixteen sums at a time. [`Plain`] is the definition, in plain Rust;
//! every other instruction set gives the same bytes.
//!
//! # Blocked weights
//! Blocks of sixteen channels, four blocks in a strip (what is left in strips of two
//! and one): four weights of each channel of the strip, then the next four of each,
//! and so on. Depth and channels are filled up with zeros.

mod avx2;
mod avx512;
mod depthwise;
mod gemm;
mod isa;
mod linear;
mod plain;
mod tile;
mod vnni;
mod x86;

pub(crate) use depthwise::Plane;
pub(crate) use gemm::Pixels;
pub(crate) use isa::LANES;
pub use isa::{BlockStage, Ready, Scales, ready};
pub(crate) use linear::Linear;
pub use x86::{Level, available, force};
pub(crate) use x86::{depthwise_plane, level, multiply};
