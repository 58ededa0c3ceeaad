//! What a model may not pass: a file of a few bytes can ask for any memory and any time by
//! the shapes that it states. Every shape, the file's own or a computed one, goes through
//! [`elements`] before anything is allocated for it; what is beyond a limit is an error that
//! names the operator or the tensor.
//!
//! Together they bound the compiler: it holds up to some 40 bytes for each byte of the file,
//! [`FOLDED_ELEMENTS`] computed numbers, and, while it runs the model on a dataset, four
//! bytes for each of [`LIVE_ELEMENTS`] numbers and for each number of the dataset. What a
//! dataset may not pass is in `dataset/limits.rs`.

use crate::error::{Error, Result};

/// Elements of one tensor.
pub(crate) const TENSOR_ELEMENTS: usize = 1 << 28;

/// Dimensions of one tensor.
pub(crate) const DIMENSIONS: usize = 32;

/// Bytes of the arena.
pub(crate) const ARENA_BYTES: usize = 1 << 30;

/// Operators that the graph has once all subgraphs are read in place of their calls.
pub(crate) const NODES_AFTER_INLINING: usize = 1 << 14;

/// Tensors that are read: those of a subgraph count again for each call of it.
pub(crate) const TENSORS_AFTER_INLINING: usize = 1 << 18;

/// Multiply-accumulates of one run, or elements that are read and written.
pub(crate) const RUN_WORK: u64 = 1 << 40;

/// The same of what is computed while the model compiles, of a small file.
pub(crate) const FOLDED_WORK: u64 = 1 << 28;

/// Elements of constants that are read or computed, of a small file.
pub(crate) const FOLDED_ELEMENTS: u64 = 1 << 25;

/// How much more of both is allowed for each byte of the file.
pub(crate) const FOLDED_PER_BYTE: u64 = 8;

/// Elements of all tensors that are there at the same time when the compiler runs the model
/// on a dataset.
pub(crate) const LIVE_ELEMENTS: usize = 1 << 27;

/// Rows or columns from the first to the last tap of a window.
pub(crate) const WINDOW_SPAN: usize = 1 << 20;

/// The number of elements of a shape.
pub(crate) fn elements(shape: &[usize]) -> Result<usize> {
    if shape.len() > DIMENSIONS {
        return Err(Error::model(format!(
            "a tensor of {} dimensions; supported are up to {DIMENSIONS}",
            shape.len()
        )));
    }
    // A zero behind sizes whose product overflows still means none.
    if shape.contains(&0) {
        return Ok(0);
    }
    let product = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
    product.filter(|&n| n <= TENSOR_ELEMENTS).ok_or_else(|| {
        Error::model(format!(
            "shape {} has more than {TENSOR_ELEMENTS} elements, which is the most that a tensor \
             may have",
            crate::graph::shape_text(shape)
        ))
    })
}

/// A limit that grows with the file: `small` and something for each byte.
pub(crate) fn with_file(small: u64, file_bytes: usize) -> u64 {
    small.saturating_add((file_bytes as u64).saturating_mul(FOLDED_PER_BYTE))
}
