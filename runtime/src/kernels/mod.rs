//! The kernels, one file each: portable, safe, without panics.
//!
//! A kernel is a function of a parameter struct, whose fields carry TFLite's
//! names, its operands and its output, all flat. A slice that is too short makes
//! a kernel do less; it does not panic, but for `debug_assert!`, since the compiler
//! emits no such call. Errors in data (an index outside of its tensor) are not such
//! cases. Kernels for single targets belong into `simd/` and `mcu/`; these here are the
//! definition that they are compared with.

pub(crate) mod add;
#[cfg(niello_helium)]
mod add_helium;
pub(crate) mod add_i16;
pub(crate) mod add_n;
pub(crate) mod angle;
pub(crate) mod arg_max;
pub(crate) mod argmax_pool;
pub(crate) mod batch_matmul;
pub(crate) mod binary_f32;
pub(crate) mod bucketize;
pub(crate) mod cast;
pub(crate) mod comparison;
#[cfg(niello_vector)]
pub(crate) mod concat_in_place;
pub(crate) mod concatenation;
pub(crate) mod conv_2d;
pub(crate) mod copy;
pub(crate) mod cumsum;
pub(crate) mod depthwise_conv_2d;
pub(crate) mod detection_post_process;
pub(crate) mod div;
pub(crate) mod dwconv_3x3_planar;
pub(crate) mod dwconv_3x3_planar_i16;
#[cfg(niello_vector)]
pub(crate) mod dwconv_i16;
#[cfg(niello_vector)]
pub(crate) mod dwconv_packed16;
pub(crate) mod dynamic_slice;
pub(crate) mod elementwise_f32;
pub(crate) mod f32_kernels;
pub(crate) mod float_epilogue;
pub(crate) mod fully_connected;
#[cfg(niello_vector)]
pub(crate) mod fused_add;
pub(crate) mod gather;
pub(crate) mod gather_nd;
#[cfg(niello_vector)]
pub(crate) mod gemm_i16;
#[cfg(niello_vector)]
pub(crate) mod gemm_packed16;
pub(crate) mod gemm_packed2;
#[cfg(niello_helium)]
mod gemm_packed2_fours;
pub(crate) mod gemm_packed2_i16;
mod gemm_packed2_load;
pub(crate) mod index_map;
pub(crate) mod int32;
pub(crate) mod l2_normalization;
pub(crate) mod log_softmax;
pub(crate) mod logical;
pub(crate) mod lookup_table;
pub(crate) mod lstm;
pub(crate) mod maximum_minimum;
pub(crate) mod mean;
pub(crate) mod merge;
pub(crate) mod mul;
pub(crate) mod non_max_suppression;
pub(crate) mod one_hot;
pub(crate) mod output_stage;
#[cfg(all(test, niello_vector))]
mod packed16_tests;
pub(crate) mod pad;
#[cfg(niello_vector)]
pub(crate) mod pad_image_xor128;
pub(crate) mod pool_2d;
pub(crate) mod prelu;
pub(crate) mod quantize;
pub(crate) mod reduce;
pub(crate) mod resize_bilinear;
pub(crate) mod resize_bilinear_uint8;
pub(crate) mod reverse_sequence;
pub(crate) mod scatter_nd;
pub(crate) mod segment;
pub(crate) mod select;
pub(crate) mod sigmoid_i16;
pub(crate) mod signal;
pub(crate) mod softmax;
pub(crate) mod softmax_i16;
pub(crate) mod softmax_i8_i16;
pub(crate) mod space_to_batch_nd;
pub(crate) mod spectrum;
pub(crate) mod squared_difference;
pub(crate) mod strided;
pub(crate) mod svdf;
pub(crate) mod table_i16;
pub(crate) mod top_k;
pub(crate) mod transpose_conv;
pub(crate) mod unary_i16;

pub use add::{add, add_in_place, sub, sub_in_place};
pub use add_n::{AddN, add_n};
pub use arg_max::{ArgMax, arg_max, arg_min};
pub use argmax_pool::{ArgmaxPool, MaxUnpool, max_pool_2d_with_argmax, max_unpool_2d};
pub use batch_matmul::{
    BatchMatmul, FloatBatchMatmul, Matrices, batch_matmul, batch_matmul_i16, float_batch_matmul,
};
#[cfg(niello_vector)]
pub use fused_add::{
    FusedAdd, conv_2d_packed16_add, fully_connected_packed16_add, fully_connected_xor128_add,
};
#[cfg(niello_vector)]
pub use gemm_packed16::{
    Packed16Kernels, conv_2d_packed16, except_on_x86_64, folded, fully_connected_packed16,
    fully_connected_w6, fully_connected_xor128, fully_connected_zero_skip, only_on_x86_64,
};
pub use output_stage::{Accumulate, Clamp, OutputStage, Requantize, RequantizeI16, Rescale};

