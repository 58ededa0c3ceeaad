"""Makes the quantization-aware models: trained by tf_keras with tensorflow-model-optimization.

    venv/bin/pip install tensorflow-model-optimization==0.8.1   # make.py says what else
    venv/bin/python qat.py            # all
    venv/bin/python qat.py cnn        # some of them

In `qat/`, for every case:
  <name>_f32.tflite   converted without optimizations: QUANTIZE and DEQUANTIZE around
                      float operators
  <name>_i8.tflite    converted with them, float inputs and outputs; with a
                      representative dataset where training annotated only some layers
  <name>.npz          `calibration:x`, `evaluation:x`, and what LiteRT computes of the
                      latter: `out:y` by the first file, `int8:y` by the second
"""

import os
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tf_keras import layers as L

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qat")
SHAPE, CLASSES, CALIBRATION, EVALUATION = (8, 8, 3), 4, 24, 24
annotate = tfmot.quantization.keras.quantize_annotate_layer


def pictures(count, seed):
    """Blobs of the class's colour and place, in noise; steps of 1/64."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, count)
    at = np.stack([1 + 4 * (y % 2), 1 + 4 * (y // 2)], 1) + rng.integers(0, 2, (count, 2))
    grid = np.mgrid[0:8, 0:8].transpose(1, 2, 0)
    far = ((grid[None] - at[:, None, None]) ** 2).sum(-1)
    blob = np.exp(-far / rng.uniform(2, 6, (count, 1, 1)))[..., None] * rng.uniform(0.3, 1, (count, 1, 1, 3))
    x = blob + rng.uniform(0, 0.3, (count, 1, 1, 3)) + rng.normal(0, 0.05, (count, *SHAPE))
    return (np.round(np.clip(x, 0, 1) * 64) / 64).astype(np.float32), y


def conv(x, n, k=3, wrap=lambda layer: layer, **o):
    x = wrap(L.Conv2D(n, k, padding="same", use_bias=False, **o))(x)
    return wrap(L.ReLU())(wrap(L.BatchNormalization())(x))


def cnn(x):
    x = L.MaxPooling2D(2)(conv(x, 8))
    x = L.ReLU(6.0)(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same", use_bias=False)(x)))
    return L.Dense(CLASSES)(L.Flatten()(conv(x, 8, 1)))


def residual(x):
    x = conv(x, 6, strides=2)
    y = L.BatchNormalization()(L.Conv2D(6, 3, padding="same", use_bias=False)(conv(x, 6)))
    x = L.ReLU()(L.Add()([x, y]))
    return L.Dense(CLASSES, activation="softmax")(L.GlobalAveragePooling2D()(x))


def branches(x):
    x = conv(x, 6, strides=2)
    x = L.Concatenate()([conv(x, 4, 1), conv(x, 4), L.AveragePooling2D(3, 1, "same")(x)])
    x = L.Conv2D(6, 3, activation="relu")(x)
    return L.Dense(CLASSES)(L.Dense(12, activation="relu")(L.Flatten()(x)))


def mixed(x):
    """Probabilities beside other channels, padding, activations behind others."""
    x = conv(L.ZeroPadding2D(1)(x), 8, strides=2)
    x = L.Concatenate()([x, L.Conv2D(4, 1, activation="sigmoid")(x)])
    x = L.LeakyReLU(0.2)(L.Conv2D(6, 3, padding="same")(x))
    x = L.MaxPooling2D(2)(x)
    x = L.Dense(12, activation="tanh")(L.Flatten()(x))
    return L.Dense(CLASSES)(x)


def decoder(x):
    """A picture of what the eye is to find: many outputs in the range of a sigmoid."""
    a = conv(x, 6, strides=2)
    b = L.UpSampling2D(2)(conv(a, 6, strides=2))
    x = L.Concatenate()([a, b])
    x = L.GlobalAveragePooling2D()(L.Conv2D(CLASSES, 3, padding="same", activation="sigmoid")(x))
    return L.Softmax()(x)


def partly(x):
    """Some layers only, the first and the last among them."""
    x = conv(x, 8, wrap=annotate)
    x = L.MaxPooling2D(2)(x)
    x = L.Conv2D(8, 3, activation="relu")(x)
    return annotate(L.Dense(CLASSES))(L.Flatten()(x))


def inner(x):
    """Some layers only, in the middle."""
    x = conv(x, 8, strides=2)
    x = annotate(L.Conv2D(8, 3, activation="relu"))(x)
    x = annotate(L.Dense(10, activation="relu"))(L.Flatten()(x))
    return L.Dense(CLASSES, activation="softmax")(x)


CASES = {"cnn": cnn, "residual": residual, "branches": branches, "mixed": mixed, "decoder": decoder, "partly": partly, "inner": inner}


def trained(name):
    tf_keras.utils.set_random_seed(7)
    x = L.Input(SHAPE, name="image")
    y = CASES[name](x)
    model = tf_keras.Model(x, y)
    quantization = tfmot.quantization.keras
    part = any("annotate" in layer.name for layer in model.layers)
    images, labels = pictures(512, 1)
    soft = name in ["residual", "inner", "decoder"]

    def fit(model, epochs):
        loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=not soft)
        model.compile(tf_keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        model.fit(images, labels, 32, epochs, verbose=0)
        print(name, "accuracy", model.evaluate(*pictures(256, 2), verbose=0)[1])

    fit(model, 6)
    model = quantization.quantize_apply(model) if part else quantization.quantize_model(model)
    fit(model, 4)
    return model, part


def convert(model, int8, samples=None):
    folder = tempfile.mkdtemp()
    traced = tf.function(lambda image: {"y": model(image, training=False)})
    specs = tf.TensorSpec((1, *SHAPE), tf.float32, "image")
    tf.saved_model.save(model, folder, signatures=traced.get_concrete_function(specs))
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if samples is not None:
        converter.representative_dataset = lambda: ({"image": x[None]} for x in samples)
    return converter.convert()


def run(content, images):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    runner = interpreter.get_signature_runner("serving_default")
    return np.concatenate([runner(image=x[None])["y"] for x in images])


def main(names):
    os.makedirs(FOLDER, exist_ok=True)
    for name in names or CASES:
        model, part = trained(name)
        x, _ = pictures(CALIBRATION + EVALUATION, 3)
        calibration, evaluation = x[:CALIBRATION], x[CALIBRATION:]
        real, int8 = convert(model, False), convert(model, True, calibration if part else None)
        for ending, content in [("f32", real), ("i8", int8)]:
            with open(f"{FOLDER}/{name}_{ending}.tflite", "wb") as file:
                file.write(content)
        want, got = run(real, evaluation), run(int8, evaluation)
        arrays = {"calibration:image": calibration, "evaluation:image": evaluation, "out:y": want, "int8:y": got}
        np.savez_compressed(f"{FOLDER}/{name}.npz", **arrays)
        print(name, "partly" if part else "fully", 10 * np.log10(np.mean(want**2) / np.mean((want - got) ** 2)), "dB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
