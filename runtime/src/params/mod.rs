//! Parameter structs that emitted code fills.

pub(crate) mod add;
pub(crate) mod broadcast;
#[cfg(niello_vector)]
pub(crate) mod gemm_packed16;
#[cfg(niello_vector)]
pub(crate) mod layout;
pub(crate) mod linear;
#[cfg(niello_vector)]
pub(crate) mod requant;
pub(crate) mod requantize_fast;
pub(crate) mod window;
