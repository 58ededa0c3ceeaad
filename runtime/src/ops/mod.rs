//! The kernels, one file each: portable, safe, without panics.
//!
//! A kernel is a function of a parameter struct, whose fields carry TFLite's
//! names, its operands and its output, all flat. A slice that is too short makes
//! a kernel do less; it does not panic, but for `debug_assert!`, since the compiler
//! emits no such call. What data decides (an index outside of its tensor) is none of
//! these cases. Target-specific twins belong into `arch/`; these here are the
//! definition that they are compared with.

mod accumulate;
mod add;
mod add_n;
mod angle;
mod arg_max;
mod argmax_pool;
mod batch_matmul;
#[cfg(niello_vector)]
mod blocks;
#[cfg(niello_vector)]
mod blocks_add;
mod broadcast;
mod bucketize;
mod cast;
mod comparison;
mod concatenation;
mod conv_2d;
mod cumsum;
#[cfg(niello_vector)]
mod depthwise_blocks;
mod depthwise_conv_2d;
mod detection_post_process;
mod div;
mod dynamic_slice;
mod float;
mod fully_connected;
mod gather;
mod gather_nd;
mod here;
mod index_map;
mod integer;
mod l2_normalization;
mod linear;
mod log_softmax;
mod logical;
mod lstm;
mod maximum_minimum;
mod mean;
mod merge;
mod mul;
mod non_max_suppression;
mod one_hot;
mod packed;
mod pad;
#[cfg(niello_vector)]
mod padding;
#[cfg(niello_vector)]
mod part;
mod planar;
mod pool_2d;
mod prelu;
mod quantize;
mod real;
mod reduce;
mod resize_bilinear;
mod resize_bilinear_uint8;
mod reverse_sequence;
mod scatter_nd;
mod segment;
mod select;
mod sigmoid;
mod signal;
mod softmax;
mod softmax_i16;
mod softmax_i8_i16;
mod space_to_batch_nd;
mod spectrum;
mod squared_difference;
mod strided;
mod svdf;
mod table;
mod tail;
mod top_k;
mod transpose_conv;
mod unary_i16;
mod window;

