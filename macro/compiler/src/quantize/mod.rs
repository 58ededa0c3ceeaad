//! From the float graph and its ranges to the int8 program.
// Tests have small numbers.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub(crate) mod correct;
pub(crate) mod corrected;
pub(crate) mod endless_loops;
pub(crate) mod equalize;
pub(crate) mod fuse_kernels;
mod gates;
pub(crate) mod listing;
pub(crate) mod loss_table;
pub(crate) mod lowering;
pub(crate) mod measure;
pub(crate) mod passes;
pub(crate) mod prune;
pub(crate) mod round_weights;
pub(crate) mod scales;
