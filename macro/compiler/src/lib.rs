//! The compiler behind `niello::include_model!`: a `.tflite` file and a
//! representative dataset in, Rust tokens of an int8 program out.
//!
//! It is a one-way street, one owned type a stage:
//!
//! ```text
//! bytes --tflite, graph--> Graph --calibrate(dataset)--> Ranges
//!       --quantize--> QuantGraph --plan--> ArenaPlan --emit--> TokenStream
//! ```
//!
//! The stages are private; [`compile`] and [`model::Model`] are the ways in.
#![deny(missing_docs)]
#![deny(unsafe_code)]

#[cfg(feature = "analysis")]
pub mod analysis;
mod arithmetic;
mod cache;
mod calibrate;
#[cfg(feature = "export")]
pub mod cut;
mod dataset;
mod emit;
mod error;
#[cfg(feature = "export")]
pub mod export;
mod import;
mod ir;
mod limits;
pub mod model;
mod ops;
mod options;
mod outline;
mod parallel;
mod pipeline;
mod plan;
mod quantize;
mod rewrite;
mod session;
#[doc(hidden)]
pub mod testing;
mod tflite;
mod tokens;
mod warning;

pub use arithmetic::quant_params::QuantParams;
pub use calibrate::Method;
pub use dataset::ImageOptions;
pub use emit::{Item, PortChoice};
pub use error::{Blame, Error, Result};
pub use ir::graph::ElementType;
pub use ops::registry::SUPPORTED;
pub use ops::support::{SUPPORT_COLUMNS, Support, operators_page, support};
pub use options::{Activations, Comparison, Metric, Options, Request, Requirement};
pub use outline::outline;
pub use pipeline::{compile, compile_with_warnings};
pub use warning::{Warning, WarningKind};
