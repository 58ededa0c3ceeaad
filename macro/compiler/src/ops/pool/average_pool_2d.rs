//! AVERAGE_POOL_2D.

use crate::error::Result;
use crate::ir::context::ParseContext;
use crate::ops::pool::pool_2d::{Pool, Reduction};

/// AVERAGE_POOL_2D: the mean of each window, channel by channel.
pub(crate) struct AveragePool2d;

impl AveragePool2d {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Pool<Self>> {
        Pool::parse(node)
    }
}

impl Reduction for AveragePool2d {
    type Uint8 = Uint8;

    const NAME: &'static str = "AVERAGE_POOL_2D";
    const FUNCTION: &'static str = "average_pool_2d";
    const FLOAT_FUNCTION: &'static str = "float_average_pool_2d";

    fn real(taps: &[f32]) -> f32 {
        taps.iter().sum::<f32>() / taps.len() as f32
    }

    /// Rounds half away from zero.
    fn quantized(taps: &[i32]) -> i32 {
        let count = taps.len() as i32;
        let sum: i32 = taps.iter().sum();
        let half = if sum > 0 { count / 2 } else { -(count / 2) };
        (sum + half) / count.max(1)
    }
}

/// The average of uint8, whose halves are rounded up in uint8.
pub(crate) struct Uint8;

impl Reduction for Uint8 {
    type Uint8 = Self;

    const NAME: &'static str = AveragePool2d::NAME;
    const FUNCTION: &'static str = "average_pool_2d_uint8";
    const FLOAT_FUNCTION: &'static str = AveragePool2d::FLOAT_FUNCTION;

    fn real(taps: &[f32]) -> f32 {
        AveragePool2d::real(taps)
    }

    fn quantized(taps: &[i32]) -> i32 {
        let count = (taps.len() as i32).max(1);
        let sum: i32 = taps.iter().sum();
        (sum + count / 2).div_euclid(count)
    }
}
