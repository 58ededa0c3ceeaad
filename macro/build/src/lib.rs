//! [niello](https://docs.rs/niello) for build scripts: a `.tflite` model becomes a typed int8
//! function before the crate that calls it is compiled.
//!
//! This does what `niello::include_model!` does, with the same options, the same compiler and
//! the same cache, for those who cannot or will not run a procedural macro that reads files.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), niello_build::Error> {
//!     niello_build::compile("models/digits.tflite")
//!         .dataset("models/digits.npz")
//!         .function("pub fn digits(image: f32) -> { scores: f32 }")
//!         .options("calibration = minmax, require(scores: top1 >= 0.95)")
//!         .emit()
//! }
//! ```
//!
//! ```text
//! // src/main.rs
//! include!(concat!(env!("OUT_DIR"), "/digits.rs"));
//! ```
//!
//! [`arguments`] is the parser of the macro's arguments, for tools that read calls of it.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod arguments;
mod build_script;
mod cache_folder;
mod file;

pub use build_script::{Compile, Error, compile};
pub use cache_folder::cache_folder;
pub use file::file;
