"""Makes the models of `hostile/`: files of about one kB that ask for what a compiler must refuse.

    venv/bin/python hostile.py        # make.py says what the environment needs

`../tests/hostile.rs` has the errors that they are answered with.
"""

import os

import numpy as np
from files import Blockwise, Op, Tensor, write
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile")
MOST = 2**31 - 1
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def x(shape, dtype=np.int8, scale=0.5, name="x"):
    return Tensor(name, shape, dtype, None if dtype in (np.int32, np.float32, np.bool_) else scale)


def y(shape, dtype=np.int8, scale=0.5):
    return x(shape, dtype, scale, "y")


def numbers(*values, name="numbers"):
    return Tensor(name, [len(values)], np.int32, data=np.array(values, np.int32))


def one(code, inputs, output, options=None, **fields):
    computed = [t for t in inputs if t is not None and t.data is None]
    return write([Op(code, inputs, [output], options, **fields)], computed, [output])


def convolution(scales, zeros):
    weights = Tensor("weights", [3, 1, 1, 2], np.int8, scales, zeros, np.full(6, 3, np.int8))
    bias = Tensor("bias", [3], np.int32, [0.1] * 3, [0] * 3, np.zeros(3, np.int32))
    fields = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    return one("CONV_2D", [x([1, 4, 4, 2]), weights, bias], y([1, 4, 4, 3]), "Conv2DOptions", **fields)


def pool(**fields):
    fields = {"strideH": 1, "strideW": 1} | fields
    return one("AVERAGE_POOL_2D", [x([1, 4, 4, 2])], y([1, 4, 4, 2]), "Pool2DOptions", **fields)


# Windows.


@case
def pool_of_2p30():
    return pool(filterHeight=2**30, filterWidth=2**30)


@case
def pool_of_2p20():
    return pool(filterHeight=2**20, filterWidth=2**20)


def dilated(dilation):
    taps = Tensor("weights", [1, 3, 3, 1], np.int8, 0.2, 0, np.ones(9, np.int8))
    bias = Tensor("bias", [1], np.int32, 0.1, 0, np.zeros(1, np.int32))
    fields = {"strideH": 1, "strideW": 1, "dilationHFactor": dilation, "dilationWFactor": dilation}
    return one("CONV_2D", [x([1, 4, 4, 1]), taps, bias], y([1, 4, 4, 1]), "Conv2DOptions", **fields)


@case
def convolution_dilated():
    return dilated(MOST)


@case
def convolution_padded():
    return dilated(2**18)


# Shapes of the file, and those that operators compute.


@case
def input_of_2p30():
    return one("RELU", [x([1, 2**30])], y([1, 2**30]))


@case
def input_of_2p62():
    return one("RELU", [x([0, MOST, MOST, MOST])], y([0, MOST, MOST, MOST]))


@case
def reshape():
    return one("RESHAPE", [x([1, 4]), numbers(MOST, MOST, MOST, MOST)], y([1, 4]))


@case
def broadcast_to():
    return one("BROADCAST_TO", [x([1, 1, 1]), numbers(MOST, MOST, MOST)], y([1, 1, 1]))


@case
def tile():
    return one("TILE", [x([2, 2, 2]), numbers(MOST, MOST, MOST)], y([2, 2, 2]))


@case
def pad():
    amounts = Tensor("amounts", [2, 2], np.int32, data=np.full(4, MOST, np.int32))
    return one("PAD", [x([1, 4]), amounts], y([1, 4]))


@case
def resize():
    return one("RESIZE_NEAREST_NEIGHBOR", [x([1, 2, 2, 1]), numbers(MOST, MOST)], y([1, 2, 2, 1]))


@case
def one_hot():
    depth, on, off = (Tensor(n, [], np.int32, data=np.array(v, np.int32)) for n, v in [("depth", MOST), ("on", 1), ("off", 0)])
    return one("ONE_HOT", [x([64], np.int32), depth, on, off], y([64, 4], np.int32), "OneHotOptions", axis=-1)


@case
def space_to_batch():
    amounts = Tensor("amounts", [2, 2], np.int32, data=np.full(4, MOST, np.int32))
    return one("SPACE_TO_BATCH_ND", [x([1, 4, 4, 1]), numbers(MOST, MOST), amounts], y([1, 4, 4, 1]))


@case
def transposed_convolution():
    weights = Tensor("weights", [1, 3, 3, 1], np.int8, 0.2, 0, np.ones(9, np.int8))
    fields = {"strideH": MOST, "strideW": MOST}
    inputs = [numbers(1, MOST, MOST, 1), weights, x([1, 1, 1, 1])]
    return one("TRANSPOSE_CONV", inputs, y([1, 1, 1, 1]), "TransposeConvOptions", **fields)


# Memory and time.


@case
def constants_computed():
    value = Tensor("value", [], np.int8, 0.5, 0, np.ones(1, np.int8))
    filled, result = x([8192, 8192], name="filled"), y([8192, 8192])
    operand = x([1, 8192])
    fill = Op("FILL", [numbers(8192, 8192), value], [filled])
    return write([fill, Op("ADD", [operand, filled], [result], "AddOptions")], [operand], [result])


