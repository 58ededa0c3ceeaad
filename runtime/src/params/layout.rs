//! Numbers that packed weights, biases and inputs are laid out by.

/// Sums, channels or elements that are worked on at once.
pub(crate) const LANES: usize = 16;

/// The number that is XORed to inputs before kernels read them. VPDPBUSD multiplies unsigned by
/// signed bytes: on x86-64, `x ^ 0x80` read as an unsigned byte is `x + 128`, and biases are less
/// by 128 times the sum of weights. Elsewhere products are of signed bytes.
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
