//! Images in another size.

pub(crate) mod resize_bilinear;
pub(crate) mod resize_bilinear_uint8;
pub(crate) mod resize_nearest_neighbor;
