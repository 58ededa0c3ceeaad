"""Makes a model of each of Keras' layers, and of common blocks, as Keras users do.

    venv/bin/python keras_layers.py            # all; make.py says what to install
    venv/bin/python keras_layers.py conv1d     # some of them
    venv/bin/python keras_layers.py --list
    venv/bin/python keras_layers.py --unpack conv1d   # conv1d.tflite and its inputs, here

Every case is a Keras model with a batch dimension of None, converted by
`TFLiteConverter.from_keras_model` without options. In `keras_layers/`:
  <name>.npz      `model`: the float `.tflite` file; by input: `calibration:x` and
                  `evaluation:x`; LiteRT's float outputs (`out:y`) of the first
                  evaluation samples
  index.json      inputs and outputs; what the converter's own int8 model with float
                  inputs and outputs reaches in dB, and which of its operators it
                  left in float. Layers that it does not convert are listed, too.
Recurrent layers do not convert with a batch of None: these have a batch of 1.
All inputs and weights are seeded by the case's name.
"""

import json
import multiprocessing
import os
import sys
import zlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import keras
import tensorflow as tf
from keras import layers as L
from keras import ops
from ai_edge_litert.interpreter import Interpreter, OpResolverType

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_layers")
EVALUATION, RECORDED = 16, 4
FORK = multiprocessing.get_context("fork")


class Real:
    """Numbers in steps of 1/16, which compress well."""

    dtype = "float32"

    def __init__(self, *shape, std=1.0, low=None):
        self.shape, self.std, self.low = shape, std, low

    def sample(self, rng, count):
        x = rng.normal(0, self.std, (count, *self.shape))
        if self.low is not None:
            x = np.abs(x) + self.low
        return (np.round(x * 16) / 16).astype(np.float32)


class Bytes:
    """Pixels, as float32 from 0 to 255."""

    dtype = "float32"

    def __init__(self, *shape):
        self.shape = shape

    def sample(self, rng, count):
        # Coarse structure with noise, as pictures have.
        coarse = rng.uniform(20, 235, (count, *[1] * (len(self.shape) - 1), self.shape[-1]))
        return np.clip(np.round(coarse + rng.normal(0, 30, (count, *self.shape))), 0, 255).astype(np.float32)


class Ids:
    """Whole numbers below `high`, as float32 (the default of keras.Input) or int32."""

    def __init__(self, *shape, high, dtype="float32"):
        self.shape, self.high, self.dtype = shape, high, dtype

    def sample(self, rng, count):
        return rng.integers(0, self.high, (count, *self.shape)).astype(self.dtype)


