//! Tokens of constants and of parameter structs.

pub(crate) mod constants;
pub(crate) mod literals;
