//! Errors of the generated types.

use core::fmt;

/// A slice that does not have as many elements as the tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LengthError {
    /// Number of elements of the tensor.
    pub expected: usize,
    /// Number of elements of the slice.
    pub found: usize,
}

impl fmt::Display for LengthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the tensor has {} elements, the slice {}",
            self.expected, self.found
        )
    }
}

impl core::error::Error for LengthError {}
