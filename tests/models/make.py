"""Makes the operator models of this folder and records the reference runs.

    python -m venv venv
    venv/bin/pip install tensorflow-cpu==2.21 ai-edge-litert==2.3.0
    venv/bin/pip install tf-keras==2.21.0   # fused LSTM layers
    venv/bin/pip install --pre tflite-micro==0.dev20261023182759
    venv/bin/python make.py          # everything but kws
    venv/bin/python make.py ops      # all operator cases; names make some of them
    venv/bin/python make.py files    # those that files.py writes
    venv/bin/python make.py kws      # kws_real_f32.npz, which needs ../../../shared

For every case: `<name>_f32.tflite` and `<name>_i8.tflite` by the TensorFlow Lite
converter, and `<name>.npz` with
  float:x, float:y   runs of the float model by LiteRT's reference kernels
  in:x, out:y        runs of the int8 model by TensorFlow Lite Micro (key
                     `reference` says so) or, where it lacks an operator, by
                     LiteRT's reference kernels
All inputs are seeded.
"""

import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
import tf_keras
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro import runtime

import control
import operator_files
import signal_files
from files import FILES, FLOAT

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = 6
# Of the float samples: the first are for calibration, the others measure.
CALIBRATION, MEASURED = 40, 20
rng = np.random.default_rng(20)


def weights(*shape):
    return tf.constant(rng.normal(0, 0.5, shape).astype(np.float32))


W = {
    "dense": weights(12, 10), "dense_bias": weights(10), "alpha": weights(1, 1, 6),
    "row": weights(6), "column": weights(5, 1), "one": tf.constant(0.7),
    "depthwise": weights(3, 3, 4, 2), "depthwise_bias": weights(8),
    "conv": weights(3, 3, 4, 5), "conv_bias": weights(5),
    "conv1": weights(1, 1, 6, 8), "strided": weights(3, 2, 4, 6),
    "picture": weights(3, 3, 3, 4), "up": weights(3, 3, 4, 5), "up_bias": weights(4),
    "grouped": weights(3, 3, 2, 9), "depthwise1": weights(3, 3, 1, 6), "batches": weights(2, 5, 3),
    "stream": weights(24, 5),
}

def framed_twice(x):
    """Two readers of one padded image."""
    return tf.nn.conv2d(x, W["conv"], 1, "VALID") + tf.nn.conv2d(x, W["conv"][:, :, :, ::-1], 1, "VALID")


F32, I32, BOOL = tf.float32, tf.int32, tf.bool


class Input:
    """An input: its shape, its type and the range of its values."""

    def __init__(self, *shape, dtype=F32, low=None, high=None, std=1.5):
        self.shape, self.dtype, self.low, self.high, self.std = shape, dtype, low, high, std

    def sample(self, runs=None):
        shape = self.shape if runs is None else (runs, *self.shape)
        if self.dtype == BOOL:
            return rng.integers(0, 2, shape).astype(bool)
        if self.dtype == I32:
            return rng.integers(self.low, self.high, shape, dtype=np.int32)
        if self.low is not None:
            return rng.uniform(self.low, self.high, shape).astype(np.float32)
        return rng.normal(0, self.std, shape).astype(np.float32)


def pos(*shape):
    return Input(*shape, low=0.05, high=4.0)


def idx(*shape, high):
    return Input(*shape, dtype=I32, low=0, high=high)


def whole(*shape, low, high):
    return Input(*shape, dtype=I32, low=low, high=high)


def flag(*shape):
    return Input(*shape, dtype=BOOL)


def unary(function):
    """Three ranks and ranges of one elementwise function."""
    return {"": (function, [(1, 64)]), "_4d": (function, [Input(1, 3, 4, 5, std=0.4)]), "_3d": (function, [Input(2, 7, 5, std=4.0)])}


def positive(function):
    return {"": (function, [pos(1, 64)]), "_4d": (function, [Input(1, 3, 4, 5, low=0.5, high=9.0)])}


def binary(function, second=lambda *shape: Input(*shape)):
    """Equal shapes, rows, columns, a number, and more dimensions on one side."""
    return {
        "": (function, [(1, 3, 4, 5), second(1, 3, 4, 5)]),
        "_row": (function, [(1, 3, 4, 5), second(5)]),
        "_column": (function, [(2, 4, 6), second(4, 1)]),
        "_outer": (function, [(1, 6, 1), second(1, 1, 5)]),
        "_number": (function, [(1, 30), second(1, 1)]),
    }


def reduction(function):
    return {
        "_last": (lambda x: function(x, [-1], False), [(1, 5, 4, 6)]),
        "_keep": (lambda x: function(x, [1, 2], True), [(1, 5, 4, 6)]),
        "_mixed": (lambda x: function(x, [1, 3], False), [(1, 5, 4, 6)]),
        "_first": (lambda x: function(x, [1], False), [(2, 5, 3)]),
        "_all": (lambda x: function(x, [0, 1, 2], False), [Input(1, 2, 5, std=0.8)]),
    }


def quantized(x):
    """Keeps what is next to it from being the model's input or output."""
    return tf.nn.relu(x)


# Name: (function, inputs). A shape is a float input.
CASES = {
    "pad": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [2, 0]]), [(1, 4, 3, 2)]),
    "pad_conv": (lambda x: tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), W["conv"], 2, "VALID"), [(1, 6, 6, 4)]),
    "max_pool": (lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), [(1, 7, 6, 5)]),
    "average_pool": (lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), [(1, 7, 6, 5)]),
    "mean_keep": (lambda x: tf.reduce_mean(x, [1, 2], keepdims=True), [(1, 5, 4, 6)]),
    "mean_channels": (lambda x: tf.reduce_mean(x, [3]), [(1, 5, 4, 6)]),
    "mean_mixed": (lambda x: tf.reduce_mean(x, [1, 3]), [(1, 5, 4, 6)]),
    "relu": (lambda x: tf.nn.relu(x), [(1, 40)]),
    "relu6": (lambda x: tf.nn.relu6(x * 3.0), [(1, 40)]),
    "hard_swish": (lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0), [(1, 64)]),
    "leaky_relu": (lambda x: tf.nn.leaky_relu(x, 0.15), [(1, 64)]),
    "prelu": (lambda x: tf.nn.relu(x) + -W["alpha"] * tf.nn.relu(-x), [(1, 3, 4, 6)]),
    "elu": (lambda x: tf.nn.elu(x), [(1, 64)]),
    "gelu": (lambda x: tf.nn.gelu(x), [(1, 64)]),
    "gelu_approximate": (lambda x: tf.nn.gelu(x, approximate=True), [(1, 64)]),
    "logistic": (lambda x: tf.nn.sigmoid(x), [(1, 64)]),
    "tanh": (lambda x: tf.nn.tanh(x), [(1, 64)]),
    "softmax": (lambda x: tf.nn.softmax(x), [(1, 3, 17)]),
    "softmax_flat": (lambda x: tf.nn.softmax(x * 0.01), [(1, 8)]),
    "add_row": (lambda x: x + W["row"], [(1, 5, 6)]),
    "add_column": (lambda x: tf.nn.relu(x + W["column"]), [(1, 5, 6)]),
    "add_self": (lambda x: x + x, [(1, 5, 6)]),
    "sub_one": (lambda x: W["one"] - x, [(1, 5, 6)]),
    "sub_outer": (lambda x: tf.reshape(x, (1, 5, 1)) - tf.reshape(x, (1, 1, 5)), [(1, 5)]),
    "mul_column": (lambda x: x * W["column"], [(1, 5, 6)]),
    "mul_self": (lambda x: x * x, [(1, 5, 6)]),
    "concat_inner": (lambda x: tf.concat([tf.nn.relu(x), x * 3.0, x], 2), [(1, 3, 4, 2)]),
    "concat_channels": (lambda x: tf.concat([tf.nn.relu(x), x * 0.3], 3), [(1, 3, 4, 2)]),
    "squeeze": (lambda x: tf.squeeze(tf.nn.max_pool2d(x, (4, 1), 1, "VALID"), [1]), [(1, 4, 3, 2)]),
    "expand_dims": (lambda x: tf.expand_dims(tf.nn.relu(x), 1), [(1, 3, 2)]),
    "conv": (lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, W["conv"], 1, "SAME"), W["conv_bias"])), [(1, 6, 5, 4)]),
    "conv_dilated": (lambda x: tf.nn.relu6(tf.nn.conv2d(x, W["conv"], 1, "SAME", dilations=2)), [(1, 7, 7, 4)]),
    "conv_strided": (lambda x: tf.nn.conv2d(x, W["strided"], [1, 3, 2, 1], "VALID"), [(1, 9, 8, 4)]),
    "conv_1x1": (lambda x: tf.nn.conv2d(x, W["conv1"], 1, "VALID"), [(1, 3, 4, 6)]),
    "depthwise": (lambda x: tf.nn.bias_add(tf.nn.depthwise_conv2d(x, W["depthwise"], [1, 2, 2, 1], "SAME"), W["depthwise_bias"]), [(1, 7, 6, 4)]),
    "dense": (lambda x: tf.nn.relu(tf.matmul(x, W["dense"]) + W["dense_bias"]), [(1, 12)]),
    "dense_rows": (lambda x: tf.matmul(x, W["dense"]), [(1, 7, 12)]),
    "residual": (lambda x: tf.nn.relu(x + tf.nn.conv2d(tf.nn.relu(x), W["conv"][..., :4], 1, "SAME")), [(1, 5, 5, 4)]),
}


def family(name, cases):
    for suffix, case in cases.items():
        CASES[name + suffix] = case


R = tf.raw_ops
for name, function in {
    "abs": tf.abs, "neg": tf.negative, "sin": tf.sin, "cos": tf.cos, "square": tf.square, "floor": tf.floor,
    "ceil": tf.math.ceil, "round": tf.round, "sign": tf.sign, "exp": tf.exp,
    "relu_n1_to_1": lambda x: tf.clip_by_value(x, -1.0, 1.0), "relu_0_to_1": lambda x: tf.clip_by_value(x, 0.0, 1.0),
    "pow_square": lambda x: tf.pow(x, 2.0), "pow_cube": lambda x: tf.pow(x, 3.0),
    "chain": lambda x: tf.sin(tf.floor(x) * 0.5) + 0.25,
}.items():
    family(name, unary(function))
