//! Macros that compile a function several times (for each instruction set, or for each type), and
//! macros of optional features.

mod features;
pub(crate) mod instantiate;
pub(crate) mod multiversion;
