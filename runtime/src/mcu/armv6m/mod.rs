//! Armv6-M: a multiplication overwrites a factor, and loads that extend signs add two registers. Eight
//! registers take part in most instructions; sums are in the others, which ADD reaches.

#[cfg(niello_thumb1)]
pub(crate) mod dot;
#[cfg(niello_thumb1)]
pub(crate) mod fours;
#[cfg(niello_thumb1)]
pub(crate) mod high_mul;
#[cfg(niello_thumb1)]
pub(crate) mod plane_3x3;
