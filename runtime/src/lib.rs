#![doc = include_str!("../README.md")]
#![cfg_attr(
    all(target_arch = "x86_64", not(feature = "avx512")),
    allow(dead_code, reason = "what only kernels for AVX-512 call")
)]
#![no_std]
#![deny(missing_docs)]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

mod arena;
mod arithmetic;
#[cfg(feature = "rayon")]
mod batch;
#[cfg(feature = "defmt")]
mod defmt_format;
#[doc(hidden)]
pub mod emitted_api;
mod error;
mod kernels;
mod macros;
#[allow(unsafe_code, reason = "instructions of the DSP extension")]
mod mcu;
mod params;
mod selftest;
#[cfg(niello_vector)]
#[allow(unsafe_code, reason = "SIMD intrinsics")]
mod simd;
#[cfg(feature = "ndarray")]
mod views;

#[doc(hidden)]
pub use emitted_api as __private;

pub use arena::Arena;
pub use error::LengthError;
pub use selftest::{SelfTestError, SelfTestValue};
#[cfg(feature = "ndarray")]
pub use views::{View, ViewError};

#[cfg(feature = "macro")]
pub use niello_macro::include_model;
