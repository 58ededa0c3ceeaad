//! MAX_POOL_2D.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::pool::pool_2d::{Pool, Reduction};

/// MAX_POOL_2D: the largest element of each window, channel by channel.
pub(crate) struct MaxPool2d;

impl MaxPool2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Pool<Self>> {
        Pool::parse(node)
    }
}

impl Reduction for MaxPool2d {
    type Uint8 = Self;

    const NAME: &'static str = "MAX_POOL_2D";
    const FUNCTION: &'static str = "max_pool_2d";
    const FLOAT_FUNCTION: &'static str = "float_max_pool_2d";
    const IS_MAXIMUM: bool = true;

    fn real(taps: &[f32]) -> f32 {
        taps.iter().fold(f32::MIN, |m, &x| m.max(x))
    }

    fn quantized(taps: &[i32]) -> i32 {
        taps.iter().copied().max().unwrap_or(i32::MIN)
    }
}
