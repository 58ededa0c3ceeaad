//! Armv7-M without the DSP extension: one product per instruction (MLA), and registers for eight
//! sums of products.

#[cfg(niello_thumb2)]
pub(crate) mod dot;
#[cfg(niello_thumb2)]
pub(crate) mod fours;
#[cfg(niello_thumb2)]
pub(crate) mod plane_3x3;
