//! The operators, one file each, in folders by family.
//!
//! The section "Adding an operator" of `ARCHITECTURE.md` lists the steps to add one.

pub(crate) mod constant;
pub(crate) mod control_flow;
pub(crate) mod conv;
pub(crate) mod detection;
pub(crate) mod elementwise;
pub(crate) mod matmul;
pub(crate) mod movement;
pub(crate) mod normalization;
pub(crate) mod packing;
pub(crate) mod pool;
pub(crate) mod quantization;
pub(crate) mod recurrent;
pub(crate) mod reduce;
pub(crate) mod refusals;
pub(crate) mod registry;
pub(crate) mod resize;
pub(crate) mod shared;
pub(crate) mod signal;
pub(crate) mod support;
#[cfg(test)]
pub(crate) mod table_thresholds;
pub(crate) mod types;