for name, function in {"sqrt": tf.sqrt, "rsqrt": tf.math.rsqrt, "log": tf.math.log, "pow_half": lambda x: tf.pow(x, 1.7)}.items():
    family(name, positive(function))
for name, function in {
    "maximum": tf.maximum, "minimum": tf.minimum, "squared_difference": tf.math.squared_difference, "add": tf.add,
    "sub": tf.subtract, "mul": tf.multiply,
    "equal": tf.equal, "not_equal": tf.not_equal, "greater": tf.greater, "greater_equal": tf.greater_equal,
    "less": tf.less, "less_equal": tf.less_equal,
}.items():
    family(name, binary(function))
family("div", binary(tf.divide, lambda *s: Input(*s, low=0.5, high=3.0)))
family("floor_div", binary(tf.math.floordiv, lambda *s: Input(*s, low=0.5, high=3.0)))
for name, function in {
    "sum": tf.reduce_sum, "reduce_max": tf.reduce_max, "reduce_min": tf.reduce_min, "mean": tf.reduce_mean,
}.items():
    family(name, reduction(lambda x, a, k, f=function: f(x, a, keepdims=k)))
family("reduce_prod", {
    "_last": (lambda x: tf.reduce_prod(x, -1), [(1, 4, 5, 3)]), "_keep": (lambda x: tf.reduce_prod(x, 1, keepdims=True), [Input(2, 4, 3, std=1.0)]),
    "_two": (lambda x: tf.reduce_prod(x, [1, 2]), [Input(1, 2, 3, 6, std=1.0)])})
BLOCK = {"x": (1, 4, 5, 6)}
CASES |= {
    "maximum_constant": (lambda x: tf.maximum(x, 0.3), [(1, 30)]),
    "minimum_row": (lambda x: tf.minimum(x, W["row"]), [(1, 5, 6)]),
    "greater_constant": (lambda x: tf.greater(x, 0.3), [(1, 30)]),
    "equal_i32": (lambda x, b: tf.equal(x, b), [idx(1, 20, high=4), idx(1, 20, high=4)]),
    "less_i32": (lambda x, b: tf.less(x, b), [idx(4, 5, high=9), idx(1, 5, high=9)]),
    "add_i32": (lambda x, b: tf.gather(W["dense"], x + b), [idx(1, 6, high=5), idx(1, 1, high=5)]),
    "sub_i32": (lambda x: (7 - x) * tf.constant([[2], [-3]]), [idx(1, 5, high=9)]),
    "logical_and": (lambda x, b: tf.logical_and(x, b), [flag(1, 20), flag(1, 20)]),
    "logical_or": (lambda x, b: tf.logical_or(x, b), [flag(4, 5), flag(1, 5)]),
    "logical_not": (lambda x: tf.logical_not(x), [flag(1, 20)]),
    "logical_mask": (lambda x, b: tf.logical_and(tf.greater(x, 0.2), tf.logical_not(tf.less(b, 0.1))), [(1, 30), (1, 30)]),
    "select": (lambda c, x, b: R.Select(condition=c, x=x, y=b), [flag(3, 4), (3, 4), (3, 4)]),
    "select_rows": (lambda c, x, b: R.Select(condition=c, x=x, y=b), [flag(3), (3, 4), (3, 4)]),
    "select_v2": (lambda c, x, b: tf.where(c, x, b), [flag(1, 5, 1), (2, 5, 3), (3,)]),
    "select_computed": (lambda x, b: tf.where(x > b, x * 2.0, b), [(1, 40), (1, 40)]),
    "select_constant": (lambda x: tf.where(x > 0.5, x, 0.5), [(1, 40)]),
    "add_n": (lambda x, b, c: tf.add_n([x, b, c]), [(1, 5, 4), (1, 5, 4), (1, 5, 4)]),
    "cumsum": (lambda x: tf.cumsum(x, 1), [(1, 6, 3)]),
    "cumsum_exclusive": (lambda x: tf.cumsum(x, -1, exclusive=True), [(2, 3, 5)]),
    "cumsum_reverse": (lambda x: tf.cumsum(x, 1, reverse=True), [(1, 5, 2, 3)]),
    "log_softmax": (lambda x: tf.nn.log_softmax(x), [(1, 12)]),
    "log_softmax_rows": (lambda x: tf.nn.log_softmax(x), [Input(2, 3, 30, std=3.0)]),
    "log_softmax_flat": (lambda x: tf.nn.log_softmax(x), [Input(1, 5, std=0.05)]),
    "l2_norm": (lambda x: tf.math.l2_normalize(x, -1), [(1, 20)]),
    "l2_norm_rows": (lambda x: tf.math.l2_normalize(x, -1), [Input(1, 3, 4, 7, std=0.2)]),
    "transpose_matrix": (lambda x: tf.transpose(x, [0, 2, 1]), [(1, 5, 7)]),
    "transpose_nchw": (lambda x: tf.transpose(x, [0, 3, 1, 2]), [(1, 4, 5, 3)]),
    "transpose_5d": (lambda x: tf.transpose(x, [4, 2, 0, 3, 1]), [(2, 3, 2, 4, 3)]),
    "strided_slice": (lambda x: x[:, 1:4:2, ::3], [(1, 5, 7)]),
    "strided_slice_negative": (lambda x: x[:, ::-1, 4:0:-2], [(1, 5, 6)]),
    "strided_slice_shrink": (lambda x: x[:, 2, -1], [(1, 5, 6, 3)]),
    "strided_slice_new": (lambda x: x[:, tf.newaxis, ..., 1:3], [(1, 5, 6)]),
    "strided_slice_ellipsis": (lambda x: x[..., 0, 1:], [(1, 3, 4, 5)]),
    "slice": (lambda x: tf.slice(x, [0, 1, 2], [1, 3, -1]), [(1, 5, 6)]),
    "slice_4d": (lambda x: tf.slice(x, [0, 1, 0, 2], [1, 2, 3, 3]), [(1, 4, 3, 5)]),
    "split": (lambda x: tuple(tf.split(x, 3, 2)), [(1, 4, 6)]),
    "split_channels": (lambda x: tuple(tf.split(x, 2, -1)), [(1, 3, 4, 8)]),
    "split_v": (lambda x: tuple(tf.split(x, [1, 3, 2], 1)), [(1, 6, 5)]),
    "split_v_rest": (lambda x: tuple(tf.split(x, [2, -1], 2)), [(1, 3, 7)]),
    "pack": (lambda x, b: tf.stack([x, b], 1), [(1, 4, 3), (1, 4, 3)]),
    "pack_last": (lambda x, b: tf.stack([x, b, x], -1), [(1, 5), (1, 5)]),
    "unpack": (lambda x: tuple(tf.unstack(x, axis=1)), [(1, 3, 4)]),
    "unpack_last": (lambda x: tuple(tf.unstack(x, axis=-1)), [(2, 5, 2)]),
    "gather": (lambda x: tf.gather(x, [3, 0, 0, 2], axis=1), [(1, 5, 6)]),
    "gather_last": (lambda x: tf.gather(x, [5, 1], axis=-1), [(1, 3, 4, 6)]),
    "gather_run_time": (lambda x, i: tf.gather(x, i, axis=1), [(1, 7, 3), idx(4, high=7)]),
    "gather_batch": (lambda x, i: tf.gather(x, i, axis=1, batch_dims=1), [(2, 7, 3), idx(2, 4, high=7)]),
    "gather_nd": (lambda x: tf.gather_nd(x, [[0, 2], [0, 1], [0, 4]]), [(1, 5, 6)]),
    "gather_nd_run_time": (lambda x, i: tf.gather_nd(x, i), [(4, 5, 3), idx(6, 2, high=4)]),
    "embedding": (lambda i: tf.nn.embedding_lookup(W["dense"], i), [idx(1, 7, high=12)]),
    "pad_v2": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [2, 0]], constant_values=0.7), [(1, 4, 3, 2)]),
    "pad_v2_flat": (lambda x: tf.pad(x, [[0, 0], [2, 1]], constant_values=-1.0), [(1, 9)]),
    "pad_5d": (lambda x: tf.pad(x, [[0, 0], [1, 0], [0, 0], [0, 2], [0, 0]]), [(1, 2, 3, 2, 4)]),
    "mirror_pad_reflect": (lambda x: tf.pad(x, [[0, 0], [1, 2], [2, 1], [0, 0]], "REFLECT"), [(1, 4, 3, 2)]),
    "mirror_pad_symmetric": (lambda x: tf.pad(x, [[0, 0], [3, 2], [1, 1]], "SYMMETRIC"), [(1, 4, 3)]),
    "tile": (lambda x: tf.tile(x, [1, 2, 3]), [(1, 4, 3)]),
    "tile_4d": (lambda x: tf.tile(x, [1, 1, 2, 2]), [(1, 3, 2, 4)]),
    "broadcast_to": (lambda x: tf.broadcast_to(x, [2, 4, 5]), [(1, 4, 1)]),
    "broadcast_to_rank": (lambda x: tf.broadcast_to(x, [1, 3, 4, 5]), [(4, 5)]),
    "reverse": (lambda x: tf.reverse(x, [1]), [(1, 5, 3)]),
    "reverse_two": (lambda x: R.ReverseV2(tensor=x, axis=[1, 2]), [(1, 3, 2, 4)]),
    "space_to_depth": (lambda x: tf.nn.space_to_depth(x, 2), [(1, 4, 6, 3)]),
    "depth_to_space": (lambda x: tf.nn.depth_to_space(x, 2), [(1, 2, 3, 12)]),
    "space_to_batch": (lambda x: tf.space_to_batch(x, [2, 2], [[0, 0], [1, 1]]), [(1, 4, 4, 3)]),
    "space_to_batch_batch": (lambda x: tf.space_to_batch(x, [2, 3], [[1, 0], [0, 2]]), [(2, 3, 4, 2)]),
    "batch_to_space": (lambda x: tf.batch_to_space(x, [2, 2], [[0, 0], [0, 0]]), [(4, 2, 3, 3)]),
    "batch_to_space_crop": (lambda x: tf.batch_to_space(x, [2, 2], [[1, 0], [0, 1]]), [(8, 3, 3, 2)]),
    "resize_bilinear": (lambda x: R.ResizeBilinear(images=x, size=[7, 9]), [(1, 4, 5, 3)]),
    "resize_bilinear_corners": (lambda x: R.ResizeBilinear(images=x, size=[8, 6], align_corners=True), [(1, 4, 5, 3)]),
    "resize_bilinear_centers": (lambda x: R.ResizeBilinear(images=x, size=[9, 3], half_pixel_centers=True), [(2, 4, 5, 3)]),
    "resize_nearest": (lambda x: R.ResizeNearestNeighbor(images=x, size=[7, 9]), [(1, 4, 5, 3)]),
    "resize_nearest_corners": (lambda x: R.ResizeNearestNeighbor(images=x, size=[8, 6], align_corners=True), [(1, 4, 5, 3)]),
    "resize_nearest_centers": (lambda x: R.ResizeNearestNeighbor(images=x, size=[9, 3], half_pixel_centers=True), [(2, 4, 5, 3)]),
    "cast_index": (lambda i: tf.cast(i, F32) * 0.25, [idx(1, 12, high=9)]),
    "cast_mask": (lambda x: tf.cast(x > 0.3, F32) * x, [(1, 30)]),
    "cast_integer": (lambda x: tf.cast(x * 4.0, I32), [(1, 30)]),
    "cast_flag": (lambda c: tf.cast(c, F32) + 0.5, [flag(1, 12)]),
    "shape_reshape": (lambda x: tf.reshape(quantized(x), tf.stack([tf.shape(x)[0], tf.shape(x)[2] * 2, -1])), [(1, 4, 6)]),
    "fill_add": (lambda x: x + tf.fill([1, 5], 0.4), [(1, 5)]),
    "one_hot": (lambda i: tf.one_hot(i, 5), [idx(1, 6, high=5)]),
    "one_hot_axis": (lambda i: tf.one_hot(i, 4, 0.75, -0.25, axis=1), [idx(1, 6, high=4)]),
    "arg_max": (lambda x: tf.argmax(x, -1, output_type=I32), [(1, 5, 12)]),
    "arg_max_inner": (lambda x: tf.argmax(x, 1, output_type=I32), [(1, 5, 4, 3)]),
    "arg_max_i64": (lambda x: tf.argmax(x, 1), [(1, 9)]),
    "arg_min": (lambda x: tf.argmin(x, 2, output_type=I32), [(2, 5, 4)]),
    "arg_min_flat": (lambda x: tf.argmin(x, -1, output_type=I32), [(1, 30)]),
    "topk": (lambda x: tuple(tf.math.top_k(x, 4)), [(1, 17)]),
    "topk_rows": (lambda x: tuple(tf.math.top_k(x, 2)), [(2, 3, 9)]),
    "where_static": (lambda x: tf.gather_nd(x, tf.where(tf.constant([[True, False, True, True]]))), [(1, 4, 3)]),
    "transpose_conv": (lambda x: tf.nn.conv2d_transpose(x, W["up"], (1, 8, 6, 4), 2, "SAME"), [(1, 4, 3, 5)]),
    "transpose_conv_valid": (lambda x: tf.nn.conv2d_transpose(x, W["up"], (1, 6, 7, 4), [1, 1, 2, 1], "VALID"), [(1, 4, 3, 5)]),
    "transpose_conv_bias": (lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d_transpose(x, W["up"], (1, 12, 9, 4), 3, "SAME"), W["up_bias"])), [(1, 4, 3, 5)]),
    "mediapipe_transpose": (lambda x: tf.nn.bias_add(tf.nn.conv2d_transpose(x, W["up"], (1, 8, 6, 4), 2, "SAME"), W["up_bias"]), [(1, 4, 3, 5)]),
    "mediapipe_transpose_valid": (lambda x: tf.nn.bias_add(tf.nn.conv2d_transpose(x, W["up"], (1, 9, 7, 4), 2, "VALID"), W["up_bias"]), [(1, 4, 3, 5)]),
    "conv_framed": (lambda x: tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]]), W["conv"], 2, "VALID"), [(1, 6, 5, 4)]),
    "conv_framed_twice": (lambda x: framed_twice(tf.pad(x, [[0, 0], [1, 2], [0, 1], [0, 0]])), [(1, 6, 5, 4)]),
    "depthwise_framed": (lambda x: tf.nn.depthwise_conv2d(tf.pad(x, [[0, 0], [2, 1], [1, 1], [0, 0]]), W["depthwise"], [1, 1, 1, 1], "VALID"), [(1, 6, 5, 4)]),
    "conv_grouped": (lambda x: tf.nn.conv2d(x, W["grouped"], 1, "SAME"), [(1, 5, 6, 6)]),
    "conv_grouped_strided": (lambda x: tf.nn.relu(tf.nn.conv2d(x, W["grouped"], 2, "VALID")), [(1, 7, 6, 6)]),
    "depthwise_dilated": (lambda x: tf.nn.depthwise_conv2d(x, W["depthwise"], [1, 1, 1, 1], "SAME", dilations=[2, 2]), [(1, 7, 6, 4)]),
    "depthwise_multiplier": (lambda x: tf.nn.depthwise_conv2d(x, W["depthwise1"], [1, 1, 1, 1], "VALID"), [(1, 5, 5, 1)]),
    "batch_matmul": (lambda x, b: tf.matmul(x, b), [(2, 4, 5), (2, 5, 3)]),
    "batch_matmul_adjoint": (lambda x, b: tf.matmul(x, b, transpose_b=True), [(1, 2, 4, 5), (1, 2, 6, 5)]),
    "batch_matmul_broadcast": (lambda x, b: tf.matmul(x, b), [(3, 2, 4, 5), (1, 2, 5, 3)]),
    "batch_matmul_constant": (lambda x: tf.matmul(x, W["batches"]), [(2, 4, 5)]),
    "dense_run_time": (lambda x, b: tf.matmul(x, b, transpose_b=True), [(3, 5), (4, 5)]),
    "attention": (lambda q, k, v: tf.matmul(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.4), v), [(1, 4, 6), (1, 5, 6), (1, 5, 3)]),
    "layer_norm": (lambda x: (x - tf.reduce_mean(x, -1, keepdims=True)) * tf.math.rsqrt(tf.reduce_mean(tf.math.squared_difference(x, tf.reduce_mean(x, -1, keepdims=True)), -1, keepdims=True) + 0.01), [(1, 4, 8)]),
}


