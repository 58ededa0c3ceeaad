"""Makes the models, datasets, pictures and the recording of the examples `image_folder`, `wake_word` and below.

    python make.py digit wake_word

Needs tensorflow, tf_keras, scikit-learn (whose handwritten digits are those of the UCI repository) and pillow."""

import sys
import wave
from pathlib import Path

import numpy as np
import tensorflow as tf
import tf_keras
from PIL import Image

HERE = Path(__file__).parent
rng = np.random.default_rng(1)


# One handwritten digit in 8x8 pixels.


def warped(images, angle=0.15, size=0.12, shift=0.6):
    """Rotated, sheared, stretched and shifted copies, as people's handwriting differs."""
    n = len(images)
    affine = np.zeros((n, 8), np.float32)
    affine[:, [0, 4]] = 1 + rng.uniform(-size, size, (n, 2))
    affine[:, 1] = rng.uniform(-2 * angle, 2 * angle, n)
    affine[:, 3] = rng.uniform(-angle, angle, n)
    center = np.array([3.5, 3.5])
    for a in affine:
        a[[2, 5]] = center - np.array([[a[0], a[1]], [a[3], a[4]]]) @ center + rng.uniform(-shift, shift, 2)
    big = tf.raw_ops.ImageProjectiveTransformV3(
        images=images, transforms=affine, output_shape=[8, 8], fill_value=0.0, interpolation="BILINEAR", fill_mode="CONSTANT"
    ).numpy()
    return np.clip(big * rng.uniform(0.8, 1.3, (n, 1, 1, 1)), 0, 1).astype(np.float32)


