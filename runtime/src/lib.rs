#![doc = include_str!("../README.md")]
#![no_std]
#![deny(missing_docs)]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod arena;
#[cfg(feature = "rayon")]
mod batch;
#[doc(hidden)]
pub mod emitted_api;
mod error;
mod fixed_point;
mod instantiate;
mod kernels;
#[allow(unsafe_code)]
mod mcu;
mod multiversion;
mod params;
mod sigmoid_lut_i16;
#[cfg(niello_vector)]
#[allow(unsafe_code)]
mod simd;

#[doc(hidden)]
pub use emitted_api as __private;

pub use arena::Arena;
pub use error::LengthError;

#[cfg(feature = "macro")]
pub use niello_macro::include_model;