class Stream(tf.Module):
    """Two streaming layers: the last frames are kept in variables."""

    def __init__(self):
        self.first = tf.Variable(tf.zeros((1, 2, 4)), trainable=False, name="first")
        self.second = tf.Variable(tf.zeros((1, 3, 6)), trainable=False, name="second")

    def __call__(self, x):
        frames = tf.concat([self.first, x], 1)
        self.first.assign(frames[:, -2:])
        y = tf.nn.relu(tf.matmul(tf.reshape(frames, (1, 12)), W["dense"][:, :6]))
        frames = tf.concat([self.second, tf.reshape(y, (1, 1, 6))], 1)
        self.second.assign(frames[:, -3:])
        return tf.matmul(tf.reshape(frames, (1, 24)), W["stream"])


class Sparse:
    """A layer whose weights the converter stores sparse, behind DENSIFY."""

    def __init__(self, share, block):
        weights = rng.normal(0, 0.5, (64 // block, 32 // block))
        weights[rng.random(weights.shape) < share] = 0
        self.weights = tf.constant(np.kron(weights, np.ones((block, block))).astype(np.float32))

    def __call__(self, x):
        return tf.matmul(x, self.weights)


class KerasLstm:
    """A Keras layer: only as a Keras model does the converter fuse it."""

    def __init__(self, units, shape, **options):
        x = tf_keras.Input(shape=shape[1:], batch_size=1, name="x")
        y = tf_keras.layers.LSTM(units, **options)(x)
        self.model = tf_keras.Model(x, y)


CASES |= {
    "sparse": (Sparse(0.9, 1), [(1, 64)]),
    "sparse_blocks": (Sparse(0.8, 4), [(1, 64)]),
    "stream": (Stream(), [(1, 1, 4)]),
    "lstm": (KerasLstm(6, (1, 5, 4), return_sequences=True), [(1, 5, 4)]),
    "lstm_last": (KerasLstm(5, (1, 7, 3)), [(1, 7, 3)]),
}
def idle(channels, *shape):
    """Weights, and biases of both signs, of channels of which some have weights of zero."""
    own = np.random.default_rng(channels)
    weights = own.normal(0, 0.4, (*shape, channels)).astype(np.float32)
    biases = own.normal(0, 0.3, channels).astype(np.float32)
    weights[..., ::3] = 0
    weights[..., 1] = 0
    return weights, biases


def idle_depthwise(channels):
    weights, biases = idle(channels, 3, 3)
    return tf.constant(weights[..., None]), tf.constant(biases)


def layer(x, channels, size, padding="SAME", stride=1, unread=()):
    """A convolution with idle channels, which does not read some of the input's."""
    weights, biases = idle(channels, size, size, x.shape[-1])
    weights[:, :, list(unread)] = 0
    return tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, tf.constant(weights), stride, padding), tf.constant(biases)))


def depthwise_layer(x, stride=1):
    weights, biases = idle_depthwise(x.shape[-1])
    return tf.nn.relu(tf.nn.bias_add(tf.nn.depthwise_conv2d(x, weights, [1, stride, stride, 1], "SAME"), biases))


def idle_residual(x):
    x = layer(x, 44, 3)
    y = x + layer(x, 44, 1, unread=[2])
    return tf.reduce_mean(layer(y, 21, 3, stride=2), [1, 2])


def idle_flat(x):
    x = tf.nn.max_pool2d(layer(x, 40, 3, "VALID"), 2, 2, "VALID")
    x = tf.reshape(layer(x, 34, 2, "VALID"), (1, -1))
    weights, biases = idle(130, x.shape[-1])
    x = tf.nn.relu(tf.matmul(x, weights) + biases)
    return tf.matmul(x, idle(7, 130)[0])