class Padded(Real):
    """Sequences whose last steps are zeros."""

    def sample(self, rng, count):
        x = super().sample(rng, count)
        for row, length in zip(x, rng.integers(self.shape[0] // 2, self.shape[0] + 1, count)):
            row[length:] = 0
        return x


def calibration(samples):
    """How many of the samples calibrate: more of small ones, whose extremes few show."""
    return len(next(iter(samples.values()))) - EVALUATION


CASES = {}


def case(name, inputs, build):
    assert name not in CASES, name
    CASES[name] = (inputs if isinstance(inputs, list) else [inputs], build)


def chain(name, inputs, *stack):
    """Layers one behind the other; functions without arguments, so that each is new."""

    def build(x):
        for layer in stack:
            x = layer()(x)
        return x

    case(name, inputs, build)


ROW, SEQUENCE, IMAGE, VOLUME = Real(16), Real(12, 8), Real(6, 6, 3), Real(4, 4, 4, 2)
dense = lambda n=8, **o: lambda: L.Dense(n, **o)
conv1 = lambda n=8, k=3, **o: lambda: L.Conv1D(n, k, **o)
conv2 = lambda n=6, k=3, **o: lambda: L.Conv2D(n, k, **o)
conv3 = lambda n=4, k=2, **o: lambda: L.Conv3D(n, k, **o)
gap1, gap2, gap3 = (lambda: L.GlobalAveragePooling1D()), (lambda: L.GlobalAveragePooling2D()), (lambda: L.GlobalAveragePooling3D())
flatten = lambda: L.Flatten()

# Core.
chain("dense", ROW, dense(12, activation="relu"), dense())
chain("dense_3d", SEQUENCE, dense(10, activation="relu"), dense(4))
chain("dense_4d", Real(4, 5, 6), dense(8, activation="relu"), dense(4))
chain("einsum_dense", SEQUENCE, lambda: L.EinsumDense("abc,cde->abde", output_shape=(12, 2, 4), bias_axes="de"), flatten, dense())
chain("embedding", Ids(10, high=30), lambda: L.Embedding(30, 8), gap1, dense(4))
chain("embedding_int32", Ids(10, high=30, dtype="int32"), lambda: L.Embedding(30, 8), gap1, dense(4))
chain("embedding_flatten", Ids(6, high=12), lambda: L.Embedding(12, 4), flatten, dense())
chain("activity_regularization", ROW, dense(), lambda: L.ActivityRegularization(0.1), dense(4))
chain("dropout", ROW, dense(12, activation="relu"), lambda: L.Dropout(0.5), lambda: L.GaussianDropout(0.2), lambda: L.GaussianNoise(0.1), lambda: L.AlphaDropout(0.1), dense())
chain("spectral_normalization", ROW, lambda: L.SpectralNormalization(L.Dense(8)), dense(4))
chain("lambda_scale", ROW, dense(), lambda: L.Lambda(lambda x: x * 2.5 - 1.0), dense(4))
chain("identity", ROW, dense(), lambda: L.Identity(), dense(4))

# Convolutions.
chain("conv1d", SEQUENCE, conv1(activation="relu"), conv1(4, padding="same"))
chain("conv1d_strided", SEQUENCE, conv1(strides=2, padding="same", activation="relu"), gap1, dense(4))
chain("conv1d_causal", SEQUENCE, conv1(padding="causal", activation="relu"), conv1(4, padding="causal"))
chain("conv1d_dilated", SEQUENCE, conv1(padding="same", dilation_rate=2, activation="relu"), conv1(4, dilation_rate=3))
chain("conv1d_dilated_causal", SEQUENCE, conv1(padding="causal", dilation_rate=2, activation="relu"), conv1(4, padding="causal", dilation_rate=4))
chain("conv1d_grouped", SEQUENCE, conv1(groups=2, activation="relu"), gap1, dense(4))
chain("conv1d_transpose", Real(6, 4), lambda: L.Conv1DTranspose(6, 3, strides=2, padding="same", activation="relu"), conv1(4))
chain("separable_conv1d", SEQUENCE, lambda: L.SeparableConv1D(8, 3, padding="same", activation="relu"), gap1, dense(4))
chain("depthwise_conv1d", SEQUENCE, lambda: L.DepthwiseConv1D(3, depth_multiplier=2, activation="relu"), gap1, dense(4))
chain("depthwise_conv1d_dilated", SEQUENCE, lambda: L.DepthwiseConv1D(3, padding="same", dilation_rate=2, activation="relu"), gap1, dense(4))
chain("conv2d", IMAGE, conv2(activation="relu"), conv2(4, padding="same"), gap2)
chain("conv2d_strided", IMAGE, conv2(strides=2, padding="same", activation="relu"), flatten, dense(4))
chain("conv2d_dilated", IMAGE, conv2(padding="same", dilation_rate=2, activation="relu"), conv2(4, dilation_rate=(2, 1)), gap2)
chain("conv2d_grouped", IMAGE, conv2(8, padding="same", activation="relu"), conv2(8, groups=4, activation="relu"), gap2, dense(4))
chain("conv2d_pointwise", IMAGE, conv2(8, 1, activation="relu6"), conv2(4, 1), gap2)
chain("conv2d_transpose", Real(4, 4, 3), lambda: L.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu"), conv2(2, 1))
chain("conv2d_transpose_valid", Real(4, 4, 3), lambda: L.Conv2DTranspose(3, 2, strides=2))
chain("separable_conv2d", IMAGE, lambda: L.SeparableConv2D(8, 3, padding="same", activation="relu"), gap2, dense(4))
chain("depthwise_conv2d", IMAGE, lambda: L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"), gap2, dense(4))
chain("depthwise_conv2d_strided", IMAGE, lambda: L.DepthwiseConv2D(3, strides=2, padding="same", activation="relu6"), conv2(4, 1), gap2)
chain("depthwise_conv2d_dilated", IMAGE, lambda: L.DepthwiseConv2D(3, padding="same", dilation_rate=2, activation="relu"), gap2, dense(4))
chain("conv3d", VOLUME, conv3(activation="relu"), conv3(3, padding="same"), gap3)
chain("conv3d_strided", VOLUME, conv3(strides=2, padding="same", activation="relu"), flatten, dense(4))
chain("conv3d_transpose", Real(2, 3, 3, 2), lambda: L.Conv3DTranspose(3, 2, strides=2, activation="relu"), gap3, dense(4))
chain("conv_lstm1d", Real(4, 6, 2), lambda: L.ConvLSTM1D(3, 3, padding="same"), gap1, dense(4))
chain("conv_lstm2d", Real(3, 5, 5, 2), lambda: L.ConvLSTM2D(3, 3, padding="same"), gap2, dense(4))

# Pooling.
for d, shape, pre in [(1, SEQUENCE, conv1(padding="same")), (2, IMAGE, conv2(padding="same")), (3, VOLUME, conv3(padding="same"))]:
    for kind in ["Max", "Average"]:
        pool = getattr(L, f"{kind}Pooling{d}D")
        chain(f"{kind.lower()}_pooling{d}d", shape, pre, lambda pool=pool: pool(2), flatten, dense(4))
        if [kind, d] != ["Average", 2] and d != 1:
            chain(f"{kind.lower()}_pooling{d}d_same", shape, pre, lambda pool=pool: pool(3, strides=2, padding="same"), flatten, dense(4))
        chain(f"global_{kind.lower()}_pooling{d}d", shape, pre, lambda kind=kind, d=d: getattr(L, f"Global{kind}Pooling{d}D")(), dense(4))
        if d != 1:
            chain(f"adaptive_{kind.lower()}_pooling{d}d", shape, pre, lambda kind=kind, d=d: getattr(L, f"Adaptive{kind}Pooling{d}D")(2), flatten, dense(4))
chain("global_average_pooling2d_keepdims", IMAGE, conv2(), lambda: L.GlobalAveragePooling2D(keepdims=True), conv2(4, 1))
chain("max_pooling2d_alone", Real(6, 6, 2), lambda: L.MaxPooling2D(2))

# Recurrent layers.
for kind in ["SimpleRNN", "LSTM", "GRU"]:
    layer, name = getattr(L, kind), {"SimpleRNN": "simple_rnn"}.get(kind, kind.lower())
    new = lambda units=6, layer=layer, **o: lambda: layer(units, **o)
    short = Real(6, 4)
    chain(name, short, new(), dense(4))
    chain(f"{name}_sequences", short, new(return_sequences=True), dense(3))
    chain(f"{name}_bidirectional", short, lambda new=new: L.Bidirectional(new(4)()), dense(4))
    if kind != "SimpleRNN":
        chain(f"{name}_stacked", short, new(return_sequences=True), new(5), dense(4))
        chain(f"{name}_masked", Padded(6, 4), lambda: L.Masking(), new(), dense(4))
        chain(f"{name}_sequences_unrolled", Real(4, 3), new(4, unroll=True, return_sequences=True), dense(3))
        chain(f"{name}_bidirectional_sequences", short, lambda new=new: L.Bidirectional(new(4, return_sequences=True)()), dense(3))
    chain(f"{name}_unrolled", Real(4, 3), new(4, unroll=True), dense(4))
chain("lstm_backwards", Real(6, 4), lambda: L.LSTM(6, go_backwards=True), dense(4))
chain("gru_reset_before", Real(6, 4), lambda: L.GRU(5, reset_after=False), dense(4))
chain("lstm_no_bias", Real(6, 4), lambda: L.LSTM(5, use_bias=False), dense(4))
case("lstm_state", Real(6, 4), lambda x: L.LSTM(5, return_state=True)(x)[1:])
chain("rnn_cell", Real(6, 4), lambda: L.RNN(L.GRUCell(5)), dense(4))
chain("stacked_rnn_cells", Real(5, 4), lambda: L.RNN(L.StackedRNNCells([L.LSTMCell(4), L.LSTMCell(4)])), dense(4))

# Attention.
case("attention", Real(8, 6), lambda x: L.Attention()([L.Dense(6)(x), L.Dense(6)(x)]))
case("attention_scaled", Real(8, 6), lambda x: L.Attention(use_scale=True)([L.Dense(6)(x), L.Dense(6)(x), L.Dense(4)(x)]))
case("attention_concat", Real(6, 6), lambda x: L.Attention(score_mode="concat")([L.Dense(6)(x), L.Dense(6)(x)]))
case("attention_causal", Real(8, 6), lambda x: L.Attention()([L.Dense(6)(x), L.Dense(6)(x)], use_causal_mask=True))
case("additive_attention", Real(6, 6), lambda x: L.AdditiveAttention()([L.Dense(6)(x), L.Dense(6)(x)]))
case("multi_head_attention", Real(8, 8), lambda x: L.MultiHeadAttention(2, 4)(x, x))
case("multi_head_attention_causal", Real(8, 8), lambda x: L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))
case("multi_head_cross_attention", [Real(5, 8), Real(7, 6)], lambda x, b: L.MultiHeadAttention(2, 4, value_dim=3)(x, b))
case("group_query_attention", Real(8, 8), lambda x: L.GroupQueryAttention(4, 4, 2)(x, x))

# Normalization.
chain("batch_normalization", ROW, dense(), lambda: L.BatchNormalization(), lambda: L.ReLU(), dense(4))
chain("batch_normalization_first", ROW, lambda: L.BatchNormalization(), dense(4))
chain("batch_normalization_conv", IMAGE, conv2(use_bias=False), lambda: L.BatchNormalization(), lambda: L.ReLU(6.0), gap2, dense(4))
chain("layer_normalization", ROW, dense(), lambda: L.LayerNormalization(), dense(4))
chain("layer_normalization_sequence", Real(6, 8), dense(), lambda: L.LayerNormalization(epsilon=1e-6))
chain("rms_normalization", Real(6, 8), dense(), lambda: L.RMSNormalization(), dense(4))
chain("group_normalization", Real(6, 6, 3), conv2(8), lambda: L.GroupNormalization(4), gap2, dense(4))
chain("instance_normalization", Real(6, 6, 3), conv2(4), lambda: L.GroupNormalization(-1), flatten, dense(4))
chain("unit_normalization", ROW, dense(), lambda: L.UnitNormalization(), dense(4))
chain("unit_normalization_last", ROW, dense(), lambda: L.UnitNormalization())

# Activations.
for name in sorted(n for n in dir(keras.activations) if not n.startswith("_") and n not in ["get", "serialize", "deserialize", "silu"]):
    function = getattr(keras.activations, name)
    chain(f"activation_{name}", ROW, dense(24), lambda function=function: L.Activation(function), dense(6))
for name in ["sigmoid", "tanh", "softmax", "log_softmax", "softplus", "elu", "exponential"]:
    chain(f"output_{name}", ROW, dense(6, activation=name))
chain("prelu", ROW, dense(12), lambda: L.PReLU(alpha_initializer="uniform"), dense(4))
chain("prelu_shared", IMAGE, conv2(), lambda: L.PReLU(alpha_initializer=keras.initializers.Constant(0.2), shared_axes=[1, 2]), gap2, dense(4))
chain("leaky_relu", ROW, dense(12), lambda: L.LeakyReLU(0.2), dense(4))
chain("elu", ROW, dense(12), lambda: L.ELU(0.7), dense(4))
chain("relu_max", ROW, dense(12), lambda: L.ReLU(max_value=1.5), dense(4))
chain("relu_threshold", ROW, dense(12), lambda: L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.3), dense(4))
chain("softmax", ROW, dense(6), lambda: L.Softmax())
chain("softmax_axis", Real(6, 5), dense(4), lambda: L.Softmax(axis=1))
chain("softmax_inner", Real(6, 5), dense(5), lambda: L.Softmax(), dense(4))

# Preprocessing.
chain("rescaling_signed", Bytes(6, 6, 3), lambda: L.Rescaling(1 / 127.5, offset=-1), conv2(activation="relu"), gap2, dense(4))
chain("normalization", Real(12, std=3.0), lambda: L.Normalization(mean=np.linspace(-2, 2, 12), variance=np.linspace(0.5, 9, 12)), dense(8, activation="relu"), dense(4))
chain("resizing", IMAGE, lambda: L.Resizing(4, 5), conv2(), gap2)
chain("resizing_nearest", Real(4, 4, 3), lambda: L.Resizing(8, 8, interpolation="nearest"), conv2(), gap2)
chain("center_crop", IMAGE, lambda: L.CenterCrop(4, 5), conv2(), gap2)
chain("discretization", ROW, lambda: L.Discretization([-1.0, -0.3, 0.2, 0.9]), lambda: L.Embedding(5, 4), flatten, dense(4))
chain("discretization_one_hot", Real(1), lambda: L.Discretization([-1.0, -0.3, 0.2, 0.9], output_mode="one_hot"), dense(4))
chain("category_encoding_one_hot", Ids(1, high=8, dtype="int32"), lambda: L.CategoryEncoding(8, "one_hot"), dense(4))
chain("category_encoding_multi_hot", Ids(5, high=8, dtype="int32"), lambda: L.CategoryEncoding(8, "multi_hot"), dense(4))
chain("category_encoding_count", Ids(5, high=8, dtype="int32"), lambda: L.CategoryEncoding(8, "count"), dense(4))
chain("hashing", Ids(4, high=50, dtype="int32"), lambda: L.Hashing(10), lambda: L.Embedding(10, 4), flatten, dense(4))
chain("integer_lookup", Ids(4, high=8, dtype="int32"), lambda: L.IntegerLookup(vocabulary=[2, 3, 5, 7]), lambda: L.Embedding(5, 4), flatten, dense(4))
chain("random_flip", IMAGE, lambda: L.RandomFlip(), lambda: L.RandomRotation(0.1), lambda: L.RandomContrast(0.2), conv2(), gap2)
chain("stft_spectrogram", Real(128, 1), lambda: L.STFTSpectrogram(frame_length=32, frame_step=16, fft_length=32, expand_dims=True), conv2(4), gap2)
chain("mel_spectrogram", Real(160), lambda: L.MelSpectrogram(fft_length=64, sequence_stride=32, sampling_rate=8000, num_mel_bins=8, max_freq=4000), flatten, dense(4))

# Reshaping.
chain("reshape", ROW, dense(12), lambda: L.Reshape((3, 4)), dense(4))
chain("reshape_open", Real(6, 4), dense(6), lambda: L.Reshape((-1, 3)), dense(4))
chain("permute", Real(6, 4), dense(5), lambda: L.Permute((2, 1)), dense(4))
chain("repeat_vector", ROW, dense(6), lambda: L.RepeatVector(3), dense(4))
chain("flatten", Real(4, 4, 3), conv2(3, 2), flatten, dense(4))
for d, shape, pre in [(1, Real(6, 4), conv1(4)), (2, Real(6, 6, 2), conv2(3)), (3, Real(3, 3, 3, 2), conv3(2))]:
    for kind, size in [("ZeroPadding", 1), ("Cropping", 1 if d < 3 else ((1, 0),) * 3), ("UpSampling", 2)]:
        new = lambda kind=kind, d=d, size=size: getattr(L, f"{kind}{d}D")(size)
        post = [conv1(4, 2), gap1] if d == 1 else [conv2(4, 2), gap2] if d == 2 else [conv3(2, 1), gap3]
        name = {"ZeroPadding": "zero_padding", "Cropping": "cropping", "UpSampling": "up_sampling"}[kind]
        chain(f"{name}{d}d", shape, pre, new, *post)
chain("up_sampling2d_bilinear", Real(4, 4, 3), conv2(3, padding="same"), lambda: L.UpSampling2D(2, interpolation="bilinear"), conv2(2, 1))
chain("zero_padding2d_uneven", Real(5, 5, 2), lambda: L.ZeroPadding2D(((0, 1), (2, 0))), conv2(4, strides=2), gap2)

# Merging.
for name, merge in [("concatenate", L.Concatenate), ("add", L.Add), ("subtract", L.Subtract), ("multiply", L.Multiply), ("average", L.Average), ("maximum", L.Maximum), ("minimum", L.Minimum)]:
    case(name, [Real(12), Real(10)], lambda x, b, merge=merge: L.Dense(4)(merge()([L.Dense(8)(x), L.Dense(8, activation="tanh")(b)])))
case("add_three", [Real(12), Real(10), Real(8)], lambda x, b, c: L.Add()([L.Dense(6)(x), L.Dense(6)(b), L.Dense(6)(c)]))
case("average_three", [Real(12), Real(10), Real(8)], lambda x, b, c: L.Average()([L.Dense(6)(x), L.Dense(6)(b), L.Dense(6)(c)]))
case("dot", [Real(12), Real(10)], lambda x, b: L.Dense(4)(L.Dot(axes=1)([L.Dense(8)(x), L.Dense(8)(b)])))
case("dot_cosine", [Real(12), Real(10)], lambda x, b: L.Dot(axes=1, normalize=True)([L.Dense(8)(x), L.Dense(8)(b)]))
case("dot_sequence", [Real(5, 6), Real(4, 6)], lambda x, b: L.Dot(axes=(2, 2))([x, b]))
case("concatenate_sequence", [Real(5, 6), Real(4, 6)], lambda x, b: L.Dense(3)(L.Concatenate(axis=1)([x, b])))
case("concatenate_sigmoid", Real(16), lambda x: L.Concatenate()([L.Dense(4)(x), L.Dense(4, activation="sigmoid")(x)]))

# Wrappers and masks.
chain("time_distributed", Real(5, 6), lambda: L.TimeDistributed(L.Dense(4, activation="relu")), dense(3))
chain("masking", Padded(6, 4), lambda: L.Masking(), dense(4), gap1)
chain("spatial_dropout2d", IMAGE, conv2(), lambda: L.SpatialDropout2D(0.3), gap2, dense(4))
case("embedding_masked", Ids(8, high=20), lambda x: L.Dense(4)(L.GlobalAveragePooling1D()(L.Embedding(20, 6, mask_zero=True)(x))))


# Blocks.
def conv_bn(x, n, k=3, s=1, activation="relu"):
    x = L.BatchNormalization()(L.Conv2D(n, k, strides=s, padding="same", use_bias=False)(x))
    return L.Activation(activation)(x) if activation else x


def residual(x):
    x = conv_bn(x, 6)
    y = conv_bn(conv_bn(x, 6), 6, activation=None)
    x = L.ReLU()(L.Add()([x, y]))
    y = conv_bn(conv_bn(x, 8, s=2), 8, activation=None)
    x = L.ReLU()(L.Add()([conv_bn(x, 8, 1, 2, None), y]))
    return L.Dense(4, activation="softmax")(L.GlobalAveragePooling2D()(x))


def squeeze_excite(x):
    x = conv_bn(x, 8)
    y = L.GlobalAveragePooling2D()(x)
    y = L.Dense(8, activation="sigmoid")(L.Dense(4, activation="relu")(y))
    x = L.Multiply()([x, L.Reshape((1, 1, 8))(y)])
    return L.Dense(4)(L.GlobalAveragePooling2D()(x))


def inverted_residual(x, activation="relu6"):
    x = conv_bn(x, 4, s=2, activation=activation)
    y = conv_bn(x, 12, 1, activation=activation)
    y = L.Activation(activation)(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
    x = L.Add()([x, conv_bn(y, 4, 1, activation=None)])
    return L.Dense(4)(L.GlobalAveragePooling2D()(x))


def transformer_encoder(x, heads=2, dim=8, causal=False):
    y = L.MultiHeadAttention(heads, dim // heads)(x, x, use_causal_mask=causal)
    x = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))
    y = L.Dense(dim)(L.Dense(2 * dim, activation="gelu")(x))
    return L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))


