//! WebAssembly with simd128, which a whole module is compiled for, and the table of kernels.

pub(crate) mod simd128;

pub(crate) mod dispatch;