# Channels that are constant or that nothing reads.
CASES |= {
    "idle_separable": (lambda x: layer(depthwise_layer(layer(depthwise_layer(layer(x, 24, 3), 2), 38, 1)), 20, 1, unread=[2, 5, 7]), [(1, 8, 6, 3)]),
    "idle_residual": (idle_residual, [(1, 7, 6, 4)]),
    "idle_flat": (idle_flat, [(1, 9, 8, 3)]),
    "idle_read_twice": (lambda x: (lambda y: layer(y, 18, 1, unread=[2, 4]) + tf.nn.sigmoid(layer(y, 18, 1, unread=[4, 5])))(tf.nn.tanh(layer(x, 36, 3))), [(1, 5, 5, 4)]),
}
def branch(x, channels, size, stride=1, relu=True):
    """A convolution without idle channels."""
    own = np.random.default_rng(100 * channels + size)
    weights = own.normal(0, 0.3, (size, size, x.shape[-1], channels)).astype(np.float32)
    x = tf.nn.bias_add(tf.nn.conv2d(x, tf.constant(weights), stride, "SAME"), own.normal(0, 0.3, channels).astype(np.float32))
    return tf.nn.relu(x) if relu else x


def depthwise_branch(x):
    own = np.random.default_rng(7)
    return tf.nn.depthwise_conv2d(x, own.normal(0, 0.4, (3, 3, x.shape[-1], 1)).astype(np.float32), [1, 1, 1, 1], "SAME")


def branches(x):
    """Channels side by side: of convolutions, of a pool, of one that others read, too."""
    read_twice = branch(x, 12, 1)
    first = [branch(x, 16, 1), branch(branch(x, 8, 1), 32, 3), tf.nn.max_pool2d(x, 3, 1, "SAME"), read_twice, branch(depthwise_branch(read_twice), 64, 1, relu=False)]
    x = tf.concat(first, 3)
    second = [tf.nn.avg_pool2d(x, 2, 2, "SAME"), branch(x, 20, 3, 2), branch(branch(x, 16, 1), 16, 3, 2)]
    return tf.reduce_mean(branch(tf.concat(second, 3), 10, 1), [1, 2])


# Concatenated channels.
CASES |= {
    "branches": (branches, [(1, 17, 18, 6)]),
    "branches_batch": (lambda x: (lambda y: tf.concat([y, branch(x, 48, 3), y], 3))(branch(x, 5, 1)), [(3, 6, 8, 4)]),
    "branches_output": (lambda x: tf.concat([branch(x, 32, 3), branch(x, 7, 1)], 3), [(1, 6, 9, 16)]),
}
# Arithmetic of int32 tensors, also beyond what float32 holds.
WIDEST = dict(low=-(2**31), high=2**31 - 1)
for name, function, second in [
    ("floor_mod_i32", tf.math.floormod, dict(low=-9, high=0)), ("floor_div_i32", tf.math.floordiv, dict(low=1, high=70)),
    ("div_i32", lambda x, b: R.Div(x=x, y=b), dict(low=-70, high=-2)), ("maximum_i32", tf.maximum, WIDEST), ("minimum_i32", tf.minimum, WIDEST),
    ("squared_difference_i32", tf.math.squared_difference, dict(low=-9, high=9)),
]:
    narrow = name.startswith("squared")
    first = dict(low=-30000, high=30000) if narrow else WIDEST
    CASES[name] = (lambda x, b, f=function: f(x, b), [whole(1, 5, 6, **first), whole(5, 1, **second)])
CASES |= {
    "pow_i32": (lambda x, b: tf.pow(x, b), [whole(1, 5, 6, low=-30, high=30), whole(6, low=0, high=6)]),
    "abs_i32": (lambda x: tf.abs(x), [whole(1, 20, **WIDEST)]),
    "neg_i32": (lambda x: -x, [whole(1, 20, **WIDEST)]),
    "sum_i32": (lambda x: tf.reduce_sum(x, [1, 3]), [whole(1, 5, 4, 6, low=-(2**25), high=2**25)]),
    "mean_i32": (lambda x: tf.reduce_mean(x, [-1], keepdims=True), [whole(1, 5, 4, 6, **WIDEST)]),
    "reduce_max_i32": (lambda x: tf.reduce_max(x, [1]), [whole(1, 5, 4, **WIDEST)]),
    "reduce_min_i32": (lambda x: tf.reduce_min(x, [0, 1]), [whole(2, 5, 4, **WIDEST)]),
    "reduce_prod_i32": (lambda x: tf.reduce_prod(x, [2]), [whole(1, 4, 5, low=-60, high=60)]),
    "reduce_any": (lambda x, b: tf.reduce_any(tf.logical_and(x, b), [1]), [flag(2, 4, 5), flag(2, 4, 5)]),
    "reduce_all": (lambda x, b: tf.reduce_all(tf.logical_or(x, b), [0, 2], keepdims=True), [flag(2, 4, 3), flag(2, 4, 3)]),
    # A hash: products leave 24 bits, and in between 32.
    "hash_i32": (lambda x: tf.gather(W["dense"], tf.math.floormod(x * 1103515245 + 12345, 12)), [whole(1, 9, low=0, high=5000)]),
}
# Inputs that become constants of the file, which the converter would have folded.
FIXED = {
    "range_fixed": {"b": np.int32(7), "c": np.int32(-2)},
    "rank_fixed": {}, "zeros_like_fixed": {}, "broadcast_args_fixed": {"b": np.array([4, 1], np.int32), "c": np.array([3, 1, 5], np.int32)},
    "exact_fixed": {"b": np.int32(2**30), "c": np.int32(77777)},
    "topk_fixed": {"b": np.int32(4)},
}
CASES |= {
    "range_fixed": (lambda x, b, c: x + tf.range(b, -2, c, dtype=I32), [whole(1, 5, low=0, high=9), whole(low=0, high=9), whole(low=0, high=9)]),
    "rank_fixed": (lambda x: x * tf.cast(R.Rank(input=x), F32), [(1, 4, 3)]),
    "zeros_like_fixed": (lambda x, b: tf.maximum(x, R.ZerosLike(x=b)), [(1, 4, 3), (3,)]),
    "broadcast_args_fixed": (lambda x, b, c: tf.broadcast_to(x, tf.broadcast_dynamic_shape(b, c)), [(4, 1), whole(2, low=4, high=5), whole(3, low=4, high=5)]),
    # (2^30 + 77777) % 1000003, which float32 would round.
    "exact_fixed": (lambda x, b, c: x + tf.math.floormod(b + c, 1000003), [whole(1, 5, low=0, high=9), whole(low=0, high=9), whole(low=0, high=9)]),
    "topk_fixed": (lambda x, b: tuple(tf.math.top_k(x, tf.minimum(b, 99))), [(1, 17), whole(low=1, high=9)]),
}
def update_slice(x, b, c):
    from tensorflow.compiler.tf2xla.ops import gen_xla_ops

    return gen_xla_ops.xla_dynamic_update_slice(x, b, c)


own = np.random.default_rng(3)
W3 = {"conv3d": tf.constant(own.normal(0, 0.3, (3, 2, 3, 4, 5)).astype(np.float32)), "bias3d": tf.constant(own.normal(0, 0.3, 5).astype(np.float32)),
      "conv3d_dilated": tf.constant(own.normal(0, 0.3, (2, 3, 3, 3, 6)).astype(np.float32)), "angles": tf.constant(own.normal(0, 1, (1, 40)).astype(np.float32)),
      "mel": tf.constant(own.uniform(0, 0.3, (17, 6)).astype(np.float32)), "exponents": tf.constant([0.5, -1.0, 2.0, 3.0, 0.0, 1.5])}
# What the converter leaves in float, and blocks that are placed at run time.
CASES |= {
    # The reference has no int8 kernel.
    "reverse_sequence": (lambda x: tf.reverse_sequence(x, [3, 5], 1, 0), [whole(2, 5, 3, **WIDEST)]),
    "reverse_sequence_run_time": (lambda x, i: tf.reverse_sequence(x, i, 2, 3), [whole(1, 2, 4, 5, **WIDEST), idx(5, high=5)]),
    "reverse_sequence_first": (lambda x, i: tf.reverse_sequence(x, i, 0, 2), [whole(4, 2, 3, **WIDEST), idx(3, high=5)]),
    "scatter_nd": (lambda x: tf.scatter_nd([[0, 3], [0, 1], [0, 4]], x, [1, 6, 5]), [(3, 5)]),
    "scatter_nd_run_time": (lambda x, i: tf.scatter_nd(i, x, [7]), [(5,), idx(5, 1, high=7)]),
    "scatter_nd_i32": (lambda x, i: tf.scatter_nd(i, x, [3, 2]), [whole(5, **WIDEST), idx(5, 2, high=2)]),
    "dynamic_update_slice": (update_slice, [(1, 6, 5), (1, 2, 5), idx(3, high=6)]),
    "dynamic_update_slice_relu": (lambda x, b, c: update_slice(tf.nn.relu(x), tf.nn.relu(b), c), [(1, 6, 5), (1, 2, 3), idx(3, high=6)]),
    "slice_run_time": (lambda x, i: tf.slice(x, i, [1, 3, 2]), [(1, 5, 6), idx(3, high=1)]),
    "slice_run_time_i32": (lambda x, i: tf.slice(x, i, [2, 2]), [whole(4, 5, **WIDEST), idx(2, high=3)]),
    # The converter cannot quantize it: it takes another operator's place.
    "atan2": (lambda x, b: tf.math.floormod(x, b), [(1, 5, 6), (1, 5, 6)]),
    "atan2_constant": (lambda x: tf.math.floormod(W3["angles"], x), [(1, 40)]),
    "pow_tensors": (lambda x, b: tf.pow(x, b), [pos(1, 40), (1, 40)]),
    "pow_row": (lambda x: tf.pow(x, W3["exponents"]), [pos(1, 5, 6)]),
    "floor_mod": (lambda x, b: tf.math.floormod(x, b), [(1, 5, 6), Input(5, 1, low=0.5, high=3.0)]),
    "floor_mod_number": (lambda x: tf.math.floormod(x, 2.0), [Input(1, 40, std=4.0)]),
    "conv_3d": (lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv3d(x, W3["conv3d"], [1, 2, 1, 1, 1], "SAME"), W3["bias3d"])), [(1, 5, 4, 6, 4)]),
    "conv_3d_valid": (lambda x: tf.nn.conv3d(x, W3["conv3d_dilated"], [1, 1, 2, 1, 1], "VALID"), [(2, 5, 7, 4, 3)]),
    "composite_dense": (lambda x: tf.nn.relu(tf.matmul(x, W["dense"]) + W["dense_bias"]), [(1, 12)]),
}


