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

mod bytes;
mod cache;
mod calibrate;
mod compile;
mod control;
mod dataset;
mod emit;
mod error;
pub mod evaluate;
mod float16;
mod graph;
mod limits;
mod ops;
mod options;
mod parallel;
mod plan;
mod quantize;
mod shortened;
mod tflite;

pub use calibrate::Method;
pub use compile::{Request, compile, fallback};
pub use dataset::ImageOptions;
pub use emit::{Item, PortChoice};
pub use error::{Blame, Error, Result};
pub use graph::{ElementType, QuantParams};
pub use ops::{
    AdditionNumbers, SUPPORT_COLUMNS, SUPPORTED, Support, linear_product, long_pairs, narrowed,
    operators_page, rows_of_weights, support, transformed, truncation, widened,
};
pub use options::{Comparison, Metric, Options, Requirement};
pub use shortened::ready_numbers;
