//! Shared by all architectures: kernels that are written once, over the trait [`isa::Isa`], its
//! implementation in plain Rust, the choice of a level, and the types of the tables' rows.

pub(crate) mod dwconv;
pub(crate) mod gemm;
pub(crate) mod gemm_i16;
pub(crate) mod gemm_tile;
pub(crate) mod generic;
pub(crate) mod isa;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) mod isa128;
pub(crate) mod level;
pub(crate) mod pixels;
pub(crate) mod rows;