def digit():
    from sklearn.datasets import load_digits

    data = load_digits()
    images, labels = (data.images[..., None] / 16).astype(np.float32), data.target
    order = rng.permutation(len(images))
    test, train = order[:300], order[300:]
    layers = tf_keras.layers
    model = tf_keras.Sequential([
        layers.Input((8, 8, 1), batch_size=1, name="image"),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax", name="digit"),
    ])
    trained = tf_keras.Sequential([layers.Input((8, 8, 1)), *model.layers])
    trained.compile(tf_keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(40):
        trained.optimizer.learning_rate = 2e-3 * 0.93**epoch
        x = np.concatenate([images[train], warped(images[train]), warped(images[train])])
        trained.fit(x, np.tile(labels[train], 3), batch_size=64, verbose=0)
    print("digit: accuracy", trained.evaluate(images[test], labels[test], verbose=0)[1])
    (HERE / "digit_f32.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())

    for folder, indices in [("pictures/calibration", train[:40]), ("pictures/digits", test[:60])]:
        folder = HERE.parent / folder
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.png"):
            file.unlink()
        for number, i in enumerate(indices):
            pixels = np.round(images[i, :, :, 0] * 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{labels[i]}_{number:02}.png", optimize=True)
    np.savez_compressed(HERE / "digit_calibration.npz", image=np.round(images[train[:100]] * 255) / np.float32(255))


# A wake word that needs no recordings of people: a whistle of two tones, the second one higher.

RATE, FRAME, BANDS, HISTORY = 8000, 160, 24, 24
FREQUENCIES = 500 + 100 * np.arange(BANDS)


def tone(seconds, begin, end):
    n = int(seconds * RATE)
    phase = 2 * np.pi * np.cumsum(np.linspace(begin, end, n)) / RATE
    fade = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 80)
    return np.sin(phase) * fade


def silence(seconds):
    return np.zeros(int(seconds * RATE))


def whistle():
    low, high = rng.uniform(700, 900), rng.uniform(1300, 1700)
    return np.concatenate([tone(rng.uniform(0.14, 0.18), low, low), silence(0.02), tone(rng.uniform(0.14, 0.18), high, high)])


def other():
    low, high = rng.uniform(600, 1000), rng.uniform(1200, 1900)
    kind = rng.integers(5)
    if kind == 0:
        return np.concatenate([tone(0.16, high, high), silence(0.02), tone(0.16, low, low)])
    if kind == 1:
        return tone(rng.uniform(0.1, 0.4), *rng.uniform(500, 2500, 2))
    if kind == 2:
        return tone(0.3, low, low) if rng.random() < 0.5 else tone(0.3, high, high)
    if kind == 3:  # a voiced sound: harmonics of a low tone
        pitch = rng.uniform(100, 250)
        return sum(tone(0.3, k * pitch, k * pitch * rng.uniform(0.9, 1.1)) * rng.uniform(0, 1) for k in range(2, 12)) / 4
    return rng.normal(0, 0.3, int(0.25 * RATE))


def recording(seconds):
    """Sounds between pauses; also the ends of the whistles, in samples."""
    sound, ends = [silence(0.5)], []
    while sum(map(len, sound)) < seconds * RATE:
        is_whistle = rng.random() < 0.4
        sound.append((whistle() if is_whistle else other()) * rng.uniform(0.2, 0.8))
        if is_whistle:
            ends.append(sum(map(len, sound)))
        sound.append(silence(rng.uniform(0.2, 0.6)))
    sound = np.concatenate(sound)[: seconds * RATE]
    sound += rng.normal(0, rng.uniform(0.002, 0.03), len(sound))
    return np.clip(sound, -1, 1).astype(np.float32), [end for end in ends if end < len(sound)]


def labels_of(ends, frames):
    """1 from the end of a whistle on for 100 ms, -1 (either is right) around that, else 0."""
    labels = np.zeros(frames, np.float32)
    for end in ends:
        frame = end // FRAME
        labels[max(0, frame - 3) : frame + 12] = -1
        labels[frame + 1 : frame + 6] = 1
    return labels


class WakeWord(tf.Module):
    """Levels of 24 bands of the newest 20 ms join those of the last 480 ms, which are the state."""

    def __init__(self):
        times = np.arange(FRAME)[:, None] * FREQUENCIES * 2 * np.pi / RATE
        window = np.hanning(FRAME)[:, None] / FRAME * 2
        self.cosines = tf.constant((np.cos(times) * window).astype(np.float32))
        self.sines = tf.constant((np.sin(times) * window).astype(np.float32))
        init = tf_keras.initializers.GlorotUniform(1)
        self.first = tf.Variable(init(((HISTORY + 1) * BANDS, 16)))
        self.first_bias = tf.Variable(tf.zeros(16))
        self.second = tf.Variable(init((16, 1)))
        self.second_bias = tf.Variable(tf.zeros(1))
        self.history = tf.Variable(tf.zeros((1, HISTORY, BANDS)), trainable=False, name="history")

    def levels(self, x):
        return tf.abs(x @ self.cosines) + tf.abs(x @ self.sines)

    def logit(self, levels):
        return tf.nn.relu(levels @ self.first + self.first_bias) @ self.second + self.second_bias

    @tf.function(input_signature=[tf.TensorSpec((1, FRAME), tf.float32, name="frame")])
    def run(self, frame):
        levels = tf.concat([self.history, tf.reshape(self.levels(frame), (1, 1, BANDS))], 1)
        self.history.assign(levels[:, 1:])
        return {"score": tf.sigmoid(self.logit(tf.reshape(levels, (1, -1))))}


def windows(model, sound):
    """The levels that every frame of a recording is judged by."""
    levels = model.levels(sound.reshape(-1, FRAME)).numpy()
    padded = np.concatenate([np.zeros((HISTORY, BANDS), np.float32), levels])
    return np.lib.stride_tricks.sliding_window_view(padded, HISTORY + 1, axis=0).transpose(0, 2, 1).reshape(len(levels), -1)


def wake_word():
    model = WakeWord()
    x, y = [], []
    for _ in range(60):
        sound, ends = recording(30)
        x.append(windows(model, sound))
        y.append(labels_of(ends, len(x[-1])))
    x, y = np.concatenate(x), np.concatenate(y)
    x, y = x[y >= 0], y[y >= 0]
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=1).batch(512)
    optimizer = tf_keras.optimizers.Adam(3e-3)

    @tf.function
    def train(levels, labels):
        with tf.GradientTape() as tape:
            loss = tf.nn.weighted_cross_entropy_with_logits(labels[:, None], model.logit(levels), 3.0)
            weights = [model.first, model.first_bias, model.second, model.second_bias]
            loss = tf.reduce_mean(loss) + 1e-4 * tf.nn.l2_loss(model.first)
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        return loss

    for epoch in range(25):
        optimizer.learning_rate = 3e-3 * 0.9**epoch
        loss = np.mean([train(*batch).numpy() for batch in data])
    sound, ends = recording(60)
    scores = tf.sigmoid(model.logit(windows(model, sound))).numpy()[:, 0]
    labels = labels_of(ends, len(scores))
    right = (scores > 0.5) == (labels > 0.5)
    print("wake_word: loss", loss, "right frames", right[labels >= 0].mean())

    converter = tf.lite.TFLiteConverter.from_concrete_functions([model.run.get_concrete_function()], model)
    converter.experimental_enable_resource_variables = True
    (HERE / "wake_word_f32.tflite").write_bytes(converter.convert())
    sound, _ = recording(8)
    coarse = np.round(sound * 100) / 100
    np.savez_compressed(HERE / "wake_word_calibration.npz", frame=coarse.reshape(-1, FRAME).astype(np.float32))

    # The recording of the example: whistles end after 1.10 and 3.06 seconds.
    high, low = tone(0.16, 1500, 1500), tone(0.16, 800, 800)
    parts = [silence(0.76), low, silence(0.02), high, silence(0.5), high, silence(0.02), low, silence(0.3), tone(0.3, 900, 2000)]
    parts += [silence(0.34), low * 0.5, silence(0.02), high * 0.5, silence(0.44)]
    sound = np.concatenate(parts) * 0.6
    sound = sound[: len(sound) // FRAME * FRAME] + rng.normal(0, 0.01, len(sound) // FRAME * FRAME)
    with wave.open(str(HERE.parent / "wake_word.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2").tobytes())


for name in sys.argv[1:]:
    {"digit": digit, "wake_word": wake_word}[name]()
