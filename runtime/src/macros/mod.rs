//! Macros that compile a function several times: for each instruction set, or for each type.

pub(crate) mod instantiate;
pub(crate) mod multiversion;
