"""Models of operators that converters fold or fuse, written table by table: in float32 and in int8.

`PAIRS` has the inputs of each and a function of the element type.
"""

import numpy as np

from files import Op, Tensor, file, write

PAIRS = {}


def pair(**inputs):
    """Registers a model with these inputs: shapes, or make.py's inputs by name."""

    def register(function):
        PAIRS[function.__name__] = (inputs, function)
        return function

    return register


def tensor(name, shape, dtype, scale=0.05, zero=-3):
    return Tensor(name, shape, dtype, scale, zero) if dtype == np.int8 else Tensor(name, shape, dtype)


def number(name, value, dtype=np.int32):
    value = np.asarray(value, dtype)
    return Tensor(name, value.shape, dtype, data=value)


def one(code, dtype, x, y, more=(), options=None, **fields):
    x, y = tensor("x", x, dtype), tensor("y", y, dtype)
    return write([Op(code, [x, *more], [y], options, **fields)], [x], [y])


def real(x):
    """The tensor in float32, and the operator that makes it so, if any."""
    if x.dtype == np.float32:
        return x, []
    y = Tensor(x.name + "_real", x.shape, np.float32)
    return y, [Op("DEQUANTIZE", [x], [y])]


@pair(x=(2, 3))
def expand_dims_operator(dtype):
    return one("EXPAND_DIMS", dtype, (2, 3), (2, 1, 3), [number("axis", 1)], "ExpandDimsOptions")


@pair(x=(1, 4, 1, 3))
def squeeze_operator(dtype):
    return one("SQUEEZE", dtype, (1, 4, 1, 3), (1, 4, 3), options="SqueezeOptions", squeezeDims=[2])


@pair(x="rows")
def embedding_lookup(dtype):
    data = np.random.default_rng(5).integers(-100, 100, (7, 4))
    table, y = tensor("table", (7, 4), dtype), tensor("y", (6, 4), dtype)
    table.data = data.astype(np.int8) if dtype == np.int8 else data.astype(np.float32) * np.float32(0.03)
    x = Tensor("x", (6,), np.int32)
    return write([Op("EMBEDDING_LOOKUP", [x, table], [y])], [x], [y])


@pair(x=(1,))
def fill_operator(dtype):
    """Of a number that the program computes."""
    x, scalar, y = tensor("x", (1,), dtype), tensor("scalar", (), dtype), tensor("y", (2, 3), dtype)
    shape = Op("RESHAPE", [x, Tensor("none", (0,), np.int32, data=np.zeros(0, np.int32))], [scalar], "ReshapeOptions", newShape=[])
    return write([shape, Op("FILL", [number("dims", [2, 3]), scalar], [y], "FillOptions")], [x], [y])


@pair(x=(1, 5))
def range_operator(dtype):
    """Of numbers, which are added to the input."""
    x, y = tensor("x", (1, 5), dtype), Tensor("y", (1, 5), np.float32)
    positions, offset = Tensor("positions", (5,), np.int32), Tensor("offset", (5,), np.float32)
    steps, value = Tensor("steps", (5,), np.float32), Tensor("value", (1, 5), np.float32)
    before, ops = real(x)
    ops += [
        Op("RANGE", [number("begin", 2), number("end", 12), number("step", 2)], [positions], "RangeOptions"),
        Op("CAST", [positions], [offset], "CastOptions"),
        Op("RANGE", [number(n, v, np.float32) for n, v in (("low", 0.5), ("high", 3.0), ("by", 0.5))], [steps], "RangeOptions"),
        Op("ADD", [before, offset], [value], "AddOptions"),
        Op("MUL", [value, steps], [y], "MulOptions"),
    ]
    return write(ops, [x], [y])


@pair(x=(2, 3, 4))
def rank_operator(dtype):
    x, y, rank = tensor("x", (2, 3, 4), dtype), tensor("y", (2, 3, 4), dtype), Tensor("y1", (), np.int32)
    return write([Op("RELU", [x], [y]), Op("RANK", [x], [rank], "RankOptions")], [x], [y, rank])


