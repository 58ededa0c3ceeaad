//! Pooling: windows over each channel.

pub(crate) mod argmax_pool;
pub(crate) mod average_pool_2d;
pub(crate) mod l2_pool_2d;
pub(crate) mod max_pool_2d;
pub(crate) mod pool_2d;
pub(crate) mod pool_2d_f32;
