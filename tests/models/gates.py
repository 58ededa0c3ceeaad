"""Makes the model with squeeze-and-excite blocks, whose channels have unequal ranges.

    venv/bin/python gates.py          # make.py says what it needs

`gates_f32.tflite` and `gates.npz`: `x` (40 samples that calibrate, 20 that measure).
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import tensorflow as tf

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(26)
CHANNELS, SQUEEZED, CLASSES = 16, 4, 5


def weights(*shape, fan):
    return rng.normal(0, (2 / fan) ** 0.5, shape).astype(np.float32)


# One channel is this much larger than the next one.
SPREAD = (2.0 ** -np.linspace(0, 6, CHANNELS)).astype(np.float32)


def block(x, excite):
    """A convolution of unequal channels, a gate, and a convolution that reads all of them."""
    depth = x.shape[-1]
    w = weights(3, 3, depth, CHANNELS, fan=9 * depth) * SPREAD
    x = tf.nn.relu(tf.nn.conv2d(x, w, 1, "SAME") + rng.normal(0.05, 0.02, CHANNELS) * SPREAD)
    s = tf.reduce_mean(x, [1, 2], keepdims=True)
    s = tf.nn.relu(tf.nn.conv2d(s, weights(1, 1, CHANNELS, SQUEEZED, fan=CHANNELS) / SPREAD[:, None], 1, "VALID"))
    s = tf.nn.conv2d(s, weights(1, 1, SQUEEZED, CHANNELS, fan=SQUEEZED), 1, "VALID")
    x = x * excite(s)
    w = weights(1, 1, CHANNELS, CHANNELS, fan=CHANNELS) / SPREAD[:, None]
    return tf.nn.relu(tf.nn.conv2d(x, w, 1, "VALID"))


def model(x):
    x = block(x, tf.nn.sigmoid)
    x = tf.nn.avg_pool2d(x, 2, 2, "VALID")
    x = block(x, lambda s: tf.nn.relu6(s + 3.0) * (1 / 6))
    x = tf.reduce_mean(x, [1, 2])
    return {"y": x @ weights(CHANNELS, CLASSES, fan=CHANNELS)}


SHAPE = (12, 12, 3)
function = tf.function(model, input_signature=[tf.TensorSpec((1, *SHAPE), tf.float32, name="x")])
converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
with open(os.path.join(HERE, "gates_f32.tflite"), "wb") as file:
    file.write(converter.convert())
samples = np.random.default_rng(27).normal(0, 1, (60, *SHAPE)).astype(np.float32)
# Smooth, as pictures are.
samples = (samples + np.roll(samples, 1, 1) + np.roll(samples, 1, 2)) / 2
samples = np.round(samples * 32) / 32
np.savez_compressed(os.path.join(HERE, "gates.npz"), x=samples.astype(np.float32))