def tcn(x):
    x = L.Conv1D(8, 1)(x)
    for rate in [1, 2, 4]:
        y = L.Conv1D(8, 3, padding="causal", dilation_rate=rate, activation="relu")(x)
        y = L.Conv1D(8, 3, padding="causal", dilation_rate=rate, activation="relu")(y)
        x = L.ReLU()(L.Add()([x, y]))
    return L.Dense(4)(x[:, -1, :])


def u_net_upsampling(x):
    a = conv_bn(x, 4, activation="swish")
    b = conv_bn(L.MaxPooling2D(2)(a), 6, activation="swish")
    y = L.Concatenate()([a, L.UpSampling2D(2, interpolation="bilinear")(b)])
    return L.Conv2D(2, 1, activation="softmax")(conv_bn(y, 4, activation="swish"))


def yolo_head(x):
    """Boxes in pixels beside probabilities."""
    x = conv_bn(conv_bn(x, 6, s=2, activation="swish"), 8, activation="swish")
    boxes = L.Reshape((16, 4))(L.Conv2D(4, 1)(x))
    scores = L.Activation("sigmoid")(L.Reshape((16, 3))(L.Conv2D(3, 1)(x)))
    grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(1, 16, 2).astype(np.float32)
    center = (ops.sigmoid(boxes[..., :2]) + grid) * 8.0
    size = ops.exp(boxes[..., 2:]) * 12.0
    return L.Concatenate()([center, size, scores])


