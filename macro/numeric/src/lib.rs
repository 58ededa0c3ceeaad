//! The loops over arrays in which niello's compiler spends its time.
//!
//! They are a crate of their own so that they can be compiled with optimizations while the rest of
//! the compiler, which is many times larger, is compiled without. So every function here that loops
//! has concrete types: a generic one would be compiled in the crate that calls it.
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub mod addition;
pub mod arithmetic;
pub mod channels;
pub mod elementwise;
pub mod feedback;
pub mod fingerprint;
pub mod float_sums;
pub mod histogram;
pub mod integers;
pub mod linear;
pub mod matmul;
pub mod moments;
pub mod outputs;
pub mod positions;
pub mod products;
pub mod quantized;
#[doc(hidden)]
pub mod random;
pub mod simd_models;
pub mod window;
