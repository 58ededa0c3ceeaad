//! Convolutions.

pub(crate) mod conv_2d;
pub(crate) mod conv_3d;
pub(crate) mod conv_3d_transpose;
pub(crate) mod depthwise_conv_2d;
pub(crate) mod transpose_conv;
