//! PAD in 4 dimensions.

/// Parameters of [`pad`].
#[derive(Clone, Copy, Debug)]
pub struct Pad<T> {
    /// The input's shape, filled up with leading ones.
    pub input: [usize; 4],
    /// Elements before, per dimension.
    pub before: [usize; 4],
    /// Elements after, per dimension.
    pub after: [usize; 4],
    /// The quantized value of the padding.
    pub value: T,
}

/// Fills the output and copies the input's rows into it.
pub fn pad<T: Copy>(p: &Pad<T>, input: &[T], output: &mut [T]) {
    output.fill(p.value);
    let [_, h, w, c] = p.input;
    let [b0, b1, b2, b3] = p.before;
    let [_, a1, a2, a3] = p.after;
    let (height, width, depth) = (b1 + h + a1, b2 + w + a2, b3 + c + a3);
    for (i, row) in input.chunks_exact(c.max(1)).enumerate() {
        let (x, rest) = (i % w.max(1), i / w.max(1));
        let (y, n) = (rest % h.max(1), rest / h.max(1));
        let at = (((n + b0) * height + y + b1) * width + x + b2) * depth + b3;
        for (out, x) in output.get_mut(at..).unwrap_or(&mut []).iter_mut().zip(row) {
            *out = *x;
        }
    }
}