def composite(model):
    """The model as one STABLEHLO_COMPOSITE whose decomposition it is."""
    import copy

    from tensorflow.lite.python import schema_py_generated as schema

    file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    outer = file.subgraphs[0]
    file.subgraphs.append(copy.deepcopy(outer))
    code, operator = schema.OperatorCodeT(), schema.OperatorT()
    code.deprecatedBuiltinCode, code.builtinCode, code.version = 127, schema.BuiltinOperator.STABLEHLO_COMPOSITE, 1
    operator.opcodeIndex, operator.inputs, operator.outputs = len(file.operatorCodes), outer.inputs, outer.outputs
    operator.builtinOptions2Type, operator.builtinOptions2 = schema.BuiltinOptions2.StableHLOCompositeOptions, schema.StableHLOCompositeOptionsT()
    operator.builtinOptions2.name, operator.builtinOptions2.decompositionSubgraphIndex = "niello.dense", 1
    file.operatorCodes.append(code)
    outer.operators = [operator]
    for index, tensor in enumerate(outer.tensors):
        if index not in list(outer.inputs) + list(outer.outputs):
            tensor.buffer = 0
    return pack(file)


def atan2(model):
    """The model with ATAN2 in place of FLOOR_MOD, and a scale for its output."""
    from tensorflow.lite.python import schema_py_generated as schema

    file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    for code in file.operatorCodes:
        if code.builtinCode == schema.BuiltinOperator.FLOOR_MOD:
            code.deprecatedBuiltinCode, code.builtinCode, code.version = 127, schema.BuiltinOperator.ATAN2, 1
    graph = file.subgraphs[0]
    for operator in graph.operators:
        code = file.operatorCodes[operator.opcodeIndex].builtinCode
        if code == schema.BuiltinOperator.ATAN2:
            operator.builtinOptions, operator.builtinOptionsType = None, 0
        elif code == schema.BuiltinOperator.QUANTIZE:
            graph.tensors[operator.outputs[0]].quantization.scale = [0.0247]
            graph.tensors[operator.outputs[0]].quantization.zeroPoint = [0]
    return pack(file)


def up_3d(x, shape, size, stride, padding):
    """CONV_3D_TRANSPOSE with weights of its own."""
    own = np.random.default_rng(shape[1] * 100 + size[0])
    filters = tf.constant(own.normal(0, 0.4, (*size, shape[-1], x.shape[-1])).astype(np.float32))
    return tf.nn.conv3d_transpose(x, filters, shape, stride if isinstance(stride, list) else [1, stride, stride, stride, 1], padding)


CASES |= {
    "rfft": (lambda x: tf.abs(tf.signal.rfft(x, [64])), [(1, 3, 50)]),
    "rfft_2d": (lambda x: tf.abs(tf.signal.rfft2d(x, [8, 4])), [(2, 6, 7)]),
    "spectrogram": (lambda x: tf.matmul(tf.abs(tf.signal.rfft(x, [32])), W3["mel"]), [(1, 4, 32)]),
    "rfft_real": (lambda x: tf.math.real(tf.signal.rfft(x, [32])), [(1, 3, 30)]),
    "rfft_imag": (lambda x: tf.math.imag(tf.signal.rfft(x, [16])), [(1, 2, 16)]),
    "rfft_moved": (lambda x: tf.abs(tf.expand_dims(tf.signal.rfft(x, [16]), 1)), [(1, 3, 16)]),
    "rfft_flat": (lambda x: tf.abs(tf.squeeze(tf.signal.rfft(x, [16]), [0])), [(1, 16)]),
    "bucketize": (lambda x: R.Bucketize(input=x, boundaries=[-1.0, 0.1, 0.8]), [(1, 40)]),
    "bucketize_i32": (lambda x: R.Bucketize(input=x, boundaries=[-3.0, 0.0, 5.0, 100.0]), [whole(1, 40, low=-10, high=120)]),
    "bitwise_xor": (lambda x, b: tf.bitwise.bitwise_xor(x, b), [whole(4, 5, **WIDEST), whole(5, **WIDEST)]),
    "right_shift": (lambda x, b: tf.bitwise.right_shift(x, b), [whole(4, 5, **WIDEST), idx(5, high=32)]),
    "segment_sum": (lambda x: tf.math.segment_sum(x, tf.constant([0, 0, 1, 2])), [(4, 5)]),
    "unsorted_segment_sum": (lambda x, i: tf.math.unsorted_segment_sum(x, i, 4), [(7, 3), idx(7, high=4)]),
    "unsorted_segment_max": (lambda x, i: tf.math.unsorted_segment_max(x, i, 3), [(9, 2), idx(9, high=3)]),
    "unsorted_segment_min": (lambda x, i: tf.math.unsorted_segment_min(x, i, 3), [(9, 2), idx(9, high=3)]),
    "unsorted_segment_prod": (lambda x, i: tf.math.unsorted_segment_prod(x, i, 4), [(6, 3), idx(6, high=4)]),
    "conv_3d_transpose_valid": (lambda x: up_3d(x, (2, 5, 5, 7, 3), (3, 2, 3), [1, 1, 1, 2, 1], "VALID"), [(2, 3, 4, 3, 2)]),
}
# With int16 activations; they have no float twin, for Niello quantizes to int8.
WIDE = {
    "conv_16x8": (lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, W["conv"], 1, "SAME"), W["conv_bias"])), [(1, 6, 5, 4)]),
    "conv_strided_16x8": (lambda x: tf.nn.conv2d(x, W["strided"], [1, 3, 2, 1], "VALID"), [(1, 9, 8, 4)]),
    "conv_grouped_16x8": (lambda x: tf.nn.conv2d(x, W["grouped"], 1, "SAME"), [(1, 5, 6, 6)]),
    "depthwise_16x8": (lambda x: tf.nn.relu6(tf.nn.bias_add(tf.nn.depthwise_conv2d(x, W["depthwise"], [1, 2, 2, 1], "SAME"), W["depthwise_bias"])), [(1, 7, 6, 4)]),
    "transpose_conv_16x8": (lambda x: tf.nn.bias_add(tf.nn.conv2d_transpose(x, W["up"], (1, 8, 6, 4), 2, "SAME"), W["up_bias"]), [(1, 4, 3, 5)]),
    "dense_16x8": (lambda x: tf.nn.relu(tf.matmul(x, W["dense"]) + W["dense_bias"]), [(1, 12)]),
    "dense_rows_16x8": (lambda x: tf.matmul(x, W["dense"]), [(1, 7, 12)]),
    "add_16x8": (lambda x, b: tf.nn.relu(x + b), [(1, 3, 4, 5), (1, 3, 4, 5)]),
    "add_row_16x8": (lambda x: x + W["row"], [(1, 5, 6)]),
    "sub_16x8": (lambda x, b: x - b, [(1, 30), (1, 1)]),
    "mul_16x8": (lambda x, b: x * b, [(2, 4, 6), (4, 1)]),
    "mul_column_16x8": (lambda x: x * W["column"], [(1, 5, 6)]),
    "max_pool_16x8": (lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), [(1, 7, 6, 5)]),
    "average_pool_16x8": (lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), [(1, 7, 6, 5)]),
    "mean_16x8": (lambda x: tf.reduce_mean(x, [1, 2]), [(1, 5, 4, 6)]),
    "logistic_16x8": (lambda x: tf.nn.sigmoid(x), [(1, 64)]),
    "logistic_wide_16x8": (lambda x: tf.nn.sigmoid(x), [Input(1, 64, std=5.0)]),
    "tanh_16x8": (lambda x: tf.nn.tanh(x), [(1, 64)]),
    "tanh_small_16x8": (lambda x: tf.nn.tanh(x), [Input(1, 3, 7, std=0.2)]),
    "softmax_16x8": (lambda x: tf.nn.softmax(x), [Input(1, 3, 17, std=0.4)]),
    "softmax_steep_16x8": (lambda x: tf.nn.softmax(x), [Input(1, 10, std=4.0)]),
    "concat_16x8": (lambda x, b: tf.concat([x, b], -1), [(1, 4, 3), (1, 4, 2)]),
    "pad_16x8": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [2, 0]]), [(1, 4, 3, 2)]),
    "residual_16x8": (lambda x: tf.nn.softmax(tf.reduce_mean(tf.nn.relu(x + tf.nn.conv2d(tf.nn.relu(x), W["conv"][..., :4], 1, "SAME")), [1, 2])), [(1, 5, 5, 4)]),
}
CASES |= control.cases(Input, idx, flag)
STATEFUL = ["stream", "lstm", "lstm_last", "svdf", "svdf_i16", *signal_files.STATEFUL]


def inputs_of(function, inputs):
    names = ["x", "b", "c"]
    if isinstance(function, type(inputs_of)):
        names = function.__code__.co_varnames
    return {n: i if isinstance(i, Input) else Input(*i) for n, i in zip(names, inputs)}


def saved(function, inputs):
    """A converter of a model with one signature."""
    if isinstance(function, KerasLstm):
        folder = tempfile.mkdtemp()
        traced = tf.function(lambda x: {"y": function.model(x)})
        specs = [tf.TensorSpec(i.shape, i.dtype, n) for n, i in inputs.items()]
        tf.saved_model.save(function.model, folder, signatures=traced.get_concrete_function(*specs))
        return tf.lite.TFLiteConverter.from_saved_model(folder)

    def signature(*values):
        results = function(*values)
        results = results if isinstance(results, tuple) else (results,)
        return {f"y{i or ''}": tf.identity(r) for i, r in enumerate(results)}

    module = tf.Module()
    specs = [tf.TensorSpec(i.shape, i.dtype, n) for n, i in inputs.items()]
    module.f = tf.function(signature, input_signature=specs)
    module.owner = function
    return tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)


