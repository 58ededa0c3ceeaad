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
//! The stages are private; [`compile`] and [`evaluate::Model`] are the ways in.
#![deny(missing_docs)]
#![deny(unsafe_code)]

pub(crate) mod arithmetic;
mod bytes;
mod cache;
mod calibrate;
mod dataset;
mod emit;
mod error;
pub(crate) mod import;
pub(crate) mod ir;
mod limits;
pub mod model;
mod ops;
mod options;
mod parallel;
pub(crate) mod pipeline;
mod plan;
pub(crate) mod quantize;
pub(crate) mod rewrite;
pub(crate) mod simd_models;
mod tflite;
pub(crate) mod tokens;

pub use arithmetic::quant_params::QuantParams;
pub use calibrate::Method;
pub use dataset::ImageOptions;
pub use emit::{Item, PortChoice};
pub use error::{Blame, Error, Result};
pub use ir::graph::ElementType;
pub use ops::support::support;
pub use ops::{
    AdditionNumbers, SUPPORT_COLUMNS, SUPPORTED, Support, linear_product, long_pairs, narrowed,
    operators_page, rows_of_weights, transformed, widened,
};
pub use options::{Comparison, Metric, Options, Requirement};
pub use pipeline::{Request, compile, fallback};
pub use simd_models::f32_requant::truncation;
pub use simd_models::requant_panel::requant_panel_numbers;
