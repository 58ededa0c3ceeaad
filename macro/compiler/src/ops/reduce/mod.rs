//! Reductions along axes: sums, extremes, and where they are.

pub(crate) mod arg_max;
pub(crate) mod arg_min;
pub(crate) mod cumsum;
pub(crate) mod mean;
pub(crate) mod mean_f32;
pub(crate) mod reduce_all;
pub(crate) mod reduce_any;
pub(crate) mod reduce_max;
pub(crate) mod reduce_min;
pub(crate) mod reduce_prod;
pub(crate) mod reducing;
pub(crate) mod reduction;
pub(crate) mod segment;
pub(crate) mod sum;
pub(crate) mod topk_v2;