def convert(function, inputs, int8, samples=None):
    converter = saved(function, inputs)
    converter.experimental_enable_resource_variables = True
    if isinstance(function, Sparse):
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        rows = [{n: x[run] for n, x in samples.items()} for run in range(CALIBRATION)]
        converter.representative_dataset = lambda: iter(rows)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
        if int8 == "16x8":
            converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
        if isinstance(function, Sparse):
            converter.optimizations.append(tf.lite.Optimize.EXPERIMENTAL_SPARSITY)
        kind = tf.int16 if int8 == "16x8" else tf.int8
        if any(i.dtype == F32 for i in inputs.values()):
            converter.inference_input_type = kind
        converter.inference_output_type = kind
    try:
        return converter.convert()
    except Exception:
        # Outputs that are not real numbers have no such type.
        converter.inference_output_type = tf.float32
        return converter.convert()


def details(model):
    """The signature's inputs and outputs: name, tensor, subgraph position, type."""
    from tensorflow.lite.python import schema_py_generated as schema

    file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph, signature = file.subgraphs[0], file.signatureDefs[0]
    types = {v: k for k, v in schema.TensorType.__dict__.items() if isinstance(v, int)}

    def ports(maps, order):
        return [(m.name.decode(), m.tensorIndex, list(order).index(m.tensorIndex), types[graph.tensors[m.tensorIndex].type]) for m in maps]

    return ports(signature.inputs, graph.inputs), ports(signature.outputs, graph.outputs)


def reference_kernels(model):
    try:
        interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        interpreter.allocate_tensors()
    except (RuntimeError, ValueError):  # It lacks ELU, CEIL, ROUND, TILE and others.
        interpreter = tf.lite.Interpreter(model_content=model, experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        interpreter.allocate_tensors()
    return interpreter


def litert(model, data):
    """Runs LiteRT's reference kernels on a list of samples per input."""
    interpreter = reference_kernels(model)
    ins, outs = details(model)
    outputs = {name: [] for name, *_ in outs}
    for run in range(len(next(iter(data.values())))):
        for name, tensor, *_ in ins:
            interpreter.set_tensor(tensor, data[name][run])
        interpreter.invoke()
        for name, tensor, *_ in outs:
            outputs[name].append(interpreter.get_tensor(tensor).copy())
    return {k: np.stack(v) for k, v in outputs.items()}


def fixed(model, values):
    """The model with some inputs as constants; shapes that were not known are left out."""
    from tensorflow.lite.python import schema_py_generated as schema

    file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    graph, signature = file.subgraphs[0], file.signatureDefs[0]
    for port in list(signature.inputs):
        value = values.get(port.name.decode())
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(value.tobytes(), np.uint8)
            graph.tensors[port.tensorIndex].buffer = len(file.buffers)
            file.buffers.append(buffer)
            graph.inputs = [i for i in graph.inputs if i != port.tensorIndex]
            signature.inputs.remove(port)
    for tensor in graph.tensors:
        if tensor.shapeSignature is not None and -1 in list(tensor.shapeSignature):
            tensor.shape = []
    return pack(file)


def micro(model, data):
    interpreter = runtime.Interpreter.from_bytes(bytes(model))
    ins, outs = details(model)
    outputs = {name: [] for name, *_ in outs}
    for run in range(len(next(iter(data.values())))):
        for name, _, position, _ in ins:
            interpreter.set_input(data[name][run], position)
        interpreter.invoke()
        for name, _, position, _ in outs:
            outputs[name].append(interpreter.get_output(position).copy())
    return {k: np.stack(v) for k, v in outputs.items()}


def special():
    """Models whose structure is the point; float only, with recorded runs."""

    def save(name, functions, specs):
        module = tf.Module()
        signatures = {}
        for key, function in functions.items():
            arguments = {n: tf.TensorSpec(s, tf.float32, n) for n, s in specs.items()}
            traced = tf.function(function)
            signatures[key] = traced.get_concrete_function(**arguments)
            setattr(module, key, traced)
        folder = f"/tmp/{name}"
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(functions))
        return converter.convert()

    models = {
        # An input that is also an output, and two names for one tensor.
        "aliases": save("aliases", {"serving_default": lambda x: {"same": x, "a": tf.nn.relu(x), "b": tf.nn.relu(x)}}, {"x": (1, 5)}),
        "picture": save("picture", {"serving_default": lambda x: {"y": tf.reduce_mean(tf.nn.conv2d(x, W["picture"], 1, "SAME"), [1, 2])}}, {"x": (1, 6, 8, 3)}),
        # A model that takes the bytes of an image and begins by scaling them.
        "rescaled": save("rescaled", {"serving_default": lambda x: {"y": tf.reduce_mean(tf.nn.conv2d(x * (2 / 255) - 1.0, W["picture"], 1, "SAME"), [1, 2])}}, {"x": (1, 6, 8, 3)}),
        "batch": save("batch", {"serving_default": lambda x: {"y": tf.nn.relu(tf.matmul(x, W["dense"]))}}, {"x": (None, 12)}),
        "signatures": save("signatures", {
            "double": lambda x: {"twice": x * 2.0},
            "mix": lambda x: {"sum": tf.matmul(x, W["dense"][:5, :3])},
        }, {"x": (1, 5)}),
        "unsupported": save("unsupported", {"serving_default": lambda x: {"y": tf.linalg.set_diag(tf.linalg.diag(x), tf.nn.relu(x))}}, {"x": (1, 5)}),
        "fake_quant": save("fake_quant", {"serving_default": lambda x: {"y": tf.quantization.fake_quant_with_min_max_args(
            tf.matmul(tf.quantization.fake_quant_with_min_max_args(x, -4.0, 3.96875), W["dense"]), -8.0, 7.9375)}}, {"x": (1, 12)}),
    }
    # Float16 weights, behind DEQUANTIZE.
    converter = tf.lite.TFLiteConverter.from_saved_model("/tmp/batch")
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    models["half"] = converter.convert()
    # Left-out bias, tensors without names, the dense layer of above.
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(open(f"{HERE}/ops/dense_f32.tflite", "rb").read(), 0))
    graph = model.subgraphs[0]
    graph.operators[0].inputs = list(graph.operators[0].inputs[:2]) + [-1]
    for tensor in graph.tensors:
        tensor.name = None
    model.signatureDefs = None
    models["nameless"] = pack(model)
    # The converter writes QUANTIZE and DEQUANTIZE for simulated quantization;
    # older ones wrote FAKE_QUANT.
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(models["fake_quant"], 0))
    graph = model.subgraphs[0]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FAKE_QUANT
    code.version = 1
    model.operatorCodes.append(code)
    first, dense, last = graph.operators[0], graph.operators[2], graph.operators[3]
    for operator, (low, high) in ((first, (-4.0, 3.96875)), (last, (-8.0, 7.9375))):
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.builtinOptionsType = schema.BuiltinOptions.FakeQuantOptions
        operator.builtinOptions = schema.FakeQuantOptionsT()
        operator.builtinOptions.min, operator.builtinOptions.max = low, high
        operator.builtinOptions.numBits = 8
    first.outputs, last.outputs = [3], [6]
    graph.operators = [first, dense, last]
    models["fake_quant_operator"] = pack(model)
    for name, model in models.items():
        with open(f"{HERE}/{name}_f32.tflite", "wb") as file:
            file.write(model)
        print(name)


