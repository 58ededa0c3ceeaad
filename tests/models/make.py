"""Makes the operator models of this folder and records the reference runs.

    python -m venv venv
    venv/bin/pip install tensorflow-cpu==2.21 ai-edge-litert==2.3.0
    venv/bin/pip install --pre tflite-micro==0.dev20261023182759
    venv/bin/python make.py          # all cases
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

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro import runtime

HERE = os.path.dirname(os.path.abspath(__file__))
RUNS = 6
rng = np.random.default_rng(20)


def weights(*shape):
    return tf.constant(rng.normal(0, 0.5, shape).astype(np.float32))


W = {
    "dense": weights(12, 10), "dense_bias": weights(10), "alpha": weights(1, 1, 6),
    "row": weights(6), "column": weights(5, 1), "one": tf.constant(0.7),
    "depthwise": weights(3, 3, 4, 2), "depthwise_bias": weights(8),
    "conv": weights(3, 3, 4, 5), "conv_bias": weights(5),
    "conv1": weights(1, 1, 6, 8), "strided": weights(3, 2, 4, 6),
    "picture": weights(3, 3, 3, 4),
}

# Name: (function, input shape).
CASES = {
    "pad": (lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 3], [2, 0]]), (1, 4, 3, 2)),
    "pad_conv": (lambda x: tf.nn.conv2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), W["conv"], 2, "VALID"), (1, 6, 6, 4)),
    "max_pool": (lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME"), (1, 7, 6, 5)),
    "average_pool": (lambda x: tf.nn.avg_pool2d(x, 3, 2, "SAME"), (1, 7, 6, 5)),
    "mean_keep": (lambda x: tf.reduce_mean(x, [1, 2], keepdims=True), (1, 5, 4, 6)),
    "mean_channels": (lambda x: tf.reduce_mean(x, [3]), (1, 5, 4, 6)),
    "mean_mixed": (lambda x: tf.reduce_mean(x, [1, 3]), (1, 5, 4, 6)),
    "relu": (lambda x: tf.nn.relu(x), (1, 40)),
    "relu6": (lambda x: tf.nn.relu6(x * 3.0), (1, 40)),
    "hard_swish": (lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0), (1, 64)),
    "leaky_relu": (lambda x: tf.nn.leaky_relu(x, 0.15), (1, 64)),
    "prelu": (lambda x: tf.nn.relu(x) + -W["alpha"] * tf.nn.relu(-x), (1, 3, 4, 6)),
    "elu": (lambda x: tf.nn.elu(x), (1, 64)),
    "gelu": (lambda x: tf.nn.gelu(x), (1, 64)),
    "gelu_approximate": (lambda x: tf.nn.gelu(x, approximate=True), (1, 64)),
    "logistic": (lambda x: tf.nn.sigmoid(x), (1, 64)),
    "tanh": (lambda x: tf.nn.tanh(x), (1, 64)),
    "softmax": (lambda x: tf.nn.softmax(x), (1, 3, 17)),
    "softmax_flat": (lambda x: tf.nn.softmax(x * 0.01), (1, 8)),
    "add_row": (lambda x: x + W["row"], (1, 5, 6)),
    "add_column": (lambda x: tf.nn.relu(x + W["column"]), (1, 5, 6)),
    "add_self": (lambda x: x + x, (1, 5, 6)),
    "sub_one": (lambda x: W["one"] - x, (1, 5, 6)),
    "sub_outer": (lambda x: tf.reshape(x, (1, 5, 1)) - tf.reshape(x, (1, 1, 5)), (1, 5)),
    "mul_column": (lambda x: x * W["column"], (1, 5, 6)),
    "mul_self": (lambda x: x * x, (1, 5, 6)),
    "concat_inner": (lambda x: tf.concat([tf.nn.relu(x), x * 3.0, x], 2), (1, 3, 4, 2)),
    "concat_channels": (lambda x: tf.concat([tf.nn.relu(x), x * 0.3], 3), (1, 3, 4, 2)),
    "squeeze": (lambda x: tf.squeeze(tf.nn.max_pool2d(x, (4, 1), 1, "VALID"), [1]), (1, 4, 3, 2)),
    "expand_dims": (lambda x: tf.expand_dims(tf.nn.relu(x), 1), (1, 3, 2)),
    "conv": (lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, W["conv"], 1, "SAME"), W["conv_bias"])), (1, 6, 5, 4)),
    "conv_dilated": (lambda x: tf.nn.relu6(tf.nn.conv2d(x, W["conv"], 1, "SAME", dilations=2)), (1, 7, 7, 4)),
    "conv_strided": (lambda x: tf.nn.conv2d(x, W["strided"], [1, 3, 2, 1], "VALID"), (1, 9, 8, 4)),
    "conv_1x1": (lambda x: tf.nn.conv2d(x, W["conv1"], 1, "VALID"), (1, 3, 4, 6)),
    "depthwise": (lambda x: tf.nn.bias_add(tf.nn.depthwise_conv2d(x, W["depthwise"], [1, 2, 2, 1], "SAME"), W["depthwise_bias"]), (1, 7, 6, 4)),
    "dense": (lambda x: tf.nn.relu(tf.matmul(x, W["dense"]) + W["dense_bias"]), (1, 12)),
    "dense_rows": (lambda x: tf.matmul(x, W["dense"]), (1, 7, 12)),
    "residual": (lambda x: tf.nn.relu(x + tf.nn.conv2d(tf.nn.relu(x), W["conv"][..., :4], 1, "SAME")), (1, 5, 5, 4)),
}


def convert(function, shape, int8):
    def signature(x):
        return {"y": tf.identity(function(x))}

    module = tf.Module()
    module.f = tf.function(signature, input_signature=[tf.TensorSpec(shape, tf.float32, "x")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        samples = [rng.normal(0, 1.5, shape).astype(np.float32) for _ in range(40)]
        converter.representative_dataset = lambda: ([s] for s in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return converter.convert()


def litert(model, inputs):
    try:
        interpreter = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    except (RuntimeError, ValueError):  # LiteRT lacks ELU.
        interpreter = tf.lite.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    outputs = []
    for data in inputs:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], data)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).copy())
    return np.stack(outputs)


def micro(model, inputs):
    interpreter = runtime.Interpreter.from_bytes(bytes(model))
    outputs = []
    for data in inputs:
        interpreter.set_input(data, 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0).copy())
    return np.stack(outputs)


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
        "batch": save("batch", {"serving_default": lambda x: {"y": tf.nn.relu(tf.matmul(x, W["dense"]))}}, {"x": (None, 12)}),
        "signatures": save("signatures", {
            "double": lambda x: {"twice": x * 2.0},
            "mix": lambda x: {"sum": tf.matmul(x, W["dense"][:5, :3])},
        }, {"x": (1, 5)}),
        "unsupported": save("unsupported", {"serving_default": lambda x: {"y": tf.cumsum(tf.sin(x), 1) + tf.nn.relu(x)}}, {"x": (1, 5)}),
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
    outputs = litert(pack(model), x)[:, 0]
    np.savez_compressed(f"{HERE}/kws_real_f32.npz", **{"out:Identity": outputs})


def pack(model):
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def main(names):
    if not names or "special" in names:
        special()
    if "kws" in names:
        real_kws()
    for name, (function, shape) in CASES.items():
        if names and name not in names:
            continue
        record = {}
        float_model, int8_model = convert(function, shape, False), convert(function, shape, True)
        x = rng.normal(0, 1.5, (40, *shape)).astype(np.float32)
        record["float:x"], record["float:y"] = x, litert(float_model, x)
        x = rng.integers(-128, 128, (RUNS, *shape), dtype=np.int8)
        record["in:x"] = x
        try:
            record["out:y"], reference = micro(int8_model, x), "tflm"
        except Exception:
            record["out:y"], reference = litert(int8_model, x), "litert_ref"
        record["reference"] = np.array(reference)
        for kind, model in (("f32", float_model), ("i8", int8_model)):
            with open(f"{HERE}/ops/{name}_{kind}.tflite", "wb") as file:
                file.write(model)
        np.savez_compressed(f"{HERE}/ops/{name}.npz", **record)
        print(name, reference)


if __name__ == "__main__":
    os.makedirs(f"{HERE}/ops", exist_ok=True)
    main(sys.argv[1:])
