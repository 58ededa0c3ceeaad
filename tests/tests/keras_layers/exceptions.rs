/// Cases below the bar, and why.
pub(crate) const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "activation_hard_shrink",
        "1 operator is not supported: operator #3 ZEROS_LIKE (\"functional_1/activation_1/zeros_like\")",
    ),
    (
        "activation_soft_shrink",
        "1 operator is not supported: operator #5 ZEROS_LIKE (\"functional_1/activation_1/zeros_like\")",
    ),
    (
        "activation_sparse_plus",
        "1 operator is not supported: operator #7 ZEROS_LIKE (\"functional_1/activation_1/zeros_like\")",
    ),
    (
        "additive_attention",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 6]",
    ),
    (
        "attention",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [8, 6]",
    ),
    (
        "attention_causal",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [8, 6]",
    ),
    (
        "attention_concat",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 6]",
    ),
    ("batch_normalization_conv", "38.2 dB, the converter 39.1"),
    (
        "block_conv_lstm_tagger",
        "operator #5 WHILE (\"functional_1_1/bidirectional_1_1/backward_lstm_1_1/while\"): operator #20 SLICE (\"functional_1_1/bidirectional_1_1/backward_lstm_1_1/while/Te",
    ),
    (
        "block_convnext",
        "operator #20 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [16, 6]",
    ),
    ("block_dfl_head", "0.3 dB, the converter 47.8"),
    (
        "block_inverted_residual_hard_swish",
        "41.1 dB, the converter 41.7",
    ),
    (
        "block_mlp_mixer",
        "operator #24 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 16]",
    ),
    (
        "block_tcn",
        "operator #13 SPACE_TO_BATCH_ND (\"functional_1/conv1d_3_1/convolution/SpaceToBatchND\"): its output has shape [1, 10, 8] in the file, but its inputs give [2, 10, ",
    ),
    ("block_text_classifier", "35.0 dB, the converter 48.0"),
    (
        "block_text_transformer",
        "operator #46 RESHAPE (\"functional_1/dense_2_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [10, 8]",
    ),
    (
        "block_transformer_decoder",
        "operator #44 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [8, 8]",
    ),
    (
        "block_transformer_encoder",
        "operator #40 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [8, 8]",
    ),
    (
        "block_vision_transformer",
        "operator #57 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [16, 8]",
    ),
    (
        "block_wavenet",
        "operator #17 SPACE_TO_BATCH_ND (\"functional_1/conv1d_5_1/convolution/SpaceToBatchND\"): its output has shape [1, 6, 6] in the file, but its inputs give [2, 6, 6]",
    ),
    ("block_yolo_head", "0.3 dB, the converter 24.2"),
    ("concatenate", "5.4 dB, the converter 17.1"),
    (
        "concatenate_sequence",
        "operator #8 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [9, 6]",
    ),
    ("concatenate_sigmoid", "1.8 dB, the converter 37.9"),
    (
        "conv1d_dilated",
        "operator #0 SPACE_TO_BATCH_ND (\"functional_1/conv1d_1/convolution/SpaceToBatchND\"): its output has shape [1, 8, 8] in the file, but its inputs give [2, 8, 8]",
    ),
    (
        "conv1d_dilated_causal",
        "operator #1 SPACE_TO_BATCH_ND (\"functional_1/conv1d_1/convolution/SpaceToBatchND\"): its output has shape [1, 8, 8] in the file, but its inputs give [2, 8, 8]",
    ),
    ("conv2d", "36.3 dB, the converter 38.3"),
    (
        "conv2d_dilated",
        "operator #0 SPACE_TO_BATCH_ND (\"functional_1/conv2d_1/convolution/SpaceToBatchND\"): its output has shape [1, 5, 5, 3] in the file, but its inputs give [4, 5, 5,",
    ),
    (
        "conv3d",
        "these operators are not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\") operator #2 CONV_3D (\"functional_1/conv3d_1_2/convolution\")",
    ),
    (
        "conv3d_strided",
        "1 operator is not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\")",
    ),
    (
        "conv3d_transpose",
        "1 operator is not supported: operator #3 CONV_3D_TRANSPOSE (\"functional_1/conv3d_transpose_1/conv_transpose\")",
    ),
    (
        "cropping3d",
        "these operators are not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\") operator #3 CONV_3D (\"functional_1/conv3d_1_2/convolution\")",
    ),
    (
        "dense_3d",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [12, 8]",
    ),
    (
        "dense_4d",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [20, 6]",
    ),
    (
        "depthwise_conv1d_dilated",
        "operator #1 SPACE_TO_BATCH_ND (\"functional_1/depthwise_conv1d_1/depthwise/SpaceToBatchND\"): its output has shape [1, 1, 8, 8] in the file, but its inputs give [",
    ),
    (
        "depthwise_conv2d_dilated",
        "operator #0 SPACE_TO_BATCH_ND (\"functional_1/depthwise_conv2d_1/depthwise/SpaceToBatchND\"): its output has shape [1, 5, 5, 3] in the file, but its inputs give [",
    ),
    (
        "discretization",
        "1 operator is not supported: operator #0 BUCKETIZE (\"functional_1/discretization_1/Bucketize\")",
    ),
    (
        "discretization_one_hot",
        "1 operator is not supported: operator #0 BUCKETIZE (\"functional_1/discretization_1/Bucketize\")",
    ),
    ("embedding", "21.9 dB, the converter 42.6"),
    ("embedding_flatten", "26.4 dB, the converter 49.5"),
    (
        "global_average_pooling3d",
        "1 operator is not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\")",
    ),
    (
        "global_max_pooling3d",
        "1 operator is not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\")",
    ),
    (
        "group_query_attention",
        "operator #8 RESHAPE (\"functional_1/grouped_query_attention_1/Repeat/Reshape_1\"): its output has shape [1, 1, 4, 4] in the file, but its inputs give [1, 8, 4, 4]",
    ),
    (
        "gru_bidirectional_sequences",
        "operator #2 WHILE (\"functional_1_1/bidirectional_1_1/backward_gru_1_1/while\"): operator #22 SLICE (\"functional_1_1/bidirectional_1_1/backward_gru_1_1/while/Tens",
    ),
    (
        "gru_masked",
        "these operators are not supported: operator #1 REDUCE_ANY (\"functional_1_1/Any\") operator #3 REDUCE_ANY (\"functional_1_1/masking_1_1/Any\")",
    ),
    (
        "gru_sequences",
        "operator #1 WHILE (\"functional_1_1/gru_1_1/while\"): operator #22 SLICE (\"functional_1_1/gru_1_1/while/TensorArrayV2Write/TensorListSetItem6\"): begin [0, 0, 0] a",
    ),
    (
        "gru_sequences_unrolled",
        "operator #83 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [4, 4]",
    ),
    (
        "gru_stacked",
        "operator #1 WHILE (\"functional_1_1/gru_2_1/while\"): operator #22 SLICE (\"functional_1_1/gru_2_1/while/TensorArrayV2Write/TensorListSetItem6\"): begin [0, 0, 0] a",
    ),
    (
        "layer_normalization_sequence",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 8]",
    ),
    (
        "lstm_bidirectional_sequences",
        "operator #2 WHILE (\"functional_1_1/bidirectional_1_1/backward_lstm_1_1/while\"): operator #20 SLICE (\"functional_1_1/bidirectional_1_1/backward_lstm_1_1/while/Te",
    ),
    (
        "lstm_masked",
        "these operators are not supported: operator #1 REDUCE_ANY (\"functional_1_1/Any\") operator #3 REDUCE_ANY (\"functional_1_1/masking_1_1/Any\")",
    ),
    (
        "lstm_sequences",
        "operator #1 WHILE (\"functional_1_1/lstm_1_1/while\"): operator #20 SLICE (\"functional_1_1/lstm_1_1/while/TensorArrayV2Write/TensorListSetItem7\"): begin [0, 0, 0]",
    ),
    (
        "lstm_sequences_unrolled",
        "operator #71 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [4, 4]",
    ),
    (
        "lstm_stacked",
        "operator #1 WHILE (\"functional_1_1/lstm_2_1/while\"): operator #20 SLICE (\"functional_1_1/lstm_2_1/while/TensorArrayV2Write/TensorListSetItem7\"): begin [0, 0, 0]",
    ),
    ("lstm_state", "17.0 dB, 22.0 are asked for"),
    (
        "masking",
        "these operators are not supported: operator #1 REDUCE_ANY (\"functional_1/Any\") operator #5 REDUCE_ANY (\"functional_1/masking_1/Any\")",
    ),
    ("max_pooling2d_same", "29.8 dB, the converter 31.9"),
    ("maximum", "7.1 dB, the converter 26.3"),
    (
        "mel_spectrogram",
        "operator #2 SPLIT_V (\"functional_1/mel_spectrogram_1/stft/frame/split\"): parts of [1, 1, 0] do not fit axis 0 of [2]",
    ),
    ("minimum", "12.0 dB, the converter 26.6"),
    (
        "permute",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 4]",
    ),
    (
        "repeat_vector",
        "operator #18 RESHAPE (\"functional_1/dense_1_2/Tensordot/Reshape;functional_1/repeat_vector_1/Repeat/Reshape_1\"): its output has shape [1, 1] in the file, but it",
    ),
    (
        "reshape",
        "operator #12 RESHAPE (\"functional_1/dense_1_2/Tensordot/Reshape;functional_1/reshape_1/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [",
    ),
    (
        "reshape_open",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 4]",
    ),
    (
        "rms_normalization",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 8]",
    ),
    (
        "simple_rnn_sequences",
        "operator #1 WHILE (\"functional_1_1/simple_rnn_1_1/while\"): operator #9 SLICE (\"functional_1_1/simple_rnn_1_1/while/TensorArrayV2Write/TensorListSetItem7\"): begi",
    ),
    (
        "softmax_axis",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 5]",
    ),
    (
        "softmax_inner",
        "operator #7 RESHAPE (\"functional_1/dense_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [6, 5]",
    ),
    (
        "time_distributed",
        "operator #20 RESHAPE (\"functional_1/dense_1_1/Tensordot/Reshape\"): its output has shape [1, 1] in the file, but its inputs give [5, 4]",
    ),
    (
        "up_sampling2d",
        "operator #12 RESHAPE (\"functional_1/up_sampling2d_1/Repeat_1/Reshape_1\"): its output has shape [1, 1, 6, 3] in the file, but its inputs give [1, 6, 6, 3]",
    ),
    (
        "up_sampling3d",
        "these operators are not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\") operator #20 CONV_3D (\"functional_1/conv3d_1_2/convolution\")",
    ),
    (
        "zero_padding3d",
        "these operators are not supported: operator #0 CONV_3D (\"functional_1/conv3d_1/convolution\") operator #3 CONV_3D (\"functional_1/conv3d_1_2/convolution\")",
    ),
];
