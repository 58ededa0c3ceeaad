//! Integer arithmetic of the reference kernels.

pub(crate) mod fixed_point;
pub(crate) mod high_mul;
pub(crate) mod sigmoid_lut_i16;
