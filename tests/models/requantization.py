"""Makes int8 models whose scales are the point, by hand, and records their runs.

    venv/bin/python requantization.py    # with the packages of make.py

- `requantization_ties`: multipliers halfway between two f32 numbers, and sums at which
  the two numbers, with the same addend, have different outputs.
- `requantization_widths`: convolutions and depthwise ones of channels that networks have,
  few of them a multiple of what kernels take at once; in most, one channel grows where all
  others shrink, so that these need another method than it does.
- `requantization_wide`: the same of 320 and 1280 channels.
"""

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

import make

rng = np.random.default_rng(22)
# Scales of weights that make such multipliers, and sums.
TIES = [
    (0.01905769668519497, 17945),
    (0.01905769668519497, 18240),
    (0.007259105797857046, 23621),
    (0.010424795560538769, 43592),
    (0.013148429803550243, 20452),
]


class Graph:
    """A model in the making: int8 tensors and operators."""

    def __init__(self, shape, scale, zero_point):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators, self.outputs = [], [], []
        self.input = self.tensor("x", shape, scale, zero_point)

    def tensor(self, name, shape, scale, zero_point=0, data=None, axis=0):
        tensor = schema.TensorT()
        tensor.name, tensor.shape = name, list(shape)
        tensor.type = schema.TensorType.INT8
        tensor.quantization = q = schema.QuantizationParametersT()
        q.scale = np.atleast_1d(np.asarray(scale, np.float32))
        q.zeroPoint = np.full(len(q.scale), zero_point, np.int64)
        q.quantizedDimension = axis
        tensor.buffer = 0
        if data is not None:
            tensor.type = schema.TensorType.INT32 if data.dtype == np.int32 else schema.TensorType.INT8
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def convolution(self, name, source, weights, scales, bias, output, depthwise=False):
        """Of 1x1 or 3x3 pixels, padded; `output` is scale and zero point."""
        tensors = self.graph.tensors
        scale = np.float32(tensors[source].quantization.scale[0])
        shape = [*tensors[source].shape[:3], len(bias)]
        inputs = [
            source,
            self.tensor(f"{name}_w", weights.shape, scales, data=weights, axis=3 if depthwise else 0),
            self.tensor(f"{name}_b", bias.shape, scale * np.asarray(scales, np.float32), data=bias),
        ]
        operator = schema.OperatorT()
        operator.inputs, operator.outputs = inputs, [self.tensor(name, shape, *output)]
        kind, options = "Conv2D", schema.Conv2DOptionsT()
        code = schema.BuiltinOperator.CONV_2D
        if depthwise:
            kind, options = "DepthwiseConv2D", schema.DepthwiseConv2DOptionsT()
            code = schema.BuiltinOperator.DEPTHWISE_CONV_2D
            options.depthMultiplier = 1
        options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{kind}Options")
        operator.builtinOptions = options
        operator.opcodeIndex = self.code(code)
        self.graph.operators.append(operator)
        return operator.outputs[0]

    def code(self, builtin):
        for i, known in enumerate(self.model.operatorCodes):
            if known.builtinCode == builtin:
                return i
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 3
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def finished(self, outputs):
        self.graph.inputs, self.graph.outputs = [self.input], outputs
        signature = schema.SignatureDefT()
        signature.signatureKey = "serving_default"

        def port(tensor):
            port = schema.TensorMapT()
            port.name, port.tensorIndex = self.graph.tensors[tensor].name, tensor
            return port

        signature.inputs, signature.outputs = [port(self.input)], [port(o) for o in outputs]
        self.model.signatureDefs, self.model.subgraphs = [signature], [self.graph]
        return make.pack(self.model)


def ties():
    graph = Graph((1, 2, 9, 4), 0.05, 0)
    # And negative sums; a block of channels.
    scales, sums = zip(*(TIES + [(scale, -total) for scale, total in TIES] + TIES + TIES[:1]))
    weights = rng.choice(np.array([-127, 127], np.int8), (len(sums), 1, 1, 4))
    bias = np.array(sums, np.int32)
    positive = graph.convolution("high", graph.input, weights, scales, bias, (0.0937, -120))
    negative = graph.convolution("low", graph.input, weights, scales, bias, (0.0937, 120))
    return graph.finished([positive, negative])


def mixed(channels, size, source, output, growing):
    """Scales of weights that give outputs a standard deviation of some 40; the one in the middle
    multiplies sums by more than 1, if that is to be."""
    scales = rng.uniform(0.5, 1.5, channels) * 40 * output / (source * 74 * 74 * np.sqrt(size))
    if growing:
        scales[channels // 2] = 1.4 * output / source
    return scales.astype(np.float32)


def branch(graph, channels, growing):
    """A 1x1 convolution, and a depthwise one of its outputs."""
    tensor, scale = graph.input, 0.05
    for name, size, depthwise, grows in (("conv", 4, False, growing), ("depthwise", 9, True, not growing)):
        output = (0.08, int(rng.integers(-100, 100)))
        scales = mixed(channels, size, scale, output[0], grows)
        shape = (1, 3, 3, channels) if depthwise else (channels, 1, 1, 4)
        weights = rng.integers(-127, 128, shape, dtype=np.int8)
        bias = rng.integers(-9000, 9000, channels, dtype=np.int32)
        if grows:
            one = (..., channels // 2) if depthwise else (channels // 2,)
            weights[one] = np.sign(weights[one])
            bias[channels // 2] %= 50
        tensor = graph.convolution(f"{name}_{channels}", tensor, weights, scales, bias, output, depthwise)
        scale = output[0]
    return tensor


def widths():
    graph = Graph((1, 2, 8, 4), 0.05, 3)
    widths = (3, 24, 32, 40, 96, 144, 160)
    return graph.finished([branch(graph, n, i % 2 == 0) for i, n in enumerate(widths)])


def wide():
    graph = Graph((1, 1, 1, 4), 0.05, -7)
    outputs = []
    for channels, grows in ((320, True), (1280, False)):
        output = (0.08, int(rng.integers(-100, 100)))
        scales = mixed(channels, 4, 0.05, output[0], grows)
        weights = rng.integers(-127, 128, (channels, 1, 1, 4), dtype=np.int8)
        bias = rng.integers(-9000, 9000, channels, dtype=np.int32)
        if grows:
            weights[channels // 2] = np.sign(weights[channels // 2])
            bias[channels // 2] %= 50
        name = f"conv_{channels}_{'mixed' if grows else 'alike'}"
        outputs.append(graph.convolution(name, graph.input, weights, scales, bias, output))
    return graph.finished(outputs)


def record(name, model):
    ((_, tensor, _, _),), _ = make.details(model)
    shape = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model, 0)).subgraphs[0].tensors[tensor].shape
    x = rng.integers(-128, 128, (make.RUNS, *shape), dtype=np.int8)
    if name == "requantization_ties":
        # First, sums are those.
        x[0] = 0
    y = make.micro(model, {"x": x})
    arrays = {"in:x": x} | {f"out:{k}": v for k, v in y.items()}
    with open(f"{make.HERE}/{name}_i8.tflite", "wb") as file:
        file.write(model)
    np.savez_compressed(f"{make.HERE}/{name}_i8.npz", **arrays, reference=np.array("tflm"))
    print(name, len(model), [(k, v.std().round(1)) for k, v in y.items()])


if __name__ == "__main__":
    for name, function in (("ties", ties), ("widths", widths), ("wide", wide)):
        record(f"requantization_{name}", function())
