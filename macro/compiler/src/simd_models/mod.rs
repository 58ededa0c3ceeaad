//! Models of shortened arithmetic: what kernels for wide registers compute in place of the
//! reference's integers, step by step, with the roundings of their instructions.
//!
//! A shortcut is taken only where the compiler has proven that it gives the reference's
//! bytes, and a proof holds for the arithmetic that it was made with. So that this is the
//! kernels', the models are here, proofs (`ops/truncation.rs`, `ops/linear.rs`) use them and
//! nothing else, and kernels name the one that they implement. Models are plain Rust that
//! gives the same bits on any CPU; tests compare them with the reference at every sum where
//! an output changes, and, where the CPU has a level, the kernels with the reference there.
//!
//! | model | kernels |
//! |---|---|
//! | [`Method::Truncated`], [`Method::TruncatedSingle`] | AVX-512 |
//! | [`Method::Nearest`] | AVX2 and AVX-VNNI, strips that need no doubt |
//! | [`Method::RoundedFused`] | AVX2 and AVX-VNNI, other strips |
//! | [`Method::Rounded`] | WebAssembly |
//! | [`Method::Doubling`] | AArch64 |
//! | [`Method::Small`] | all others, and those above where f32 is in doubt |
//! | [`Linear::sum`], [`Linear::product`] | ADD, SUB, MUL of all targets with wide registers |
//! | [`Linear::fused_sum`] | ADD and SUB with AVX2 and AVX-512 |
//! | `mean` | AVERAGE_POOL_2D of whole images with AVX-512 |
//!
//! Tables stand for fixed-point functions on all targets (LOGISTIC, TANH, SOFTMAX's
//! exponentials): `tables` compares every entry with `reference`.

pub(crate) mod elementwise;
pub(crate) mod float;
#[cfg(test)]
pub(crate) mod mean;
// `pub`: other crates' tests include the file.
pub(crate) mod f32_requant;
#[cfg(test)]
#[allow(unreachable_pub)]
pub(crate) mod reference;
pub(crate) mod requant_panel;
pub(crate) mod requantization;
#[cfg(test)]
pub(crate) mod thresholds;
