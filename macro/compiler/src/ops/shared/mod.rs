//! Kernels and helpers that several families of operators use.

pub(crate) mod addition;
pub(crate) mod broadcast;
pub(crate) mod concat_in_place;
pub(crate) mod dwconv_i16;
pub(crate) mod dwconv_packed16;
pub(crate) mod elementwise_f32;
pub(crate) mod exact_int32;
pub(crate) mod float_epilogue;
pub(crate) mod float_kernels;
pub(crate) mod function;
pub(crate) mod gemm_i16;
pub(crate) mod gemm_inputs;
pub(crate) mod gemm_packed16;
pub(crate) mod gemm_packed2;
pub(crate) mod index_map;
pub(crate) mod lookup_table;
pub(crate) mod lookup_table_i16;
pub(crate) mod operands;
pub(crate) mod requantize;
pub(crate) mod strided;
pub(crate) mod weighted_sum;
pub(crate) mod weights;
pub(crate) mod window;
