//! Kernels for targets with wide SIMD registers. `shared/` has loops that are written once, over
//! the trait `Isa`, sixteen sums at a time; its `Generic` is the definition in plain Rust, and every
//! other instruction set gives the same bytes. One folder for each architecture has its own
//! kernels, and `dispatch.rs` with the table of the kernels that each level takes.
//!
//! Files of kernels begin with a name such as "x86_64-i16-avx2-vpmaddwd, MR x NR = 6x16, KC = 2":
//! architecture, type, level and instruction; a tile is MR pixels by NR channels, KC inputs are
//! multiplied per instruction (XNNPACK's names).
//!
//! Tests: `kernels/packed16_tests.rs` (the definition beside plain loops, also under Miri),
//! `tests/tests/simd_levels/` (all levels of x86-64), `tests/cross` (AArch64, WebAssembly).
//!
//! # Weights of matrix products
//! Sixteen output channels are a block, four blocks a strip; the remaining blocks come in a strip of
//! two blocks, then of one. Inputs are numbered `k`, four of them are a group. A strip's bytes are
//! its groups, one after the other, each with four weights of each channel:
//!
//! ```text
//! strip of 64 channels c, K inputs k; byte w[c][k]
//!         |<------ block 0: 64 bytes ------>|<- block 1 ->|<- block 2 ->|<- block 3 ->|
//! group 0 | c0: k0 k1 k2 k3 | c1: k0..k3 |..| c16: k0..k3 |     ...     |  ...   c63  |
//! group 1 | c0: k4 k5 k6 k7 | c1: k4..k7 |..| c16: k4..k7 |     ...     |             |
//!   ...
//! ```
//!
//! One load of 64 bytes is what VPDPBUSD (AVX-512) or four SDOTs multiply by four inputs that are
//! repeated for all channels. Channels are filled up to whole blocks and each run of neighbouring
//! inputs to whole groups, with zeros. Biases and multipliers are in the order of channels.
//!
//! # What unsafe code relies on
//! `# Safety` sections say which of these a caller has to see to, `SAFETY` comments which of them
//! make a block right. Each has one place that establishes it.
//!
//! - *Enabled*: the CPU has the instruction set of the function's file (or type), and the
//!   function is one with that `target_feature`, or inlined into one. `shared/level.rs` chooses
//!   only levels that `Levels::is_available` has found, and `dispatch.rs` has entries only in
//!   columns of levels that have their features. On AArch64 all CPUs have Advanced SIMD, and
//!   WebAssembly with `simd128` is compiled for it as a whole.
//! - *Covered*: a pointer is valid for the elements that the function names, to read or to write;
//!   no load or store needs an alignment unless it is said. Pointers are taken from slices or
//!   references whose lengths have been compared.
//! - *Tile*, 1 to 4: the list of `Tile` (`shared/gemm_tile.rs`), by `Tile::new`.
//! - *Plane*, 1 and 2: the list of `Plane` (`shared/dwconv.rs`), by `Plane::fits` and `Plane::period`.
//! - *Rows*: the sizes that `fits` of `x86_64/common/gemv_zero_skip.rs` compares.
//! - *Tiled*: the sizes that `Tiled::fits` of `x86_64/common/winograd_f4x3.rs` compares.
//! - *Int8*: outputs of stages with `Packed16Stage::scales` are int8, so that a pointer to them is one
//!   to bytes.

/// Runs a body for each of the listed numbers that is below the bound, without a loop: arrays of
/// registers stay in registers only if indices are constants.
macro_rules! unrolled {
    ($i:ident in $bound:tt of $($number:literal)* => $body:block) => {
        $(
            if $number < $bound {
                let $i: usize = $number;
                $body
            }
        )*
    };
}

#[cfg(target_arch = "aarch64")]
pub(crate) mod aarch64;
pub(crate) mod calls;
pub(crate) mod lut;
pub(crate) mod shared;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wasm32;
#[cfg(target_arch = "x86_64")]
pub(crate) mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64::dispatch;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm32::dispatch;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::dispatch;

pub use dispatch::Level;
use shared::level;
use shared::level::Levels;

/// The fastest level that CPU and operating system have.
pub fn available() -> Level {
    level::available()
}

/// Makes kernels take this level, or the nearest slower one that the CPU has, for tests and
/// comparisons; gives the level that they take.
pub fn force(level: Level) -> Level {
    level::force(level)
}

/// All levels of the target, from the slowest on, whatever the CPU has.
pub fn all_levels() -> &'static [Level] {
    Level::ALL
}

/// The levels that can be forced, from the slowest on.
pub fn levels() -> impl Iterator<Item = Level> {
    level::levels()
}