pub use binary_f32::{OfReals, Real, atan2, floor_mod, pow};
pub use bucketize::{Bucketize, bucketize, bucketize_i32};
pub use cast::{
    FromI32, Port, ToI32, bool_from_f32, f32_from_bool, f32_from_i32, f32_from_u32, from_bool,
    from_i32, from_u8, from_u32, from_u32_scaled, i32_from_f32, to_bool, to_i32, to_u8, to_u32,
};
pub use comparison::{
    CompareOperand, Comparison, RealComparison, equal, equal_f32, greater, greater_equal,
    greater_equal_f32, greater_f32, less, less_equal, less_equal_f32, less_f32, not_equal,
    not_equal_f32,
};
#[cfg(niello_vector)]
pub use concat_in_place::{
    ConcatSlice, Copied, WritesChannels, Xor128Rows, concat_slice, concat_slice_copy,
    concat_slice_in_place,
};
pub use concatenation::{Concatenation, concatenation};
pub use conv_2d::{Conv2d, conv_2d, grouped_conv_2d};
pub use copy::copy;
pub use cumsum::{Cumsum, cumsum};
pub use depthwise_conv_2d::{DepthwiseConv2d, depthwise_conv_2d};
pub use detection_post_process::{DetectionPostProcess, detection_post_process};
pub use div::{Div, FloorDiv, div, floor_div};
pub use dwconv_3x3_planar::{Planar, depthwise_planar, depthwise_planar_in_place};
pub use dwconv_3x3_planar_i16::{PlanarI16, depthwise_planar_i16, depthwise_planar_i16_in_place};
#[cfg(niello_vector)]
pub use dwconv_i16::depthwise_conv_2d_i16;
#[cfg(niello_vector)]
pub use dwconv_packed16::{Packed16Depthwise, depthwise_packed16};
pub use dynamic_slice::{
    Block, dynamic_slice, dynamic_update_slice, dynamic_update_slice_in_place,
};
pub use f32_kernels::*;
pub use float_epilogue::{FloatEpilogue, float_epilogue, float_epilogue_in_place};
pub use fully_connected::{FullyConnected, fully_connected};
pub use gather::{Gather, gather};
pub use gather_nd::{GatherNd, gather_nd};
#[cfg(niello_vector)]
pub use gemm_i16::conv_2d_i16;
pub use gemm_packed2::{
    Bytes, Packed2, Packed2Conv2d, conv_2d_packed2, conv_2d_packed2_overlapping,
    fully_connected_packed2_row, fully_connected_packed2_rows,
    fully_connected_packed2_rows_overlapping,
};
pub use gemm_packed2_i16::conv_2d_packed2_i16;
pub use index_map::{Index, IndexMap, index_map};
pub use int32::{
    Integers, abs_i32, add_i32, bitwise_xor_i32, div_i32, floor_div_i32, floor_mod_i32, mean_i32,
    mul_i32, neg_i32, pow_i32, product_i32, right_shift_i32, squared_difference_i32, sub_i32,
    sum_i32,
};
pub use l2_normalization::{L2Normalization, l2_normalization, l2_normalization_uint8};
pub use log_softmax::{LogSoftmax, log_softmax};
pub use logical::{logical_and, logical_or};
pub use lookup_table::{Table, TableF32, table, table_f32, table_in_place};
pub use lstm::{Gate, Lstm, lstm};
pub use maximum_minimum::{maximum, minimum};
pub use mean::{Mean, mean};
pub use merge::{Merge, holds, merge, merge_into_first, merge_into_second};
pub use mul::{Mul, mul, mul_in_place};
pub use non_max_suppression::{NonMaxSuppression, non_max_suppression, non_max_suppression_v4};
pub use one_hot::{OneHot, one_hot};
pub use pad::{Pad, pad};
pub use pool_2d::{Pool2d, average_pool_2d, average_pool_2d_uint8, max_pool_2d};
pub use prelu::{Prelu, prelu, prelu_i16, prelu_in_place};
pub use quantize::{
    QuantizeElementwise, Requantization, dequantize, quantize, quantize_elementwise, requantize,
};
pub use reduce::{Reduce, ReduceProd, reduce_max, reduce_min, reduce_prod};
pub use resize_bilinear::{ResizeBilinear, resize_bilinear, resize_bilinear_i16};
pub use resize_bilinear_uint8::{Places, ResizeBilinearUint8, resize_bilinear_uint8};
pub use reverse_sequence::{ReverseSequence, reverse_sequence};
pub use scatter_nd::{Scatter, ScatterNd, scatter_nd};
pub use segment::{Segments, segment_max, segment_min, segment_product, segment_sum};
pub use select::{Select, select};
pub use sigmoid_i16::{logistic_i16, tanh_i16};
pub use signal::*;
pub use softmax::{Exponentials, Softmax, softmax};
pub use softmax_i8_i16::softmax_i8_i16;
pub use softmax_i16::{SoftmaxI16, softmax_i16};
pub use space_to_batch_nd::{SpaceToBatchNd, space_to_batch_nd};
pub use spectrum::{Magnitudes, Rfft2d, complex_abs, rfft_2d};
pub use squared_difference::{SquaredDifference, squared_difference, squared_difference_i16};
pub use strided::{Strided, strided};
pub use svdf::{Svdf, svdf};
pub use table_i16::{TableI16, table_i16};
pub use top_k::{TopK, top_k};
pub use transpose_conv::transpose_conv;
pub use unary_i16::{RsqrtI16, TwoSlopesI16, rsqrt_i16, two_slopes_i16};
