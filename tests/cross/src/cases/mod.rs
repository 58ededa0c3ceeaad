//! Kernels for wide SIMD registers with parameters from a generator: the same numbers
//! on every target and at every level. Shapes have tails, odd channels, strides and
//! padding; zero points and sums reach their ends; many sums lie where rounding is a
//! close call.

mod additions;
mod depthwise;
mod elementwise;
mod int16;
mod outputs;
mod random;
mod rows;
mod thresholds;
mod weights;
mod windows;

pub use random::Random;

/// The outputs of a case with this number.
pub type Case = fn(u32) -> Vec<i8>;

/// Kinds of cases, and how many there are of each.
pub const KINDS: [(&str, Case); 17] = [
    ("products", rows::products),
    ("deep products", rows::deep_products),
    ("sparse rows", rows::sparse_rows),
    ("narrow rows", rows::narrow_rows),
    ("close calls", rows::close_calls),
    ("thresholds", thresholds::thresholds),
    ("windows", windows::windows),
    ("tiles", windows::tiles),
    ("additions", additions::additions),
    ("depthwise", depthwise::depthwise),
    ("means", elementwise::means),
    ("elementwise", elementwise::elementwise),
    ("linear", elementwise::linear),
    ("tables", elementwise::tables),
    ("windows of int16", int16::windows_i16),
    ("rows of int16", int16::rows_i16),
    ("depthwise of int16", int16::depthwise_i16),
];
pub const CASES: u32 = 200;

/// The outputs of all cases of a kind in one number (FNV-1a).
pub fn checksum(case: Case) -> u32 {
    let outputs = (0..CASES).flat_map(case);
    outputs.fold(0x811c_9dc5, |sum, byte| {
        (sum ^ u32::from(byte as u8)).wrapping_mul(0x0100_0193)
    })
}
