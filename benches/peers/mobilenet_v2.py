"""Makes mobilenet_v2_i8.tflite: MobileNetV2's layers (Sandler et al., 2018) at
224x224 with random weights, quantized to int8 by the TensorFlow Lite converter.

    pip install tensorflow-cpu==2.21
    python mobilenet_v2.py
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
tf.keras.utils.set_random_seed(7)
layers = tf.keras.layers


def convolution(x, filters, kernel, stride):
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def block(x, filters, stride, expansion):
    """An inverted residual."""
    y = x
    if expansion > 1:
        y = layers.ReLU(6.0)(convolution(y, expansion * x.shape[-1], 1, 1))
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    y = convolution(y, filters, 1, 1)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == filters else y


given = layers.Input((224, 224, 3), batch_size=1, name="input")
x = layers.ReLU(6.0)(convolution(given, 32, 3, 2))
for expansion, filters, count, stride in [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]:
    for i in range(count):
        x = block(x, filters, stride if i == 0 else 1, expansion)
x = layers.ReLU(6.0)(convolution(x, 1280, 1, 1))
x = layers.GlobalAveragePooling2D()(x)
model = tf.keras.Model(given, layers.Dense(1000, activation="softmax")(x))

samples = np.random.default_rng(7).normal(0, 1, (4, 1, 224, 224, 3)).astype(np.float32)
# Statistics of the batch normalizations: those of the samples.
for _ in range(3):
    model(samples[:, 0], training=True)
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([sample] for sample in samples)
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = converter.inference_output_type = tf.int8
with open(os.path.join(HERE, "mobilenet_v2_i8.tflite"), "wb") as file:
    file.write(converter.convert())
