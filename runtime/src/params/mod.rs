//! Parameter structs that emitted code fills.

pub(crate) mod broadcast;
pub(crate) mod requant;
pub(crate) mod window;
