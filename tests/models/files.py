"""Models written table by table: what no converter of today makes, and old files.

`FILES` has one function per model; make.py records their runs. Each takes its own
random numbers, so that a new model leaves the others as they are.
"""

import zlib

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

NAMES = {np.int8: "INT8", np.uint8: "UINT8", np.int16: "INT16", np.int32: "INT32", np.int64: "INT64", np.float32: "FLOAT32", np.bool_: "BOOL",
         np.uint32: "UINT32", np.uint64: "UINT64"}
FILES = {}
# Float models with unusual weights: functions give the file and the same in plain float32.
FLOAT = {}


class Tensor:
    """A tensor of the file; one with data is a constant."""

    def __init__(self, name, shape, dtype, scale=None, zero=0, data=None, axis=0, kind=None):
        self.name, self.shape, self.dtype, self.scale, self.zero = name, shape, dtype, scale, zero
        self.data, self.axis, self.kind = data, axis, kind or NAMES[dtype]


class Op:
    """An operator: builtin code, or the name of a custom one; operands, results and options."""

    def __init__(self, code, inputs, outputs, options=None, version=1, **fields):
        self.code, self.inputs, self.outputs, self.options, self.version, self.fields = code, inputs, outputs, options, version, fields


def write(ops, inputs, outputs, change=None, called=()):
    """The bytes of a model; `change` may edit its tables before. `called` are further
    subgraphs: operators, inputs and outputs of each."""
    file = schema.ModelT()
    file.version, file.buffers, file.operatorCodes = 3, [schema.BufferT()], []

    def index(tensor):
        if tensor is None:
            return -1
        if id(tensor) not in known:
            known[id(tensor)] = len(graph.tensors)
            graph.tensors.append(table(tensor))
        return known[id(tensor)]

    def table(tensor):
        t = schema.TensorT()
        t.name, t.shape, t.buffer, t.type = tensor.name, list(tensor.shape), 0, getattr(schema.TensorType, tensor.kind)
        if tensor.scale is not None:
            t.quantization = schema.QuantizationParametersT()
            t.quantization.scale = [float(s) for s in np.atleast_1d(tensor.scale)]
            t.quantization.zeroPoint = [int(z) for z in np.atleast_1d(tensor.zero)]
            t.quantization.quantizedDimension = tensor.axis
        if tensor.data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.uint8)
            t.buffer = len(file.buffers)
            file.buffers.append(buffer)
        return t

    def add(op):
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, op.code, schema.BuiltinOperator.CUSTOM)
        if code.builtinCode == schema.BuiltinOperator.CUSTOM:
            code.customCode = op.code
            operator.customOptions = np.frombuffer(bytes(op.options), np.uint8)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), op.version
        operator.opcodeIndex = len(file.operatorCodes)
        file.operatorCodes.append(code)
        operator.inputs, operator.outputs = [index(t) for t in op.inputs], [index(t) for t in op.outputs]
        if isinstance(op.options, str):
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, op.options)
            operator.builtinOptions = getattr(schema, op.options + "T")()
            for name, value in op.fields.items():
                assert hasattr(operator.builtinOptions, name), name
                setattr(operator.builtinOptions, name, value)
        graph.operators.append(operator)

    others = []
    for number, (ops_of, inputs_of, outputs_of) in enumerate(called):
        graph, known = schema.SubGraphT(), {}
        graph.tensors, graph.operators, graph.name = [], [], f"called{number}"
        graph.inputs = [index(t) for t in inputs_of]
        for op in ops_of:
            add(op)
        graph.outputs = [index(t) for t in outputs_of]
        others.append(graph)
    graph, known = schema.SubGraphT(), {}
    graph.tensors, graph.operators, graph.name = [], [], "main"
    for op in ops:
        add(op)
    graph.inputs, graph.outputs = [index(t) for t in inputs], [index(t) for t in outputs]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0

    def maps(tensors):
        result = []
        for tensor in tensors:
            entry = schema.TensorMapT()
            entry.name, entry.tensorIndex = tensor.name, index(tensor)
            result.append(entry)
        return result

    signature.inputs, signature.outputs = maps(inputs), maps(outputs)
    file.subgraphs, file.signatureDefs = [graph, *others], [signature]
    if change:
        change(file)
    builder = flatbuffers.Builder(1024)
    builder.Finish(file.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def file(kind):
    """Registers a model; `kind` ends the file's name."""

    def register(function):
        def made():
            rng = np.random.default_rng(zlib.crc32(function.__name__.encode()))
            return function(rng)

        FILES[function.__name__] = (made, kind)
        return function

    return register


# uint8, as TensorFlow 1 and Coral's models have it: weights with zero points.


def uint8_weights(rng, *shape, zero):
    """Bell-shaped, over the whole range of uint8, as ranges of weights are their extremes."""
    real = rng.normal(0, 1, shape)
    low, high = -zero, 255 - zero
    real *= np.where(real < 0, low / real.min(), high / real.max())
    return np.clip(np.round(real) + zero, 0, 255).astype(np.uint8)


class Layers:
    """A chain of uint8 layers."""

    def __init__(self, rng, shape, scale, zero):
        self.rng, self.ops = rng, []
        self.x = self.last = Tensor("x", shape, np.uint8, scale, zero)

    def weighted(self, code, weights, outputs, shape, scale, zero, options, **fields):
        """A layer with weights: their shape, scale and zero point."""
        w_shape, w_scale, w_zero = weights
        bias_scale = np.float32(self.last.scale) * np.float32(w_scale)
        bias = np.round(self.rng.normal(0, 0.3, outputs) / bias_scale).astype(np.int32)
        w = Tensor("w", w_shape, np.uint8, w_scale, w_zero, uint8_weights(self.rng, *w_shape, zero=w_zero))
        b = Tensor("b", (outputs,), np.int32, bias_scale, 0, bias)
        inputs = [self.last, w, b]
        if code == "TRANSPOSE_CONV":
            inputs = [Tensor("shape", (4,), np.int32, data=np.array(shape, np.int32)), w, self.last, b]
        return self.op(code, inputs, shape, scale, zero, options, **fields)

    def op(self, code, inputs, shape, scale, zero, options=None, **fields):
        y = Tensor("y", shape, np.uint8, scale, zero)
        self.ops.append(Op(code, inputs, [y], options, **fields))
        self.last = y
        return self

    def done(self):
        return write(self.ops, [self.x], [self.last])


WINDOW = dict(padding=0, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
POOL = dict(padding=0, strideW=2, strideH=2, filterWidth=3, filterHeight=3)


@file("u8")
def uint8_conv(rng):
    layers = Layers(rng, (1, 7, 6, 5), 0.02, 120)
    return layers.weighted("CONV_2D", ((6, 3, 3, 5), 0.008, 112), 6, (1, 4, 3, 6), 0.0235, 0, "Conv2DOptions", **WINDOW | dict(strideW=2, strideH=2, fusedActivationFunction=3)).done()


@file("u8")
def uint8_conv_1x1(rng):
    layers = Layers(rng, (1, 5, 6, 9), 0.02, 3)
    return layers.weighted("CONV_2D", ((10, 1, 1, 9), 0.011, 161), 10, (1, 5, 6, 10), 0.05, 131, "Conv2DOptions", **WINDOW).done()


@file("u8")
def uint8_conv_symmetric(rng):
    """Zero point 128: less that, weights are int8 again."""
    layers = Layers(rng, (1, 5, 6, 4), 0.02, 110)
    return layers.weighted("CONV_2D", ((9, 3, 3, 4), 0.01, 128), 9, (1, 3, 4, 9), 0.06, 117, "Conv2DOptions", **WINDOW | dict(padding=1)).done()


@file("u8")
def uint8_conv_dilated(rng):
    layers = Layers(rng, (1, 8, 9, 3), 0.02, 255)
    return layers.weighted("CONV_2D", ((4, 3, 2, 3), 0.01, 0), 4, (1, 8, 9, 4), 0.09, 40, "Conv2DOptions", **WINDOW | dict(dilationWFactor=2, dilationHFactor=2)).done()


@file("u8")
def uint8_depthwise(rng):
    layers = Layers(rng, (1, 7, 6, 20), 0.02, 90)
    return layers.weighted("DEPTHWISE_CONV_2D", ((1, 3, 3, 20), 0.01, 157), 20, (1, 7, 6, 20), 0.03, 0, "DepthwiseConv2DOptions", **WINDOW | dict(depthMultiplier=1, fusedActivationFunction=1)).done()


@file("u8")
def uint8_depthwise_multiplier(rng):
    layers = Layers(rng, (1, 7, 6, 3), 0.02, 90)
    return layers.weighted("DEPTHWISE_CONV_2D", ((1, 3, 2, 9), 0.01, 97), 9, (1, 3, 3, 9), 0.03, 128, "DepthwiseConv2DOptions", **WINDOW | dict(padding=1, strideW=2, strideH=2, depthMultiplier=3)).done()


@file("u8")
def uint8_fully_connected(rng):
    layers = Layers(rng, (3, 24), 0.02, 131)
    return layers.weighted("FULLY_CONNECTED", ((11, 24), 0.01, 144), 11, (3, 11), 0.04, 128, "FullyConnectedOptions").done()


@file("u8")
def uint8_fully_connected_ties(rng):
    """Scales that are powers of two: half of all sums lie in the middle of two steps."""
    layers = Layers(rng, (4, 16), 0.5, 128)
    return layers.weighted("FULLY_CONNECTED", ((12, 16), 0.25, 128), 12, (4, 12), 64.0, 128, "FullyConnectedOptions").done()


@file("u8")
def uint8_transpose_conv(rng):
    layers = Layers(rng, (1, 4, 3, 5), 0.02, 120)
    return layers.weighted("TRANSPOSE_CONV", ((4, 3, 3, 5), 0.008, 140), 4, (1, 8, 6, 4), 0.05, 126, "TransposeConvOptions", version=3, padding=0, strideW=2, strideH=2).done()


@file("u8")
def uint8_network(rng):
    """A small MobileNet."""
    layers = Layers(rng, (1, 12, 12, 3), 0.0078125, 128)
    relu6 = dict(fusedActivationFunction=3)
    scale = 6 / 255
    layers.weighted("CONV_2D", ((8, 3, 3, 3), 0.0095, 112), 8, (1, 6, 6, 8), scale, 0, "Conv2DOptions", **WINDOW | relu6 | dict(strideW=2, strideH=2))
    layers.weighted("DEPTHWISE_CONV_2D", ((1, 3, 3, 8), 0.0086, 157), 8, (1, 6, 6, 8), scale, 0, "DepthwiseConv2DOptions", **WINDOW | relu6 | dict(depthMultiplier=1))
    layers.weighted("CONV_2D", ((16, 1, 1, 8), 0.0091, 139), 16, (1, 6, 6, 16), scale, 0, "Conv2DOptions", **WINDOW | relu6)
    layers.op("AVERAGE_POOL_2D", [layers.last], (1, 1, 1, 16), scale, 0, "Pool2DOptions", padding=1, strideW=1, strideH=1, filterWidth=6, filterHeight=6)
    layers.weighted("CONV_2D", ((10, 1, 1, 16), 0.0125, 120), 10, (1, 1, 1, 10), 0.06, 119, "Conv2DOptions", **WINDOW)
    squeezed = Tensor("new shape", (2,), np.int32, data=np.array([1, 10], np.int32))
    layers.op("RESHAPE", [layers.last, squeezed], (1, 10), 0.06, 119, "ReshapeOptions", newShape=[1, 10])
    return layers.op("SOFTMAX", [layers.last], (1, 10), 1 / 256, 0, "SoftmaxOptions", beta=1.0).done()


@file("i8")
def int8_depthwise_zero_points(rng):
    """Zero points of channels, which the reference's kernels do not read."""
    x, y = Tensor("x", (1, 6, 5, 4), np.int8, 0.02, -5), Tensor("y", (1, 6, 5, 4), np.int8, 0.1, 11)
    scales = rng.uniform(0.005, 0.01, 4).astype(np.float32)
    w = Tensor("w", (1, 3, 3, 4), np.int8, scales, rng.integers(-20, 20, 4), rng.integers(-127, 128, (1, 3, 3, 4), dtype=np.int8), 3)
    b = Tensor("b", (4,), np.int32, scales * np.float32(0.02), np.zeros(4, int), rng.integers(-300, 300, 4, dtype=np.int32))
    return write([Op("DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", 3, **WINDOW | dict(depthMultiplier=1))], [x], [y])


# Operators whose uint8 kernels are not those of int8, shifted.


def single(shape, scale, zero, *op, **fields):
    layers = Layers(None, shape, scale, zero)
    code, more, *rest = op
    return layers.op(code, [layers.last, *more], *rest, **fields).done()


@file("u8")
def uint8_average_pool(rng):
    return single((1, 9, 8, 70), 0.05, 119, "AVERAGE_POOL_2D", [], (1, 5, 4, 70), 0.05, 119, "Pool2DOptions", **POOL)


@file("u8")
def uint8_average_pool_global(rng):
    return single((1, 4, 5, 9), 0.05, 119, "AVERAGE_POOL_2D", [], (1, 1, 1, 9), 0.05, 119, "Pool2DOptions", padding=1, strideW=1, strideH=1, filterWidth=5, filterHeight=4)


@file("u8")
def uint8_max_pool(rng):
    return single((1, 9, 8, 7), 0.05, 119, "MAX_POOL_2D", [], (1, 5, 4, 7), 0.05, 119, "Pool2DOptions", **POOL)


@file("u8")
def uint8_l2_norm(rng):
    return single((4, 5, 9), 0.05, 119, "L2_NORMALIZATION", [], (4, 5, 9), 1 / 128, 128, "L2NormOptions")


@file("u8")
def uint8_relu6(rng):
    return single((4, 5, 9), 0.07, 30, "RELU6", [], (4, 5, 9), 6 / 255, 0)


@file("u8")
def uint8_relu_n1_to_1(rng):
    return single((4, 5, 9), 0.012, 130, "RELU_N1_TO_1", [], (4, 5, 9), 2 / 255, 128)


def resized(**fields):
    size = Tensor("size", (2,), np.int32, data=np.array([11, 7], np.int32))
    return single((2, 4, 5, 3), 0.05, 119, "RESIZE_BILINEAR", [size], (2, 11, 7, 3), 0.05, 119, "ResizeBilinearOptions", version=3, **fields)


@file("u8")
def uint8_resize_bilinear(rng):
    return resized()


@file("u8")
def uint8_resize_bilinear_corners(rng):
    return resized(alignCorners=True)


@file("u8")
def uint8_resize_bilinear_centers(rng):
    return resized(halfPixelCenters=True)


@file("u8")
def uint8_concat(rng):
    """Operands with other scales, one of them a constant."""
    x, b = Tensor("x", (1, 3, 4, 5), np.uint8, 0.05, 119), Tensor("b", (1, 3, 4, 2), np.uint8, 0.031, 30)
    c = Tensor("c", (1, 3, 4, 3), np.uint8, 0.02, 77, rng.integers(0, 256, (1, 3, 4, 3), dtype=np.uint8))
    same = Tensor("same", (1, 3, 4, 1), np.uint8, 0.041, 140, rng.integers(0, 256, (1, 3, 4, 1), dtype=np.uint8))
    y = Tensor("y", (1, 3, 4, 11), np.uint8, 0.041, 140)
    return write([Op("CONCATENATION", [x, b, c, same], [y], "ConcatenationOptions", axis=3)], [x, b], [y])


@file("u8")
def uint8_elementwise(rng):
    """Kernels that are those of int8, shifted."""
    x, b = Tensor("x", (1, 4, 30), np.uint8, 0.05, 119), Tensor("b", (1, 1, 30), np.uint8, 0.031, 30)
    s, m, d = Tensor("s", (1, 4, 30), np.uint8, 0.07, 100), Tensor("m", (1, 4, 30), np.uint8, 0.2, 90), Tensor("d", (1, 4, 30), np.uint8, 0.2, 120)
    t, y, y1 = Tensor("t", (1, 4, 30), np.uint8, 1 / 128, 128), Tensor("y", (1, 4, 30), np.uint8, 1 / 256, 0), Tensor("y1", (1, 4), np.uint8, 0.15, 110)
    axis = Tensor("axis", (1,), np.int32, data=np.array([2], np.int32))
    ops = [Op("ADD", [x, b], [s], "AddOptions"), Op("MUL", [s, x], [m], "MulOptions"), Op("SUB", [m, s], [d], "SubOptions"),
           Op("TANH", [d], [t]), Op("LOGISTIC", [t], [y]), Op("MEAN", [d, axis], [y1], "ReducerOptions")]
    return write(ops, [x, b], [y, y1])


@file("i8")
def int8_fully_connected_zero_point(rng):
    """The only int8 operator whose kernels read the zero point of weights."""
    x, y = Tensor("x", (2, 17), np.int8, 0.02, -5), Tensor("y", (2, 9), np.int8, 0.05, 11)
    w = Tensor("w", (9, 17), np.int8, 0.01, 22, rng.integers(-128, 128, (9, 17), dtype=np.int8))
    b = Tensor("b", (9,), np.int32, 0.0002, 0, rng.integers(-900, 900, 9, dtype=np.int32))
    return write([Op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", 4)], [x], [y])


# int16, and what stands between it and other integers.


def wide(code, shapes, scales, shape, scale, options=None, version=2, zero=0, **fields):
    """One int16 operator."""
    inputs = [Tensor(n, s, np.int16, f) for n, s, f in zip("xb", shapes, scales)]
    y = Tensor("y", shape, np.int16, scale, zero)
    return write([Op(code, inputs, [y], options, version, **fields)], inputs, [y])


@file("i16")
def leaky_relu_int16(rng):
    return wide("LEAKY_RELU", [(1, 70)], [0.001], (1, 70), 0.0009, "LeakyReluOptions", alpha=0.3)


@file("i16")
def leaky_relu_negative_int16(rng):
    return wide("LEAKY_RELU", [(1, 70)], [0.001], (1, 70), 0.0011, "LeakyReluOptions", alpha=-0.7)


@file("i16")
def abs_int16(rng):
    return wide("ABS", [(1, 70)], [0.001], (1, 70), 0.0009)


@file("i16")
def sub_int16(rng):
    return wide("SUB", [(1, 2, 64), (1, 2, 64)], [0.0136184, 8.117e-06], (1, 2, 64), 0.010617, "SubOptions", 5)


@file("i16")
def squared_difference_int16(rng):
    return wide("SQUARED_DIFFERENCE", [(1, 4, 20), (4, 1)], [0.0002, 0.00031], (1, 4, 20), 0.0052)


@file("i16")
def batch_matmul_int16(rng):
    return wide("BATCH_MATMUL", [(2, 4, 5), (2, 6, 5)], [0.0002, 0.0003], (2, 4, 6), 0.0015, "BatchMatMulOptions", adjY=True)


@file("i16")
def rsqrt_int16(rng):
    """Of magnitudes: others have no square root."""
    x, m, y = (Tensor(n, (1, 90), np.int16, s) for n, s in (("x", 0.002), ("m", 0.002), ("y", 0.0007)))
    return write([Op("ABS", [x], [m], version=2), Op("RSQRT", [m], [y], version=2)], [x], [y])


@file("i8")
def softmax_int8_to_int16(rng):
    x, y = Tensor("x", (2, 40), np.int8, 0.1, 3), Tensor("y", (2, 40), np.int16, 1 / 65536, -32768)
    return write([Op("SOFTMAX", [x], [y], "SoftmaxOptions", 2, beta=1.0)], [x], [y])


def converted(source, target, scale, zero=0, to_zero=0, to_scale=0.00013):
    x, y = Tensor("x", (1, 90), source, scale, zero), Tensor("y", (1, 90), target, to_scale, to_zero)
    return write([Op("QUANTIZE", [x], [y], version=2)], [x], [y])


@file("i8")
def quantize_int8_to_int32(rng):
    return converted(np.int8, np.int32, 0.03, zero=7)


@file("i8")
def quantize_int8_to_int16(rng):
    return converted(np.int8, np.int16, 0.03, zero=7)


@file("i16")
def quantize_int16_to_int32(rng):
    return converted(np.int16, np.int32, 0.001, to_scale=1e-5)


@file("i16")
def quantize_int16_to_int16(rng):
    return converted(np.int16, np.int16, 0.0001)


@file("i16")
def quantize_int16_to_int8(rng):
    return converted(np.int16, np.int8, 0.0001, to_zero=-9, to_scale=0.03)


@file("i16")
def quantize_int16_to_int32_and_back(rng):
    """int32 to int16 and int8."""
    x, wide = Tensor("x", (1, 90), np.int16, 0.001), Tensor("wide", (1, 90), np.int32, 7e-5)
    y, y1 = Tensor("y", (1, 90), np.int16, 0.0008), Tensor("y1", (1, 90), np.int8, 0.25, 3)
    return write([Op("QUANTIZE", [x], [wide]), Op("QUANTIZE", [wide], [y]), Op("QUANTIZE", [wide], [y1])], [x], [y, y1])


@file("i16")
def cast_int16_to_int32(rng):
    x, y = Tensor("x", (1, 30), np.int16, 0.001), Tensor("y", (1, 30), np.int32)
    return write([Op("CAST", [x], [y], "CastOptions")], [x], [y])


@file("u8")
def cast_uint8_to_int32(rng):
    """Integers are cast, whatever they stand for."""
    x, y = Tensor("x", (1, 30), np.uint8, 0.1, 3), Tensor("y", (1, 30), np.int32)
    return write([Op("CAST", [x], [y], "CastOptions")], [x], [y])


@file("u8")
def cast_plain_uint8_to_int32(rng):
    x, y = Tensor("x", (1, 30), np.uint8), Tensor("y", (1, 30), np.int32)
    return write([Op("CAST", [x], [y], "CastOptions")], [x], [y])


@file("i8")
def cast_int8_to_int16(rng):
    x, y = Tensor("x", (1, 30), np.int8, 0.1, 3), Tensor("y", (1, 30), np.int16)
    return write([Op("CAST", [x], [y], "CastOptions")], [x], [y])


@file("i8")
def transpose_conv_computed_shape(rng):
    """The shape is computed, of constants."""
    shape = Tensor("shape", (4,), np.int32, data=None)
    x, y = Tensor("x", (1, 4, 3, 5), np.int8, 0.02, 3), Tensor("y", (1, 8, 6, 4), np.int8, 0.05, -7)
    w = Tensor("w", (4, 3, 3, 5), np.int8, 0.01, 0, rng.integers(-127, 128, (4, 3, 3, 5), dtype=np.int8))
    ones = Tensor("ones", (4,), np.int32, data=np.array([1, 8, 6, 4], np.int32))
    zeros = Tensor("zeros", (4,), np.int32, data=np.zeros(4, np.int32))
    ops = [Op("ADD", [ones, zeros], [shape], "AddOptions"), Op("TRANSPOSE_CONV", [shape, w, x], [y], "TransposeConvOptions", padding=0, strideW=2, strideH=2)]
    return write(ops, [x], [y])


# Weights of less than 8 bits, and those of float operators.


def packed(values, bits):
    """Signed integers, the first one in the lowest bits of its byte."""
    values = values.reshape(-1).astype(np.int64) & (1 << bits) - 1
    per_byte = 8 // bits
    values = np.append(values, np.zeros(-len(values) % per_byte, np.int64)).reshape(-1, per_byte)
    return np.sum(values << bits * np.arange(per_byte), 1).astype(np.uint8)


def narrow(rng, shape, bits):
    return rng.integers(-(1 << bits - 1) + 1, 1 << bits - 1, shape, dtype=np.int8)


def narrow_weights(rng, bits, shape, channels, axis):
    """INT4 or INT2 weights with as many scales as channels, or one."""
    data = narrow(rng, shape, bits)
    scales = rng.uniform(0.05, 0.1, channels).astype(np.float32)
    return Tensor("w", shape, np.int8, scales, np.zeros(channels, int), packed(data, bits), axis, f"INT{bits}"), scales


def with_narrow_weights(rng, code, bits, shapes, channels, axis, options, **fields):
    x_shape, w_shape, y_shape = shapes
    w, scales = narrow_weights(rng, bits, w_shape, channels, axis)
    outputs = y_shape[-1]
    x, y = Tensor("x", x_shape, np.int8, 0.02, -5), Tensor("y", y_shape, np.int8, 0.1, 11)
    b = Tensor("b", (outputs,), np.int32, scales * np.float32(0.02), np.zeros(channels, int), rng.integers(-300, 300, outputs, dtype=np.int32))
    return write([Op(code, [x, w, b], [y], options, 7, **fields)], [x], [y])


@file("i8")
def int4_conv(rng):
    return with_narrow_weights(rng, "CONV_2D", 4, [(1, 6, 5, 3), (5, 3, 3, 3), (1, 6, 5, 5)], 5, 0, "Conv2DOptions", **WINDOW)


@file("i8")
def int4_depthwise(rng):
    return with_narrow_weights(rng, "DEPTHWISE_CONV_2D", 4, [(1, 6, 5, 5), (1, 3, 3, 5), (1, 6, 5, 5)], 5, 3, "DepthwiseConv2DOptions", **WINDOW | dict(depthMultiplier=1))


@file("i8")
def int4_fully_connected(rng):
    return with_narrow_weights(rng, "FULLY_CONNECTED", 4, [(2, 15), (7, 15), (2, 7)], 1, 0, "FullyConnectedOptions")


@file("i8")
def int2_fully_connected(rng):
    return with_narrow_weights(rng, "FULLY_CONNECTED", 2, [(2, 15), (7, 15), (2, 7)], 7, 0, "FullyConnectedOptions")


def dense(w, real, bias, extra=(), change=None):
    """FULLY_CONNECTED of float32 with these weights, and with the same in float32."""
    x, y = Tensor("x", (3, w.shape[1]), np.float32), Tensor("y", (3, w.shape[0]), np.float32)
    b = Tensor("b", bias.shape, np.float32, data=bias)
    plain = Tensor("w", w.shape, np.float32, data=real.astype(np.float32))
    made = lambda weights, **more: write([Op("FULLY_CONNECTED", [x, weights, b], [y], "FullyConnectedOptions", 9)], [x], [y], **more)
    return made(w, change=change), made(plain)


def float_file(function):
    FLOAT[function.__name__] = lambda: function(np.random.default_rng(zlib.crc32(function.__name__.encode())))
    return function


@float_file
def hybrid_uint8(rng):
    """Old: it says uint8, and is int8."""
    data = rng.integers(-127, 128, (4, 8), dtype=np.int8)
    return dense(Tensor("w", (4, 8), np.uint8, 0.01, 0, data), data * np.float32(0.01), rng.normal(0, 1, 4).astype(np.float32))


@float_file
def hybrid_int4(rng):
    data = narrow(rng, (6, 9), 4)
    scales = rng.uniform(0.05, 0.1, 6).astype(np.float32)
    w = Tensor("w", (6, 9), np.int8, scales, np.zeros(6, int), packed(data, 4), 0, "INT4")
    return dense(w, data * scales[:, None], rng.normal(0, 1, 6).astype(np.float32))


@float_file
def blockwise_int4(rng):
    """Scales of blocks, in float16; the library's schema does not know their table yet."""
    data, block = narrow(rng, (4, 64), 4), 32
    scales = rng.uniform(0.05, 0.1, (4, 2)).astype(np.float16)
    w = Tensor("w", (4, 64), np.int8, None, 0, packed(data, 4), 0, "INT4")

    def change(file):
        graph = file.subgraphs[0]
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = np.frombuffer(scales.tobytes(), np.uint8)
        tensor.name, tensor.shape, tensor.type, tensor.buffer = "scales", [4, 2], schema.TensorType.FLOAT16, len(file.buffers)
        file.buffers.append(buffer)
        graph.tensors.append(tensor)
        weights = next(t for t in graph.tensors if t.name == "w")
        weights.quantization = schema.QuantizationParametersT()
        weights.quantization.detailsType = 2
        weights.quantization.details = Blockwise(len(graph.tensors) - 1, -1, block)

    real = data * np.repeat(scales.astype(np.float32), block, 1)
    return dense(w, real, rng.normal(0, 1, 4).astype(np.float32), change=change)


class Blockwise:
    """The table BlockwiseQuantization: indices of tensors and the size of a block."""

    def __init__(self, *fields):
        self.fields = fields

    def Pack(self, builder):
        builder.StartObject(3)
        for slot, value in enumerate(self.fields):
            builder.PrependInt32Slot(slot, value, 0)
        return builder.EndObject()
