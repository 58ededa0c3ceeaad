//! L2_POOL_2D: the root of the mean square of a window; always in f32.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::pool::pool_2d::{Pool, Reduction};

/// The operator L2_POOL_2D: the root of the mean square of a window; always in f32.
pub(crate) struct L2Pool2d;

impl L2Pool2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Pool<Self>> {
        Pool::parse(node)
    }
}

impl Reduction for L2Pool2d {
    type Uint8 = Self;

    const NAME: &'static str = "L2_POOL_2D";
    const FUNCTION: &'static str = "";
    const FLOAT_FUNCTION: &'static str = "float_l2_pool_2d";
    const IS_FLOAT_ONLY: bool = true;

    fn real(taps: &[f32]) -> f32 {
        let squares: f32 = taps.iter().map(|x| x * x).sum();
        (squares / taps.len() as f32).sqrt()
    }

    fn quantized(_: &[i32]) -> i32 {
        0
    }
}