@pair(x=(2, 3, 4))
def shape_operator(dtype):
    x, y, shape = tensor("x", (2, 3, 4), dtype), tensor("y", (2, 3, 4), dtype), Tensor("y1", (3,), np.int32)
    return write([Op("RELU", [x], [y]), Op("SHAPE", [x], [shape], "ShapeOptions", outType=2)], [x], [y, shape])


@pair(x=(4, 3))
def where_operator(dtype):
    x, y, places = tensor("x", (4, 3), dtype), tensor("y", (2, 3), dtype), Tensor("places", (2, 1), np.int64)
    ops = [Op("WHERE", [number("flags", [False, True, False, True], np.bool_)], [places]), Op("GATHER_ND", [x, places], [y], "GatherNdOptions")]
    return write(ops, [x], [y])


@pair(x=(1, 20))
def fake_quant_operator(dtype):
    x, y = tensor("x", (1, 20), dtype), Tensor("y", (1, 20), np.float32)
    before, ops = real(x)
    return write([*ops, Op("FAKE_QUANT", [before], [y], "FakeQuantOptions", min=-1.5, max=1.48828125, numBits=8)], [x], [y])


@pair(x=(1, 20))
def relu6_operator(dtype):
    return one("RELU6", dtype, (1, 20), (1, 20))


@pair(x=(1, 20))
def relu_0_to_1_operator(dtype):
    return one("RELU_0_TO_1", dtype, (1, 20), (1, 20))


@pair(x=(1, 20), b=(1, 20))
def not_equal_operator(dtype):
    x, b, y = tensor("x", (1, 20), dtype), tensor("b", (1, 20), dtype), Tensor("y", (1, 20), np.bool_)
    return write([Op("NOT_EQUAL", [x, b], [y], "NotEqualOptions")], [x, b], [y])


@pair(x=(1, 8))
def dequantize_half(dtype):
    """Of weights in float16."""
    w = Tensor("w", (8,), np.float32, data=np.linspace(-1, 1, 8).astype(np.float16), kind="FLOAT16")
    x, wide, y = tensor("x", (1, 8), dtype), Tensor("wide", (8,), np.float32), Tensor("y", (1, 8), np.float32)
    before, ops = real(x)
    return write([*ops, Op("DEQUANTIZE", [w], [wide]), Op("MUL", [before, wide], [y], "MulOptions")], [x], [y])


@pair(x=(1, 7, 6, 3))
def l2_pool(dtype):
    x, y = tensor("x", (1, 7, 6, 3), dtype), Tensor("y", (1, 4, 3, 3), np.float32)
    before, ops = real(x)
    pool = Op("L2_POOL_2D", [before], [y], "Pool2DOptions", padding=0, strideW=2, strideH=2, filterWidth=3, filterHeight=2)
    return write([*ops, pool], [x], [y])


@file("i16")
def resize_bilinear_int16(rng):
    x, y = Tensor("x", (2, 3, 5, 4), np.int16, 0.0002), Tensor("y", (2, 7, 8, 4), np.int16, 0.0002)
    size = number("size", [7, 8])
    return write([Op("RESIZE_BILINEAR", [x, size], [y], "ResizeBilinearOptions", halfPixelCenters=True)], [x], [y])


@file("i16")
def exp_int16(rng):
    x, y = Tensor("x", (1, 300), np.int16, 0.0002), Tensor("y", (1, 300), np.int16, 0.02)
    return write([Op("EXP", [x], [y], "ExpOptions")], [x], [y])


@file("i16")
def prelu_int16(rng):
    """With alpha in int8, as the reference asks."""
    alpha = Tensor("alpha", (1, 1, 6), np.int8, 0.004, 5, rng.integers(-128, 128, (1, 1, 6), dtype=np.int8))
    x, y = Tensor("x", (1, 3, 4, 6), np.int16, 0.0002), Tensor("y", (1, 3, 4, 6), np.int16, 0.00031)
    return write([Op("PRELU", [x, alpha], [y])], [x], [y])
