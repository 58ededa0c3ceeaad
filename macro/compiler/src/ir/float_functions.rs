//! Functions of real numbers that operators stand for.

use std::sync::Arc;

/// A function of one real number, in single precision as the file computes it.
pub(crate) type RealFunction = Arc<dyn Fn(f32) -> f32 + Send + Sync>;

/// The functions that the runtime applies in f32, in place, to an f32 output that has just been
/// computed: an epilogue spares the output a rounding to int8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum FloatEpilogue {
    /// `1 / (1 + exp(-x))`.
    Logistic,
    /// The hyperbolic tangent, `tanh(x)`.
    Tanh,
    /// `exp(beta * x) / sum(exp(beta * x))`, over rows of `depth` elements.
    Softmax {
        /// The factor of the exponent.
        beta: f32,
        /// The size of the last dimension.
        depth: usize,
    },
    /// `x - log(sum(exp(x)))`, over rows of `depth` elements.
    LogSoftmax {
        /// The size of the last dimension.
        depth: usize,
    },
}
