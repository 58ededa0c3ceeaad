//! Shared by all architectures: kernels that are written once, over the trait [`isa::Isa`], its
//! implementation in plain Rust, and the choice of a level.

pub(crate) mod dwconv;
pub(crate) mod gemm;
pub(crate) mod gemm_tile;
pub(crate) mod generic;
pub(crate) mod isa;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) mod isa128;
pub(crate) mod level;
pub(crate) mod pixels;
