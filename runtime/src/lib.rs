#![doc = include_str!("../README.md")]
#![no_std]
#![deny(missing_docs)]
#![deny(unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[allow(unsafe_code)]
mod arch;
mod arena;
mod arithmetic;
#[cfg(feature = "rayon")]
mod batch;
mod error;
mod ops;
#[doc(hidden)]
pub mod private;
mod sigmoid;

#[doc(hidden)]
pub use private as __private;

pub use arena::Arena;
pub use error::LengthError;

#[cfg(feature = "macro")]
pub use niello_macro::include_model;
