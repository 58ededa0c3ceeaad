//! The operators, one file each.
//!
//! # Adding an operator
//! 1. `ops/<op>.rs` here: a type that implements [`Operator`] (what it is) and,
//!    where no existing kernel fits, one that implements [`Kernel`] (how int8
//!    does it). A function of one value needs only [`unary::Unary`].
//! 2. Its row in `operators!` below, and the element types it takes in `support.rs`,
//!    from which `docs/operators.md` is written.
//! 3. If there is a new kernel: `runtime/src/ops/<op>.rs` and its row in
//!    `runtime/src/ops/mod.rs`.
//! 4. A fixture: a model of it in `tests/models`, made by `tests/models/make.py`.

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
pub(crate) mod refused;
pub(crate) mod registry;
pub(crate) mod resize;
pub(crate) mod shared;
pub(crate) mod signal;
pub(crate) mod support;
#[cfg(test)]
pub(crate) mod table_thresholds;
pub(crate) mod types;
