//! Tokens of constants and of parameter structs.

pub(crate) mod constants;
mod layouts;
pub(crate) mod literals;
