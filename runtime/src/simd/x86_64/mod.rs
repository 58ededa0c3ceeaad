//! x86-64: a folder for each level, `common` below them, and above them the table of which level
//! takes which kernel. A folder may call those listed before it.

pub(crate) mod common;

pub(crate) mod avx2;

pub(crate) mod avxvnni;

#[cfg(feature = "avx512")]
pub(crate) mod avx512;

#[cfg(feature = "avx512")]
pub(crate) mod avx512_vbmi;

pub(crate) mod dispatch;