def real_kws():
    """LiteRT's outputs of ../../../shared's kws with real activations.

    The file has int8 weights on float tensors ("dynamic range"), for which
    LiteRT rounds every activation to int8 while it runs. The same weights in
    float32 are computed as they are.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    shared = f"{HERE}/../../../shared"
    file = open(f"{shared}/models/kws_f32.tflite", "rb").read()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(file, 0))
    for tensor in model.subgraphs[0].tensors:
        if tensor.type == schema.TensorType.INT8:
            buffer, scale = model.buffers[tensor.buffer], np.float32(tensor.quantization.scale[0])
            data = np.frombuffer(bytes(buffer.data), np.int8).astype(np.float32) * scale
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    x = np.load(f"{shared}/data/kws_evaluation.npz")["input_1"][:30, None]
    outputs = next(iter(litert(pack(model), {"input_1": x}).values()))[:, 0]
    np.savez_compressed(f"{HERE}/kws_real_f32.npz", **{"out:Identity": outputs})


def pack(model):
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


RUST = {"FLOAT32": "f32", "INT8": "i8", "UINT8": "u8", "INT16": "i16", "INT32": "i32", "INT64": "i32", "UINT32": "u32", "BOOL": "bool"}


def quantized_samples(model, inputs, runs):
    """Random bytes over the whole range of each quantized input."""
    kinds = {"INT8": np.int8, "INT16": np.int16, "UINT8": np.uint8}
    data = {}
    for name, _, _, kind in details(model)[0]:
        shape = (runs, *inputs[name].shape)
        if kind in kinds:
            limits = np.iinfo(kinds[kind])
            data[name] = rng.integers(limits.min, limits.max + 1, shape, dtype=kinds[kind])
        elif kind == "UINT32":
            # Of all magnitudes.
            data[name] = rng.integers(0, 1 << 32, shape, dtype=np.uint32) >> rng.integers(0, 32, shape, dtype=np.uint32)
        else:
            data[name] = inputs[name].sample(runs)
    return data


def by_tensorflow(reference, model, inputs, data):
    """Outputs of a function in place of the model, whose operator no interpreter has."""
    kinds = {n: k for n, _, _, k in details(model)[0]}
    real = {n: (v.astype(np.float32) - 3) * np.float32(1 / 64) if kinds[n] == "INT8" else v for n, v in data.items()}
    runs = [reference(*(real[n][run] for n in inputs)) for run in range(len(next(iter(data.values()))))]
    return {f"y{i or ''}": np.stack([np.array(run[i]) for run in runs]) for i in range(len(runs[0]))}


def make(name, function, inputs, kind="i8", models=None, reference=None):
    inputs = inputs_of(function, inputs)
    if reference:
        floats = {n: i.sample(CALIBRATION + MEASURED) for n, i in inputs.items()}
        data = quantized_samples(models[1], inputs, RUNS)
        record = {f"float:{k}": v for k, v in (floats | by_tensorflow(reference, models[0], inputs, floats)).items()}
        record |= {f"in:{k}": v for k, v in data.items()}
        record |= {f"out:{k}": v for k, v in by_tensorflow(reference, models[1], inputs, data).items()}
        for ending, model in zip(("f32", "i8"), models):
            with open(f"{HERE}/ops/{name}_{ending}.tflite", "wb") as file:
                file.write(model)
        np.savez_compressed(f"{HERE}/ops/{name}.npz", reference=np.array("tensorflow"), **record)
        print(name, "tensorflow")
        return
    record = {}
    x = {n: i.sample(CALIBRATION + MEASURED) for n, i in inputs.items()}
    # Datasets are float32, which holds these.
    x = {n: np.fmod(v, 2**24) if v.dtype == np.int32 else v for n, v in x.items()}
    if models:
        float_model, int8_model = models
    else:
        float_model = convert(function, inputs, False)
        int8_model = convert(function, inputs, "16x8" if kind == "i16" else "int8", x)
    if name.startswith("atan2"):
        float_model, int8_model = atan2(float_model), atan2(int8_model)
    if name.startswith("composite"):
        float_model, int8_model = composite(float_model), composite(int8_model)
    if name in FIXED:
        float_model, int8_model = (fixed(m, FIXED[name]) for m in (float_model, int8_model))
        x = {n: v for n, v in x.items() if n not in FIXED[name]}
    y = litert(float_model, x)
    if kind == "i8":
        record |= converter_sqnr(int8_model, x, y)
        record |= {f"float:{k}": v for k, v in (x | y).items()}
    x = quantized_samples(int8_model, inputs, RUNS)
    record |= {f"in:{k}": v for k, v in x.items()}
    try:
        y, reference = micro(int8_model, x), "tflm"
    except Exception:
        y, reference = litert(int8_model, x), "litert_ref"
    record |= {f"out:{k}": v for k, v in y.items()}
    record["reference"] = np.array(reference)
    if name.startswith("mediapipe"):
        float_model, int8_model = mediapipe(float_model), mediapipe(int8_model)
    for ending, model in (("f32", float_model), (kind, int8_model))[kind == "i16":]:
        with open(f"{HERE}/ops/{name}_{ending}.tflite", "wb") as file:
            file.write(model)
    np.savez_compressed(f"{HERE}/ops/{name}.npz", **record)
    print(name, reference)


def make_file(name, model, kind):
    """Records the runs of a model that files.py writes."""
    from tensorflow.lite.python import schema_py_generated as schema

    graph = schema.Model.GetRootAsModel(model, 0).Subgraphs(0)
    inputs = {n: Input(*graph.Tensors(tensor).ShapeAsNumpy()) for n, tensor, *_ in details(model)[0]}
    x = quantized_samples(model, inputs, RUNS)
    try:
        y, reference = micro(model, x), "tflm"
    except Exception:
        y, reference = litert(model, x), "litert_ref"
    record = {f"in:{k}": v for k, v in x.items()} | {f"out:{k}": v for k, v in y.items()}
    with open(f"{HERE}/ops/{name}_{kind}.tflite", "wb") as file:
        file.write(model)
    np.savez_compressed(f"{HERE}/ops/{name}.npz", **record, reference=np.array(reference))
    print(name, reference)


def make_float_file(name, model, plain):
    """Records the runs of the same model with weights of float32."""
    inputs = {n: Input(*d["shape"]) for n, d in ((d["name"], d) for d in reference_kernels(plain).get_input_details())}
    x = {n: i.sample(RUNS) for n, i in inputs.items()}
    y = litert(plain, x)
    with open(f"{HERE}/weights/{name}_f32.tflite", "wb") as file:
        file.write(model)
    np.savez_compressed(f"{HERE}/weights/{name}.npz", **x, **{f"out:{k}": v for k, v in y.items()})
    print(name)


def converter_sqnr(model, x, y):
    """What the converter's own int8 reaches on the measured samples, by output."""
    interpreter = reference_kernels(model)
    types = {d["index"]: d for d in interpreter.get_input_details() + interpreter.get_output_details()}
    ins, outs = details(model)

    def number(tensor):
        scale, zero = types[tensor]["quantization"]
        return scale, zero, types[tensor]["dtype"]

    data = {}
    for name, tensor, *_ in ins:
        scale, zero, dtype = number(tensor)
        real = x[name][CALIBRATION:]
        if scale and real.dtype == np.float32:
            limits = np.iinfo(dtype)
            data[name] = np.clip(np.round(real / scale) + zero, limits.min, limits.max).astype(dtype)
        else:
            data[name] = real
    got = litert(model, data)
    result = {}
    for name, tensor, *_ in outs:
        scale, zero, _ = number(tensor)
        real = (got[name].astype(np.float64) - zero) * scale if scale else got[name].astype(np.float64)
        want = y[name][CALIBRATION:].astype(np.float64)
        noise = np.mean((want - real) ** 2)
        result[f"sqnr:{name}"] = np.array([10 * np.log10(np.mean(want**2) / noise) if noise else np.inf])
    return result


def listing():
    """The cases as the tests' macro takes them: cases.rs."""
    lines = []
    for file in sorted(os.listdir(f"{HERE}/ops")):
        if file.endswith(("_i8.tflite", "_i16.tflite", "_u8.tflite")):
            name = file.rsplit("_", 1)[0]
            ins, outs = (sorted(ports, key=lambda p: p[2]) for ports in details(open(f"{HERE}/ops/{file}", "rb").read()))
            camel = lambda n: "".join(p.capitalize() for p in n.split("_"))
            left = ", ".join(f"{camel(n)} {n} {RUST[k]}" for n, _, _, k in ins)
            right = ", ".join(f"{n} {RUST[k]}" for n, _, _, k in outs)
            state = " state" if name in STATEFUL else ""
            lines.append(f'    {name} "models/ops/{file}"{state} [{left}] [{right}]')
    with open(f"{HERE}/../tests/operators/cases.rs", "w") as out:
        out.write("// Written by tests/models/make.py.\n\noperators! {\n" + "\n".join(lines) + "\n}\n")


def svdf(wide):
    """SVDF as a float and as an int8 model; no TensorFlow operator converts to it."""
    from tensorflow.lite.python import schema_py_generated as schema

    depth, units, rank, memory = 6, 4, 2, 5
    filters = units * rank
    feature, time = rng.normal(0, 0.5, (filters, depth)), rng.normal(0, 0.5, (filters, memory))
    bias = rng.normal(0, 0.3, units)
    scales = {"x": 0.04, "feature": np.abs(feature).max() / 127, "time": np.abs(time).max() / (32767 if wide else 127), "state": 2.0**-12 if wide else 0.05, "y": 0.03}
    scales["bias"] = scales["state"] * scales["time"]
    state_type, state_dtype = (schema.TensorType.INT16, np.int16) if wide else (schema.TensorType.INT8, np.int8)

    def model(quantized):
        file = schema.ModelT()
        file.version, file.buffers = 3, [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, graph.name = [], "main"

        def tensor(name, shape, data=None, kind=None, dtype=None, variable=False, zero=0):
            t = schema.TensorT()
            t.name, t.shape, t.buffer, t.isVariable = name, list(shape), 0, variable
            t.type = kind if quantized else schema.TensorType.FLOAT32
            if quantized:
                t.quantization = schema.QuantizationParametersT()
                t.quantization.scale, t.quantization.zeroPoint = [scales[name]], [zero]
            if data is not None:
                data = np.round(data / scales[name]).astype(dtype) if quantized else data.astype(np.float32)
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(data.tobytes(), np.uint8)
                t.buffer = len(file.buffers)
                file.buffers.append(buffer)
            graph.tensors.append(t)
            return len(graph.tensors) - 1

        int8 = schema.TensorType.INT8
        x = tensor("x", (1, depth), kind=int8, zero=3)
        inputs = [x, tensor("feature", (filters, depth), feature, int8, np.int8), tensor("time", (filters, memory), time, state_type, state_dtype),
                  tensor("bias", (units,), bias, schema.TensorType.INT32, np.int32),
                  tensor("state", (1, filters * memory), kind=state_type, variable=True)]
        y = tensor("y", (1, units), kind=int8, zero=-128)
        operator, code = schema.OperatorT(), schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SVDF
        code.version = 3
        operator.inputs, operator.outputs = inputs, [y]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.SVDFOptions, schema.SVDFOptionsT()
        operator.builtinOptions.rank = rank
        operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU
        graph.inputs, graph.outputs, graph.operators = [x], [y], [operator]
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        maps = []
        for name, index in (("x", x), ("y", y)):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            maps.append([entry])
        signature.inputs, signature.outputs = maps
        file.operatorCodes, file.subgraphs, file.signatureDefs = [code], [graph], [signature]
        return pack(file)

    return model(False), model(True)


def built(code, options, inputs, constants, outputs, scale=None):
    """A model of one operator, custom if `code` is a name; int8 inputs, converted, if there is a scale."""
    from tensorflow.lite.python import schema_py_generated as schema

    file, graph, signature = schema.ModelT(), schema.SubGraphT(), schema.SignatureDefT()
    file.version, file.buffers, graph.tensors, graph.operators, graph.name = 3, [schema.BufferT()], [], [], "main"

    def tensor(name, shape, kind, data=None, scale=None):
        t = schema.TensorT()
        t.name, t.shape, t.buffer, t.type = name, list(shape), 0, kind
        if scale:
            t.quantization = schema.QuantizationParametersT()
            t.quantization.scale, t.quantization.zeroPoint = [scale], [3]
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            t.buffer = len(file.buffers)
            file.buffers.append(buffer)
        graph.tensors.append(t)
        return len(graph.tensors) - 1

    def operator(code, inputs, outputs, options=None):
        o, c = schema.OperatorT(), schema.OperatorCodeT()
        c.version = 1
        if isinstance(code, str):
            c.builtinCode = c.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
            c.customCode = code
            o.customOptions = np.frombuffer(bytes(options), np.uint8)
        else:
            c.builtinCode, c.deprecatedBuiltinCode = code, min(code, 127)
        o.opcodeIndex, o.inputs, o.outputs = len(file.operatorCodes), inputs, outputs
        file.operatorCodes.append(c)
        graph.operators.append(o)

    kinds = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32}
    file.operatorCodes, graph.inputs, operands = [], [], []
    for name, i in inputs.items():
        kind = schema.TensorType.INT32 if i.dtype == I32 else schema.TensorType.FLOAT32
        if scale and i.dtype == F32:
            graph.inputs.append(tensor(name, i.shape, schema.TensorType.INT8, scale=scale))
            operands.append(tensor(name + "_real", i.shape, kind))
            operator(schema.BuiltinOperator.DEQUANTIZE, graph.inputs[-1:], operands[-1:])
        else:
            graph.inputs.append(tensor(name, i.shape, kind))
            operands.append(graph.inputs[-1])
    operands += [tensor(name, data.shape, kinds[data.dtype], data) for name, data in constants.items()]
    graph.outputs = [tensor(name, shape, kinds[np.dtype(kind)]) for name, shape, kind in outputs]
    operator(code, operands, graph.outputs, options)

    def maps(names, indices):
        entries = []
        for name, index in zip(names, indices):
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            entries.append(entry)
        return entries

    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = maps(inputs, graph.inputs), maps([o[0] for o in outputs], graph.outputs)
    file.subgraphs, file.signatureDefs = [graph], [signature]
    return pack(file)


