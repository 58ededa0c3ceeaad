//! Options of operators: mostly those of the file that a program was made from.

use flatbuffers::{UnionWIPOffset, WIPOffset};

use super::schema_generated::tflite as schema;
pub(crate) use super::schema_generated::tflite::BuiltinOptions;
use super::schema_generated::tflite::*;
use super::write::Builder;

/// The options of an operator.
#[derive(Clone)]
pub(crate) enum Options<'a> {
    None,
    /// What an operator of another file has, with this activation.
    Copied(schema::Operator<'a>, ActivationFunctionType),
    /// An activation alone: ADD, SUB, MUL, DIV.
    Activated(BuiltinOptions, ActivationFunctionType),
    /// An activation of CONV_2D with stride 1, without padding.
    Pointwise(ActivationFunctionType),
    /// The output's shape, of RESHAPE.
    Shape(Vec<i32>),
    /// The element type of the output, of ARG_MAX and ARG_MIN.
    OutputType(BuiltinOptions, TensorType),
    /// The name of a variable, of VAR_HANDLE.
    Variable(String),
    /// The number of a subgraph, of CALL_ONCE.
    CallOnce(usize),
    /// How many outputs SPLIT_V has.
    Splits(usize),
    /// The bytes of a custom operator's.
    Custom(&'a [u8]),
}

/// Unions of the format that the reader does not need.
pub(crate) const ARG_MAX_OPTIONS: BuiltinOptions = BuiltinOptions(40);
pub(crate) const ARG_MIN_OPTIONS: BuiltinOptions = BuiltinOptions(57);
const SPLIT_V_OPTIONS: BuiltinOptions = BuiltinOptions(79);

/// A table of the union, and which of its members that is.
type Union = (BuiltinOptions, Option<WIPOffset<UnionWIPOffset>>);

const NO_OPTIONS: Union = (BuiltinOptions::NONE, None);

/// Writes options that are no custom operator's.
pub(super) fn write_options(fbb: &mut Builder, options: &Options<'_>) -> Union {
    match options {
        Options::None | Options::Custom(_) => NO_OPTIONS,
        Options::Copied(operator, activation) => copy(fbb, operator, *activation),
        Options::Activated(kind, activation) => (*kind, activated(fbb, *kind, *activation)),
        Options::Pointwise(activation) => {
            let args = Conv2DOptionsArgs {
                padding: Padding::VALID,
                stride_w: 1,
                stride_h: 1,
                fused_activation_function: *activation,
                ..Default::default()
            };
            let table = Conv2DOptions::create(fbb, &args);
            (BuiltinOptions::Conv2DOptions, Some(table.as_union_value()))
        }
        Options::Shape(shape) => {
            let new_shape = Some(fbb.create_vector(shape));
            let table = ReshapeOptions::create(fbb, &ReshapeOptionsArgs { new_shape });
            (BuiltinOptions::ReshapeOptions, Some(table.as_union_value()))
        }
        Options::OutputType(kind, element) => {
            // Both tables have one field, in the first place.
            let table = fbb.start_table();
            fbb.push_slot_always(4, element.0);
            let table = fbb.end_table(table);
            (*kind, Some(WIPOffset::new(table.value())))
        }
        Options::Variable(name) => {
            let args = VarHandleOptionsArgs {
                container: Some(fbb.create_string("")),
                shared_name: Some(fbb.create_string(name)),
            };
            let table = VarHandleOptions::create(fbb, &args);
            (
                BuiltinOptions::VarHandleOptions,
                Some(table.as_union_value()),
            )
        }
        Options::CallOnce(subgraph) => {
            let init_subgraph_index = i32::try_from(*subgraph).unwrap_or(i32::MAX);
            let args = CallOnceOptionsArgs {
                init_subgraph_index,
            };
            let table = CallOnceOptions::create(fbb, &args);
            (
                BuiltinOptions::CallOnceOptions,
                Some(table.as_union_value()),
            )
        }
        Options::Splits(count) => {
            let table = fbb.start_table();
            fbb.push_slot_always(4, i32::try_from(*count).unwrap_or(i32::MAX));
            let table = fbb.end_table(table);
            (SPLIT_V_OPTIONS, Some(WIPOffset::new(table.value())))
        }
    }
}

fn activated(
    fbb: &mut Builder,
    kind: BuiltinOptions,
    fused_activation_function: ActivationFunctionType,
) -> Option<WIPOffset<UnionWIPOffset>> {
    macro_rules! table {
        ($table:ident, $args:ident) => {
            $table::create(
                fbb,
                &$args {
                    fused_activation_function,
                },
            )
            .as_union_value()
        };
    }
    Some(match kind {
        BuiltinOptions::AddOptions => table!(AddOptions, AddOptionsArgs),
        BuiltinOptions::SubOptions => table!(SubOptions, SubOptionsArgs),
        BuiltinOptions::MulOptions => table!(MulOptions, MulOptionsArgs),
        BuiltinOptions::DivOptions => table!(DivOptions, DivOptionsArgs),
        _ => return None,
    })
}

/// The options of another file's operator, field by field.
fn copy(
    fbb: &mut Builder,
    operator: &schema::Operator<'_>,
    activation: ActivationFunctionType,
) -> Union {
    macro_rules! copies {
        (
            plain { $($table:ident($args:ident) $read:ident { $($field:ident),* })* }
            activated { $($with:ident($with_args:ident) $with_read:ident { $($with_field:ident),* })* }
        ) => {
            match operator.builtin_options_type() {
                $(BuiltinOptions::$table => operator.$read().map(|o| {
                    $table::create(fbb, &$args { $($field: o.$field()),* }).as_union_value()
                }),)*
                $(BuiltinOptions::$with => operator.$with_read().map(|_o| {
                    let args = $with_args {
                        $($with_field: _o.$with_field(),)*
                        fused_activation_function: activation,
                    };
                    $with::create(fbb, &args).as_union_value()
                }),)*
                BuiltinOptions::SqueezeOptions => {
                    operator.builtin_options_as_squeeze_options().map(|o| {
                        let dims = o.squeeze_dims().unwrap_or_default();
                        let squeeze_dims = Some(fbb.create_vector_from_iter(dims.iter()));
                        let args = SqueezeOptionsArgs { squeeze_dims };
                        SqueezeOptions::create(fbb, &args).as_union_value()
                    })
                }
                BuiltinOptions::BucketizeOptions => {
                    operator.builtin_options_as_bucketize_options().map(|o| {
                        let all = o.boundaries().unwrap_or_default();
                        let boundaries = Some(fbb.create_vector_from_iter(all.iter()));
                        let args = BucketizeOptionsArgs { boundaries };
                        BucketizeOptions::create(fbb, &args).as_union_value()
                    })
                }
                // Options without fields, and those that `Options` has in another form.
                _ => None,
            }
        };
    }
    let table = copies! {
        plain {
            SoftmaxOptions(SoftmaxOptionsArgs) builtin_options_as_softmax_options { beta }
            ResizeBilinearOptions(ResizeBilinearOptionsArgs) builtin_options_as_resize_bilinear_options { align_corners, half_pixel_centers }
            SpaceToDepthOptions(SpaceToDepthOptionsArgs) builtin_options_as_space_to_depth_options { block_size }
            GatherOptions(GatherOptionsArgs) builtin_options_as_gather_options { axis, batch_dims }
            ReducerOptions(ReducerOptionsArgs) builtin_options_as_reducer_options { keep_dims }
            StridedSliceOptions(StridedSliceOptionsArgs) builtin_options_as_strided_slice_options { begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask, offset }
            SplitOptions(SplitOptionsArgs) builtin_options_as_split_options { num_splits }
            PackOptions(PackOptionsArgs) builtin_options_as_pack_options { values_count, axis }
            FakeQuantOptions(FakeQuantOptionsArgs) builtin_options_as_fake_quant_options { min, max, num_bits, narrow_range }
            OneHotOptions(OneHotOptionsArgs) builtin_options_as_one_hot_options { axis }
            UnpackOptions(UnpackOptionsArgs) builtin_options_as_unpack_options { num, axis }
            ResizeNearestNeighborOptions(ResizeNearestNeighborOptionsArgs) builtin_options_as_resize_nearest_neighbor_options { align_corners, half_pixel_centers }
            LeakyReluOptions(LeakyReluOptionsArgs) builtin_options_as_leaky_relu_options { alpha }
            MirrorPadOptions(MirrorPadOptionsArgs) builtin_options_as_mirror_pad_options { mode }
            ReverseSequenceOptions(ReverseSequenceOptionsArgs) builtin_options_as_reverse_sequence_options { seq_dim, batch_dim }
            DepthToSpaceOptions(DepthToSpaceOptionsArgs) builtin_options_as_depth_to_space_options { block_size }
            BatchMatMulOptions(BatchMatMulOptionsArgs) builtin_options_as_batch_mat_mul_options { adj_x, adj_y }
            CumsumOptions(CumsumOptionsArgs) builtin_options_as_cumsum_options { exclusive, reverse }
            GeluOptions(GeluOptionsArgs) builtin_options_as_gelu_options { approximate }
        }
        activated {
            Conv2DOptions(Conv2DOptionsArgs) builtin_options_as_conv_2_doptions { padding, stride_w, stride_h, dilation_w_factor, dilation_h_factor }
            DepthwiseConv2DOptions(DepthwiseConv2DOptionsArgs) builtin_options_as_depthwise_conv_2_doptions { padding, stride_w, stride_h, depth_multiplier, dilation_w_factor, dilation_h_factor }
            Pool2DOptions(Pool2DOptionsArgs) builtin_options_as_pool_2_doptions { padding, stride_w, stride_h, filter_width, filter_height }
            FullyConnectedOptions(FullyConnectedOptionsArgs) builtin_options_as_fully_connected_options { weights_format, keep_num_dims }
            ConcatenationOptions(ConcatenationOptionsArgs) builtin_options_as_concatenation_options { axis }
            AddOptions(AddOptionsArgs) builtin_options_as_add_options {  }
            L2NormOptions(L2NormOptionsArgs) builtin_options_as_l2_norm_options {  }
            MulOptions(MulOptionsArgs) builtin_options_as_mul_options {  }
            SubOptions(SubOptionsArgs) builtin_options_as_sub_options {  }
            DivOptions(DivOptionsArgs) builtin_options_as_div_options {  }
            TransposeConvOptions(TransposeConvOptionsArgs) builtin_options_as_transpose_conv_options { padding, stride_w, stride_h }
        }
    };
    match table {
        Some(table) => (operator.builtin_options_type(), Some(table)),
        None => NO_OPTIONS,
    }
}
