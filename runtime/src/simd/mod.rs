//! Kernels for targets with wide SIMD registers. Loops are written once, over
//! [`Isa`]: sixteen sums at a time. [`Generic`] is the definition, in plain Rust;
//! every other instruction set gives the same bytes.
//!
//! # Blocked weights
//! Blocks of sixteen channels, four blocks in a strip (what is left in strips of two
//! and one): four weights of each channel of the strip, then the next four of each,
//! and so on. Depth and channels are filled up with zeros.
//!
//! # What unsafe code relies on
//! `# Safety` sections say which of these a caller has to see to, `SAFETY` comments which of them
//! make a block right. Each has one place that establishes it.
//!
//! - *Enabled*: the CPU has the instruction set of the function's file (or type), and the
//!   function is one with that `target_feature`, or inlined into one. Only [`level()`] says what
//!   the CPU has, and it is never more than `has` has found; the functions of `x86_64.rs` and
//!   `aarch64.rs` choose by it. On AArch64 all CPUs have Advanced SIMD, and WebAssembly with
//!   `simd128` is compiled for it as a whole.
//! - *Covered*: a pointer is valid for the elements that the function names, to read or to write;
//!   no load or store needs an alignment unless it is said. Pointers are taken from slices or
//!   references whose lengths have been compared.
//! - *Tile*, 1 to 4: what [`tile::Tile`] says, by `Tile::new`.
//! - *Plane*, 1 and 2: what [`Plane`] says, by `Plane::fits` and `Plane::period`.
//! - *Rows*: what `sparse::fits` compares.
//! - *Tiled*: what `Tiled::fits` compares.
//! - *Int8*: outputs of stages with [`Packed16Stage::scales`] are int8, so that a pointer to them is one
//!   to bytes.

/// The body for each of some numbers that is below the bound, without a loop.
macro_rules! each {
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
/// comparisons; gives what they take.
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