def dfl_head(x):
    """Distances as expectations of a softmax, as YOLOv8 has them."""
    x = conv_bn(x, 8, s=2, activation="swish")
    d = L.Softmax()(L.Reshape((16, 4, 8))(L.Conv2D(32, 1)(x)))
    distances = L.Reshape((16, 4))(L.Conv2D(1, 1, use_bias=False, kernel_initializer=lambda shape, dtype=None: np.arange(8, dtype=np.float32).reshape(shape), trainable=False)(d))
    scores = L.Activation("sigmoid")(L.Reshape((16, 2))(L.Conv2D(2, 1)(x)))
    return L.Concatenate()([distances * 8.0, scores])


def text_classifier(x):
    x = L.Embedding(40, 8)(x)
    a = L.GlobalMaxPooling1D()(L.Conv1D(6, 3, activation="relu")(x))
    b = L.GlobalMaxPooling1D()(L.Conv1D(6, 4, activation="relu")(x))
    return L.Dense(3, activation="softmax")(L.Concatenate()([a, b]))


def text_transformer(x):
    steps = ops.arange(10)
    x = L.Embedding(40, 8)(x) + L.Embedding(10, 8)(steps)
    return L.Dense(3, activation="softmax")(L.GlobalAveragePooling1D()(transformer_encoder(x)))


