//! The types that all stages share: the float graph, the int8 program, and what operators and kernels are.

pub(crate) mod activation;
pub(crate) mod buffer;
pub(crate) mod byte_scale;
pub(crate) mod channelwise;
pub(crate) mod context;
pub(crate) mod control;
pub(crate) mod disjoint_sets;
pub(crate) mod element_type;
pub(crate) mod float_functions;
pub(crate) mod graph;
pub(crate) mod kernel;
pub(crate) mod operator;
mod operator_questions;
pub(crate) mod operator_traits;
pub(crate) mod port_names;
pub(crate) mod products;
pub(crate) mod quant_graph;
pub(crate) mod rounding;
pub(crate) mod value;