@case
def arena():
    value, total = x([1, 2**28], np.int32), y([1, 2**28], np.int32)
    a, b = x([1, 2**28], np.int32, name="a"), x([1, 2**28], np.int32, name="b")
    ops = [Op("ABS", [value], [a]), Op("NEG", [value], [b]), Op("SUB", [a, b], [total], "SubOptions")]
    return write(ops, [value], [total])


@case
def product():
    a, b = x([2**14, 2**14], name="a"), x([2**14, 2**14], name="b")
    return one("BATCH_MATMUL", [a, b], y([2**14, 2**14]), "BatchMatMulOptions")


@case
def constants_multiplied():
    a, b = (Tensor(n, [], np.int8, 0.5, 0, np.ones(1, np.int8)) for n in "ab")
    left, right = x([2**10, 2**10], name="left"), x([2**10, 2**10], name="right")
    made, result, operand = x([2**10, 2**10], name="made"), y([2**10, 2**10]), x([1, 1])
    shape = numbers(2**10, 2**10)
    fills = [Op("FILL", [shape, a], [left]), Op("FILL", [shape, b], [right])]
    product = Op("BATCH_MATMUL", [left, right], [made], "BatchMatMulOptions")
    return write([*fills, product, Op("ADD", [operand, made], [result], "AddOptions")], [operand], [result])


@case
def sparse():
    weights = Tensor("weights", [4, 4], np.int8, 0.5, 0, np.ones(1, np.int8))

    def change(file):
        table = next(t for t in file.subgraphs[0].tensors if t.name == "weights")
        table.sparsity = schema.SparsityParametersT()
        table.sparsity.traversalOrder, table.sparsity.blockMap, table.sparsity.dimMetadata = [0, 1], [], []
        for _ in range(2):
            dimension = schema.DimensionMetadataT()
            dimension.format, dimension.denseSize = schema.DimensionType.DENSE, 2**14
            table.sparsity.dimMetadata.append(dimension)

    inputs, output = x([1, 4]), y([1, 4])
    return write([Op("FULLY_CONNECTED", [inputs, weights, None], [output], "FullyConnectedOptions")], [inputs], [output], change)


# Scales and zero points.


@case
def blocks_of_one_number():
    number = Tensor("number", [], np.int8, 0.5, 0, np.ones(1, np.int8))

    def change(file):
        table = next(t for t in file.subgraphs[0].tensors if t.name == "number")
        table.quantization.detailsType, table.quantization.details = 2, Blockwise(0, -1, 32)

    inputs, output = x([1, 4]), y([1, 4])
    return write([Op("ADD", [inputs, number], [output], "AddOptions")], [inputs], [output], change)


@case
def scale_not_a_number():
    return convolution([0.0, np.nan, 0.1], [0] * 3)


@case
def scale_infinite():
    return convolution([0.1, 0.1, np.inf], [0] * 3)


@case
def scale_negative():
    return convolution([0.1, 0.1, -0.1], [0] * 3)


@case
def scale_zero_of_weights():
    return convolution([0.1, 0.0, 0.1], [0] * 3)


@case
def zero_point_of_64_bits():
    return convolution([0.1] * 3, [0, 2**32, 0])


@case
def zero_points_missing():
    return convolution([0.1] * 3, [0, 0])


# Element types.


@case
def type_of_output():
    return one("CONCATENATION", [x([1, 4])], y([1, 4], np.int16), "ConcatenationOptions", axis=1)


@case
def type_of_operand():
    return one("MAXIMUM", [x([1, 4]), x([1, 4], np.int32, name="z")], y([1, 4]))


@case
def cast_with_scale():
    return one("CAST", [x([1, 4], np.int32)], y([1, 4]), "CastOptions")


@case
def type_of_matrix():
    matrices = [x([1, 2, 3], np.int16), x([1, 3, 2], np.int8, name="w")]
    return one("BATCH_MATMUL", matrices, y([1, 2, 2], np.int16), "BatchMatMulOptions")


@case
def type_of_whole_numbers():
    real, whole = x([1, 4], np.float32, name="real"), x([1, 4], np.int8, name="whole")
    whole.kind = "INT32"
    output = y([1, 4])
    steps = [Op("QUANTIZE", [real], [whole]), Op("QUANTIZE", [whole], [output])]
    return write(steps, [real], [output])


@case
def type_of_comparison():
    return one("GREATER", [x([1, 4]), x([1, 4], name="z")], y([1, 4], np.int32))


@case
def type_of_bias():
    weights = Tensor("weights", [2, 4], np.int8, 0.2, 0, np.ones(8, np.int8))
    bias = Tensor("bias", [2], np.float32, data=np.zeros(2, np.float32))
    return one("FULLY_CONNECTED", [x([1, 4]), weights, bias], y([1, 2]), "FullyConnectedOptions")


@case
def type_of_axes():
    axes = Tensor("axes", [1], np.float32, data=np.ones(1, np.float32))
    return one("MEAN", [x([1, 4]), axes], y([1]), "ReducerOptions")


@case
def type_without_kernel():
    return one("LOGISTIC", [x([1, 4], np.int32)], y([1, 4], np.int32))


@case
def type_of_text():
    output = y([1, 4])
    output.kind = "STRING"
    return one("RELU", [x([1, 4])], output)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name, function in CASES.items():
        with open(os.path.join(FOLDER, f"{name}.tflite"), "wb") as file:
            file.write(function())


if __name__ == "__main__":
    main()
