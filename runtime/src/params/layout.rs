//! Numbers that packed weights, biases and inputs are laid out by.

/// Sums, channels or elements that are worked on at once.
pub(crate) const LANES: usize = 16;

/// What is XORed to inputs before kernels read them. VPDPBUSD multiplies unsigned
/// bytes by signed ones: inputs are 128 more than they are, and biases make up for it.
pub(crate) const INPUT_XOR: i8 = if cfg!(target_arch = "x86_64") {
    -128
} else {
    0
};

/// Copies bytes in the form that kernels read, `x ^ INPUT_XOR`.
#[inline(always)]
pub(crate) fn shift(from: &[i8], to: &mut [i8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from ^ INPUT_XOR;
    }
}