def attributes(**values):
    """A flexbuffer map."""
    from flatbuffers import flexbuffers

    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in values.items():
            builder.Key(key)
            if isinstance(value, list):
                builder.TypedVectorFromElements(value)
            else:
                {bool: builder.Bool, int: builder.Int, float: builder.Float, str: builder.String}[type(value)](value)
    return builder.Finish()


def detection(regular, classes, boxes=30, **more):
    """TFLite_Detection_PostProcess with a background."""
    own = np.random.default_rng(classes)
    anchors = np.concatenate([own.uniform(0, 1, (boxes, 2)), own.uniform(0.1, 0.4, (boxes, 2))], 1).astype(np.float32)
    options = attributes(max_detections=8, max_classes_per_detection=1, use_regular_nms=regular, nms_score_threshold=0.2, nms_iou_threshold=0.4,
                         num_classes=classes, y_scale=10.0, x_scale=10.0, h_scale=5.0, w_scale=5.0, **more)
    rows = 8 * more.get("max_classes_per_detection", 1)
    outputs = [("y", (1, rows, 4), np.float32), ("y1", (1, rows), np.float32), ("y2", (1, rows), np.float32), ("y3", (1,), np.float32)]
    return "TFLite_Detection_PostProcess", options, {"anchors": anchors}, outputs


def suppression(code, sigma=None):
    """NON_MAX_SUPPRESSION_V4, or V5 where there is a sigma."""
    numbers = {"limit": np.int32(6), "iou": np.float32(0.3), "score": np.float32(0.15)}
    outputs = [("y", (6,), np.int32), ("y1", (), np.int32)]
    if sigma is not None:
        numbers["sigma"] = np.float32(sigma)
        outputs = [("y", (6,), np.int32), ("y1", (6,), np.float32), ("y2", (), np.int32)]
    return code, None, {k: np.array(v) for k, v in numbers.items()}, outputs


def argmax_pool(padding, size, stride, shape):
    """MaxPoolingWithArgmax2D, and what TensorFlow gives for it."""
    options = attributes(include_batch_in_index=False, ksize=[1, *size, 1], strides=[1, *stride, 1], padding=padding)
    reference = lambda x: R.MaxPoolWithArgmax(input=x, ksize=[1, *size, 1], strides=[1, *stride, 1], padding=padding, Targmax=I32)
    rows = tuple(reference(np.zeros(shape, np.float32))[0].shape)
    return ("MaxPoolingWithArgmax2D", options, {}, [("y", rows, np.float32), ("y1", rows, np.int32)]), [shape], reference


def unpool(shape, high):
    """MaxUnpooling2D of SAME windows that do not overlap."""
    batches, height, width, channels = shape

    def reference(x, b):
        y = np.zeros((batches, 4 * height * width * channels), np.float32)
        for image in range(batches):
            y[image, b[image].reshape(-1)] = x[image].reshape(-1)
        return (y.reshape(batches, 2 * height, 2 * width, channels),)

    options = np.array([1, 2, 2, 2, 2, 0, 0, 0, 0, 0], np.int32).tobytes()
    outputs = [("y", (batches, 2 * height, 2 * width, channels), np.float32)]
    return ("MaxUnpooling2D", options, {}, outputs), [shape, idx(*shape, high=high)], reference


# No interpreter has them.
FOREIGN = {
    "argmax_pool": argmax_pool("SAME", (2, 3), (2, 2), (1, 5, 6, 3)), "argmax_pool_valid": argmax_pool("VALID", (2, 2), (2, 1), (2, 6, 5, 2)),
    "max_unpool": unpool((2, 3, 2, 3), 72),
}
# What always computes in float.
BOXES = [Input(1, 30, 4, std=0.5), Input(1, 30, 4, low=0.0, high=1.0)]
PAIRS = [Input(20, 4, low=0.0, high=1.0), Input(20, low=0.0, high=1.0)]
BUILT = {
    "detection_fast": (detection(False, 3), BOXES), "detection_regular": (detection(True, 3, detections_per_class=5), BOXES),
    "non_max_suppression_v4": (suppression(120), PAIRS), "non_max_suppression_v5": (suppression(121, 0.0), PAIRS),
    "non_max_suppression_soft": (suppression(121, 0.5), PAIRS),
}


def mediapipe(model):
    """A TRANSPOSE_CONV with a bias as MediaPipe's custom operator."""
    from tensorflow.lite.python import schema_py_generated as schema

    file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0))
    for operator in file.subgraphs[0].operators:
        code = file.operatorCodes[operator.opcodeIndex]
        if code.builtinCode == schema.BuiltinOperator.TRANSPOSE_CONV:
            options = operator.builtinOptions
            padding = 1 if options.padding == schema.Padding.SAME else 2
            words = np.array([padding, options.strideW, options.strideH], np.int32)
            operator.customOptions = np.frombuffer(words.tobytes(), np.uint8)
            operator.builtinOptions, operator.builtinOptionsType = None, 0
            operator.inputs = [operator.inputs[2], operator.inputs[1], operator.inputs[3]]
            code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
            code.customCode = "Convolution2DTransposeBias"
    return pack(file)


def main(names):
    for name in ("svdf", "svdf_i16"):
        if not names or name in names or "ops" in names:
            make(name, None, [(1, 6)], models=svdf(name == "svdf_i16"))
    for name, ((code, options, constants, outputs), inputs) in BUILT.items():
        if not names or name in names or "ops" in names:
            ports = dict(zip(["x", "b"], inputs))
            models = [built(code, options, ports, constants, outputs, scale) for scale in (None, 1 / 64)]
            make(name, lambda x, b: None, inputs, models=models)
    for name, (inputs, model) in operator_files.PAIRS.items():
        if not names or name in names or "ops" in names:
            ports = [idx(6, high=7) if shape == "rows" else shape for shape in inputs.values()]
            make(name, (lambda x: None) if len(ports) == 1 else (lambda x, b: None), ports, models=[model(np.float32), model(np.int8)])
    for name, ((code, options, constants, outputs), inputs, reference) in FOREIGN.items():
        if not names or name in names or "ops" in names:
            ports = {n: i if isinstance(i, Input) else Input(*i) for n, i in zip(["x", "b"], inputs)}
            models = [built(code, options, ports, constants, outputs, scale) for scale in (None, 1 / 64)]
            make(name, (lambda x: None) if len(ports) == 1 else (lambda x, b: None), inputs, models=models, reference=reference)
    for name, (function, inputs) in (CASES | WIDE).items():
        if names and name not in names and "ops" not in names:
            continue
        try:
            make(name, function, inputs, "i16" if name in WIDE else "i8")
        except Exception as error:
            print("FAILED", name, str(error).strip().splitlines()[-1][:200])
    for name, (model, kind) in FILES.items():
        if not names or name in names or "files" in names or "ops" in names:
            make_file(name, model(), kind)
    for name, both in FLOAT.items():
        if not names or name in names or "files" in names or "ops" in names:
            make_float_file(name, *both())
    for name, (function, inputs) in control.floats(Input, idx).items():
        if not names or name in names or "ops" in names:
            x = {n: i.sample(CALIBRATION + MEASURED) for n, i in inputs.items()}
            model = convert(function, inputs, False)
            with open(f"{HERE}/control/{name}_f32.tflite", "wb") as file:
                file.write(model)
            record = {f"float:{k}": v for k, v in (x | litert(model, x)).items()}
            np.savez_compressed(f"{HERE}/control/{name}.npz", **record)
            np.savez_compressed(f"{HERE}/control/{name}_samples.npz", **{k: v[:CALIBRATION] for k, v in x.items()})
            print(name)
    if not names or "calls" in names:
        with open(f"{HERE}/control/calls_f32.tflite", "wb") as file:
            file.write(control.calls(6, 8))
    for name, model in control.refused():
        if not names or "refused" in names:
            with open(f"{HERE}/control/{name}.tflite", "wb") as file:
                file.write(model)
    listing()
    if not names or "special" in names:
        special()
    if "kws" in names:
        real_kws()


if __name__ == "__main__":
    os.makedirs(f"{HERE}/ops", exist_ok=True)
    os.makedirs(f"{HERE}/weights", exist_ok=True)
    os.makedirs(f"{HERE}/control", exist_ok=True)
    main(sys.argv[1:])
