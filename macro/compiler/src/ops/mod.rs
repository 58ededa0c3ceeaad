//! The operators, one file each, in folders by family.
//!
//! # Adding an operator
//! 1. `ops/<family>/<op>.rs`: a type that implements
//!    [`Operator`](crate::ir::operator::Operator) (what it is) and, where no existing kernel fits,
//!    one that implements [`Kernel`](crate::ir::kernel::Kernel) (how int8 does it). A function of
//!    one value needs only [`Unary`](elementwise::unary::Unary). Its `mod` line stands in the
//!    family's `mod.rs`.
//! 2. Its row in [`registry`]: name, type, element types, and a note. `docs/operators.md` is
//!    written from it.
//! 3. If there is a new kernel: `runtime/src/kernels/<op>.rs`, and its row in
//!    `runtime/src/emitted_api.rs`.
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
