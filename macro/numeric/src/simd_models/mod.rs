//! Models of the arithmetic of SIMD kernels: what they compute in place of the reference's
//! integers, step by step, with the roundings of their instructions.
//!
//! A kernel takes a shortcut only where the compiler has proven that it gives the reference's
//! bytes, and a proof holds for the arithmetic that it was made with. So that this is the
//! kernels' own, the models are here. Proofs (`f32_requant.rs`, `ops/shared/elementwise_f32.rs`)
//! use them and nothing else, and kernels name the model that they implement. Models are plain
//! Rust and give the same bits on any CPU. Tests compare them with the reference at every sum
//! where an output changes; the kernels themselves are compared where the CPU has their level.
//!
//! | model | kernels |
//! |---|---|
//! | `Method::Truncated`, `Method::TruncatedSingle` | AVX-512 |
//! | `Method::Nearest` | AVX2 and AVX-VNNI, strips whose channels are all [`Mark::NearestOk`](requant_panel::Mark) |
//! | `Method::RoundedFused` | AVX2 and AVX-VNNI, other strips |
//! | `Method::Rounded` | WebAssembly |
//! | `Method::Doubling` | AArch64 |
//! | `Method::Small` | all others, and those above where f32 is not exact enough |
//! | `Linear::sum`, `Linear::product` | ADD, SUB, MUL of all targets with wide registers |
//! | `Linear::fused_sum` | ADD and SUB with AVX2 and AVX-512 |
//! | `mean` | AVERAGE_POOL_2D of whole images with AVX-512 |
//!
//! Tables stand for fixed-point functions on all targets (LOGISTIC, TANH, SOFTMAX's
//! exponentials): `ops/table_thresholds.rs` compares every entry with `reference`.
// Tests have small numbers.
#![cfg_attr(
    not(test),
    deny(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub mod f32_requant;
#[cfg(test)]
pub mod mean;
#[cfg(test)]
pub mod reference;
pub mod requant_panel;
pub mod requantization;
#[cfg(test)]
pub mod thresholds;