def conv_lstm_tagger(x):
    x = L.MaxPooling1D(2)(L.Conv1D(8, 3, padding="same", activation="relu")(x))
    return L.Dense(3, activation="softmax")(L.Bidirectional(L.LSTM(4, return_sequences=True))(x))


def autoencoder(x):
    y = L.Dense(4, activation="relu")(L.Dense(12, activation="relu")(x))
    return L.Dense(24)(L.Dense(12, activation="relu")(y))


def vae_encoder(x):
    x = L.Dense(12, activation="relu")(x)
    return [L.Dense(4)(x), L.Dense(4, activation="softplus")(x)]


def wavenet(x):
    skips = []
    x = L.Conv1D(6, 1)(x)
    for rate in [1, 2]:
        t = L.Conv1D(6, 2, padding="causal", dilation_rate=rate, activation="tanh")(x)
        s = L.Conv1D(6, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        y = L.Multiply()([t, s])
        skips.append(L.Conv1D(6, 1)(y))
        x = L.Add()([x, L.Conv1D(6, 1)(y)])
    return L.Conv1D(3, 1)(L.ReLU()(L.Add()(skips)))


def vision_transformer(x):
    x = L.Reshape((16, 8))(L.Conv2D(8, 2, strides=2)(x))
    x = x + L.Embedding(16, 8)(ops.arange(16))
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = x + L.MultiHeadAttention(2, 4)(y, y)
    y = L.LayerNormalization(epsilon=1e-6)(x)
    x = x + L.Dense(8)(L.Dense(16, activation="gelu")(y))
    return L.Dense(4)(L.GlobalAveragePooling1D()(L.LayerNormalization(epsilon=1e-6)(x)))


def mlp_mixer(x):
    x = L.Reshape((16, 6))(L.Conv2D(6, 2, strides=2)(x))
    y = L.Permute((2, 1))(L.LayerNormalization()(x))
    x = x + L.Permute((2, 1))(L.Dense(16)(L.Dense(8, activation="gelu")(y)))
    x = x + L.Dense(6)(L.Dense(12, activation="gelu")(L.LayerNormalization()(x)))
    return L.Dense(4)(L.GlobalAveragePooling1D()(x))


def inception(x):
    a = conv_bn(x, 4, 1)
    b = conv_bn(conv_bn(x, 3, 1), 4)
    c = conv_bn(L.AveragePooling2D(3, 1, "same")(x), 3, 1)
    d = L.MaxPooling2D(3, 1, "same")(x)
    return L.Dense(4)(L.GlobalAveragePooling2D()(L.Concatenate()([a, b, c, d])))


def wide_and_deep(x, b):
    wide = L.Dense(1)(x)
    deep = L.Dense(1)(L.Dense(8, activation="relu")(L.Concatenate()([x, L.Flatten()(L.Embedding(10, 3)(b))])))
    return L.Activation("sigmoid")(L.Add()([wide, deep]))


def highway(x):
    x = L.Dense(10, activation="relu")(x)
    for _ in range(2):
        gate = L.Dense(10, activation="sigmoid")(x)
        x = gate * L.Dense(10, activation="relu")(x) + (1.0 - gate) * x
    return L.Dense(4)(x)


def gated_mlp(x):
    return L.Dense(4)(L.Dense(10)(x) * L.Dense(10, activation="silu")(x))


def convnext(x):
    x = L.Conv2D(6, 2, strides=2)(x)
    y = L.LayerNormalization(epsilon=1e-6)(L.DepthwiseConv2D(3, padding="same")(x))
    y = L.Dense(6)(L.Dense(12, activation="gelu")(y))
    return L.Dense(4)(L.GlobalAveragePooling2D()(x + y))


SMALL = Real(8, 8, 2)
for name, inputs, build in [
    ("residual", SMALL, residual), ("squeeze_excite", SMALL, squeeze_excite),
    ("inverted_residual_hard_swish", SMALL, lambda x: inverted_residual(x, "hard_swish")),
    ("transformer_encoder", Real(8, 8), transformer_encoder),
    ("transformer_decoder", Real(8, 8), lambda x: transformer_encoder(x, causal=True)),
    ("tcn", Real(16, 4), tcn),
    ("u_net_upsampling", SMALL, u_net_upsampling),
    ("yolo_head", SMALL, yolo_head), ("dfl_head", SMALL, dfl_head),
    ("text_classifier", Ids(10, high=40), text_classifier), ("text_transformer", Ids(10, high=40), text_transformer),
    ("conv_lstm_tagger", Real(12, 4), conv_lstm_tagger), ("autoencoder", Real(24), autoencoder),
    ("vae_encoder", Real(16), vae_encoder), ("wavenet", Real(10, 3), wavenet),
    ("vision_transformer", SMALL, vision_transformer), ("mlp_mixer", SMALL, mlp_mixer),
    ("inception", SMALL, inception),
    ("wide_and_deep", [Real(8), Ids(2, high=10)], wide_and_deep), ("highway", Real(12), highway),
    ("gated_mlp", Real(12), gated_mlp), ("convnext", SMALL, convnext),
]:
    case(f"block_{name}", inputs, build)


def model_of(name, batch):
    """The Keras model; moving statistics and biases are not those of a fresh one."""
    inputs, build = CASES[name]
    seed = zlib.crc32(name.encode())
    keras.utils.set_random_seed(seed)
    symbols = [keras.Input(i.shape, batch, name=n, dtype=i.dtype) for i, n in zip(inputs, "xbc")]
    model = keras.Model(symbols, build(*symbols))
    rng = np.random.default_rng(seed)
    for w in model.weights:
        if "moving_variance" in w.path or "/gamma" in w.path or w.path.endswith("/scale"):
            w.assign(rng.uniform(0.5, 2.0, w.shape))
        elif any(part in w.path for part in ["moving_mean", "/bias", "/beta"]):
            w.assign(rng.normal(0, 0.3, w.shape))
    count = 24 if sum(np.prod(i.shape) for i in inputs) > 64 else 96
    samples = {n: i.sample(rng, count + EVALUATION) for i, n in zip(inputs, "xbc")}
    return model, samples


def convert(model, samples=None):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if samples is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ({n: x[i : i + 1] for n, x in samples.items()} for i in range(calibration(samples)))
    return converter.convert()


def runner_of(model, kernels):
    return Interpreter(model_content=model, experimental_op_resolver_type=kernels).get_signature_runner("serving_default")


def run(model, samples, rows):
    """Outputs by name."""
    try:
        runner = runner_of(model, OpResolverType.BUILTIN_REF)
    except ValueError:
        # The reference kernels have no ELU.
        runner = runner_of(model, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    results = {}
    for row in rows:
        for name, y in runner(**{n: x[row : row + 1] for n, x in samples.items()}).items():
            results.setdefault(name, []).append(y)
    return {n: np.concatenate(y) for n, y in results.items()}


def float_operators(model):
    """Operators of a quantized model that compute real numbers in float."""
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    tensors = {t["index"]: t["dtype"] for t in interpreter.get_tensor_details()}
    found = set()
    for op in interpreter._get_ops_details():
        real = [tensors.get(i) == np.float32 for i in op["outputs"]]
        if any(real) and op["op_name"] not in ["DEQUANTIZE", "QUANTIZE", "DELEGATE"]:
            found.add(op["op_name"])
    return sorted(found)


def sqnr(want, got):
    want, got = want.astype(np.float64), got.astype(np.float64)
    noise = np.mean((want - got) ** 2)
    return round(float(10 * np.log10(np.mean(want**2) / noise)), 2) if noise else 200.0


def first_line(error):
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return (lines or [repr(error)])[0][:200]


def make_float(name):
    failure = None
    for batch in [None, 1]:
        try:
            model, samples = model_of(name, batch)
            content = convert(model)
            break
        except Exception as error:
            # The message of the batch that users have.
            failure = failure or error
    else:
        raise failure
    real = run(content, samples, range(calibration(samples), calibration(samples) + RECORDED))
    arrays = {"model": np.frombuffer(content, np.uint8)}
    for n, x in samples.items():
        arrays[f"calibration:{n}"], arrays[f"evaluation:{n}"] = x[:-EVALUATION], x[-EVALUATION:]
    arrays |= {f"out:{n}": y for n, y in real.items()}
    np.savez_compressed(f"{FOLDER}/{name}.npz", **arrays)
    return {"batch": batch, "inputs": {n: [str(x.dtype), list(x.shape[1:])] for n, x in samples.items()}, "outputs": list(real)}


def make_int8(name, batch):
    model, samples = model_of(name, batch)
    rows = range(calibration(samples), calibration(samples) + EVALUATION)
    real = run(np.load(f"{FOLDER}/{name}.npz")["model"].tobytes(), samples, rows)
    int8 = convert(model, samples)
    got = run(int8, samples, rows)
    return {"converter_db": {n: sqnr(y, got[n]) for n, y in real.items()}, "float_operators": float_operators(int8)}


def apart(function, *arguments):
    """In a process of its own, for the converter's calibrator crashes at loops."""

    def work(results):
        try:
            results.put(function(*arguments))
        except Exception as error:
            results.put(first_line(error))

    results = FORK.SimpleQueue()
    process = FORK.Process(target=work, args=(results,))
    process.start()
    process.join()
    return "the converter crashes" if results.empty() else results.get()


def main(names):
    os.makedirs(FOLDER, exist_ok=True)
    path = f"{FOLDER}/index.json"
    index = json.load(open(path)) if os.path.exists(path) else {"cases": {}, "not_converted": {}}
    for name in names or CASES:
        for part in index.values():
            part.pop(name, None)
        entry = apart(make_float, name)
        if isinstance(entry, str):
            index["not_converted"][name] = entry
        else:
            int8 = apart(make_int8, name, entry["batch"])
            index["cases"][name] = entry | ({"converter_error": int8} if isinstance(int8, str) else int8)
        print(name, entry if isinstance(entry, str) else index["cases"][name], file=sys.stderr, flush=True)
        with open(path, "w") as file:
            parts = {k: ",\n".join(f"  {json.dumps(n)}: {json.dumps(e)}" for n, e in sorted(v.items())) for k, v in index.items()}
            file.write("{\n" + ",\n".join(f' "{k}": {{\n{v}\n }}' for k, v in parts.items()) + "\n}\n")


def unpack(name):
    record = np.load(f"{FOLDER}/{name}.npz")
    with open(f"{name}.tflite", "wb") as file:
        file.write(record["model"].tobytes())
    for part in ["calibration", "evaluation"]:
        np.savez(f"{name}_{part}.npz", **{n.removeprefix(f"{part}:"): record[n] for n in record if n.startswith(part)})


if __name__ == "__main__":
    names = [a for a in sys.argv[1:] if not a.startswith("-")]
    if "--list" in sys.argv:
        print("\n".join(CASES))
    elif "--unpack" in sys.argv:
        for name in names:
            unpack(name)
    else:
        main(names)