pub use accumulate::{
    Accumulate, Bias, Clamp, FastChannel, OutputStage, PairSums, Requantize, RequantizeFast,
    RequantizeI16, Rescale,
};
pub use add::{Add, AddOperand, add, add_in_place, sub, sub_in_place};
pub use add_n::{AddN, add_n};
pub use arg_max::{ArgMax, arg_max, arg_min};
pub use argmax_pool::{ArgmaxPool, MaxUnpool, max_pool_2d_with_argmax, max_unpool_2d};
pub use batch_matmul::{
    BatchMatmul, FloatBatchMatmul, Matrices, batch_matmul, batch_matmul_i16, float_batch_matmul,
};
#[cfg(niello_vector)]
pub use blocks::{
    BlockKernels, BlockStage, Blocks, BlocksConv2d, NarrowRow, Ready, Scales, SparseRow,
    conv_2d_blocks, folded, fully_connected_blocks, fully_connected_narrow,
    fully_connected_shifted, fully_connected_sparse, ready, transformed, untransformed,
};
#[cfg(target_arch = "x86_64")]
pub use blocks_add::Addend;
#[cfg(niello_vector)]
pub use blocks_add::{
    BlocksAdd, conv_2d_blocks_add, fully_connected_blocks_add, fully_connected_shifted_add,
};
pub use broadcast::Broadcast;
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
pub use concatenation::{Concatenation, concatenation};
pub use conv_2d::{Conv2d, conv_2d, grouped_conv_2d};
pub use cumsum::{Cumsum, cumsum};
#[cfg(niello_vector)]
pub use depthwise_blocks::{BlocksDepthwise, depthwise_blocks};
pub use depthwise_conv_2d::{DepthwiseConv2d, depthwise_conv_2d};
pub use detection_post_process::{DetectionPostProcess, detection_post_process};
pub use div::{Div, FloorDiv, div, floor_div};
pub use dynamic_slice::{
    Block, dynamic_slice, dynamic_update_slice, dynamic_update_slice_in_place,
};
pub use float::*;
pub use fully_connected::{FullyConnected, fully_connected};
pub use gather::{Gather, gather};
pub use gather_nd::{GatherNd, gather_nd};
pub use index_map::{Index, IndexMap, index_map};
pub use integer::{
    Integers, abs_i32, add_i32, bitwise_xor_i32, div_i32, floor_div_i32, floor_mod_i32, mean_i32,
    mul_i32, neg_i32, pow_i32, product_i32, right_shift_i32, squared_difference_i32, sub_i32,
    sum_i32,
};
pub use l2_normalization::{L2Normalization, l2_normalization, l2_normalization_uint8};
pub use linear::Linear;
pub use log_softmax::{LogSoftmax, log_softmax};
pub use logical::{logical_and, logical_or};
pub use lstm::{Gate, Lstm, lstm};
pub use maximum_minimum::{maximum, minimum};
pub use mean::{Mean, mean};
pub use merge::{Merge, holds, merge, merge_into_first, merge_into_second};
pub use mul::{Mul, mul, mul_in_place};
pub use non_max_suppression::{NonMaxSuppression, non_max_suppression, non_max_suppression_v4};
pub use one_hot::{OneHot, one_hot};
pub use packed::{
    Bytes, Packed, PackedConv2d, conv_2d_packed, conv_2d_packed_overlapping, fully_connected_row,
    fully_connected_rows, fully_connected_rows_overlapping,
};
pub use pad::{Pad, pad};
#[cfg(target_arch = "x86_64")]
pub(crate) use padding::shift;
#[cfg(niello_vector)]
pub use part::{Copied, Part, Shifted, WritesChannels, part, part_apart, part_in_place};
pub use planar::{Planar, depthwise_planar, depthwise_planar_in_place};
pub use pool_2d::{Pool2d, average_pool_2d, average_pool_2d_uint8, max_pool_2d};
pub use prelu::{Prelu, prelu, prelu_i16, prelu_in_place};
pub use quantize::{
    QuantizeElementwise, Requantization, dequantize, quantize, quantize_elementwise, requantize,
};
pub use real::{OfReals, Real, atan2, floor_mod, pow};
pub use reduce::{Reduce, ReduceProd, reduce_max, reduce_min, reduce_prod};
pub use resize_bilinear::{ResizeBilinear, resize_bilinear};
pub use resize_bilinear_uint8::{Places, ResizeBilinearUint8, resize_bilinear_uint8};
pub use reverse_sequence::{ReverseSequence, reverse_sequence};
pub use scatter_nd::{Scatter, ScatterNd, scatter_nd};
pub use segment::{Segments, segment_max, segment_min, segment_product, segment_sum};
pub use select::{Select, select};
pub use sigmoid::{logistic_i16, tanh_i16};
pub use signal::*;
pub use softmax::{Exponentials, Softmax, softmax};
pub use softmax_i8_i16::softmax_i8_i16;
pub use softmax_i16::{SoftmaxI16, softmax_i16};
pub use space_to_batch_nd::{SpaceToBatchNd, space_to_batch_nd};
pub use spectrum::{Magnitudes, Rfft2d, complex_abs, rfft_2d};
pub use squared_difference::{SquaredDifference, squared_difference, squared_difference_i16};
pub use strided::{Strided, strided};
pub use svdf::{Svdf, svdf};
pub use table::{Table, TableF32, table, table_f32, table_in_place};
pub use tail::{Tail, tail, tail_in_place};
pub use top_k::{TopK, top_k};
pub use transpose_conv::transpose_conv;
pub use unary_i16::{RsqrtI16, TwoSlopesI16, rsqrt_i16, two_slopes_i16};
pub use window::Window;
