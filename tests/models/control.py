"""Models with IF and WHILE that data decides; make.py makes them."""

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(33)


def weights(*shape, std=0.4):
    return tf.constant(rng.normal(0, std, shape).astype(np.float32))


SQUARE, WIDE, NARROW = weights(8, 8), weights(6, 8), weights(8, 6)
PICTURE, DEEP = weights(3, 3, 2, 6), weights(96, 16, std=0.15)
HEADS = [weights(6, 4), weights(16, 4)]
TOKENS, STEP, VOCABULARY = weights(9, 8, std=1.0), weights(8, 8, std=0.6), weights(8, 9, std=1.0)


def branches(x):
    """Two branches of different ranges."""
    return tf.cond(tf.reduce_sum(x) > 0.0, lambda: tf.nn.relu(tf.matmul(x, SQUARE)), lambda: tf.tanh(x) * 0.5)


def chosen(x, b):
    """By a bool of the caller's; one branch hands its input on, the other a constant."""
    return tf.cond(b[0], lambda: (x * 1.0, tf.matmul(x, SQUARE)), lambda: (tf.tanh(tf.matmul(x, SQUARE)), tf.constant(0.25, shape=(1, 8))))


def nested(x):
    """Branches within a branch; and indices."""
    total = tf.reduce_sum(x)
    inner = lambda: tf.cond(total > 3.0, lambda: (tf.matmul(x, SQUARE), tf.argmax(x, 1, tf.int32)), lambda: (x * 2.0, tf.argmin(x, 1, tf.int32)))
    return tf.cond(total > 0.0, inner, lambda: (tf.sigmoid(x), tf.constant([7])))


def early_exit(x):
    """A small head is enough, or a deeper network goes on."""
    features = tf.nn.relu(tf.nn.conv2d(x, PICTURE, 2, "SAME"))
    first = tf.nn.softmax(tf.matmul(tf.reduce_mean(features, [1, 2]), HEADS[0]))

    def deeper():
        more = tf.nn.relu(tf.matmul(tf.reshape(features, (1, 96)), DEEP))
        return tf.nn.softmax(tf.matmul(more, HEADS[1]))

    return tf.cond(tf.reduce_max(first) > 0.71, lambda: first, deeper)


def settle(x):
    """Until it has become small, or 20 times."""
    goes_on = lambda i, h: tf.logical_and(i < 20, tf.reduce_max(h) > 0.5)
    return tuple(tf.while_loop(goes_on, lambda i, h: (i + 1, tf.tanh(tf.matmul(h, SQUARE)) * 0.9), [tf.constant(0), tf.tanh(x)]))


def swapped(x, n):
    """Variables that change places; how often, the caller says."""
    goes_on = lambda i, a, b: i < n[0]
    return tuple(tf.while_loop(goes_on, lambda i, a, b: (i + 1, b, a), [tf.constant(0), x, tf.tanh(tf.matmul(x, SQUARE))])[1:])


def greedy(x):
    """A decoder: tokens until number 0, at most 12."""

    def step(i, token, h, tokens):
        h = tf.tanh(tf.gather(TOKENS, token) + tf.matmul(h, STEP))
        token = tf.argmax(tf.matmul(h, VOCABULARY), 1, tf.int32)
        return i + 1, token, h, tf.tensor_scatter_nd_update(tokens, [[i]], token)

    goes_on = lambda i, token, h, tokens: tf.logical_and(i < 12, tf.not_equal(token[0], 0))
    i, _, h, tokens = tf.while_loop(goes_on, step, [tf.constant(0), tf.constant([1]), x, tf.zeros(12, tf.int32)])
    return tokens, i, h


def lengths(x, n):
    """A recurrent layer over as many steps as the sequence has."""
    step = lambda t, h: (t + 1, tf.tanh(tf.matmul(tf.gather(x, t, axis=1), WIDE) + tf.matmul(h, SQUARE)))
    return tf.while_loop(lambda t, h: t < n[0], step, [tf.constant(0), tf.zeros((1, 8))])[1]


def queue(x, n):
    """The same; the sequence moves on."""

    def step(t, h, x):
        h = tf.tanh(tf.matmul(x[:, 0], WIDE) + tf.matmul(h, SQUARE))
        return t + 1, h, tf.concat([x[:, 1:], x[:, :1]], 1)

    return tf.while_loop(lambda t, h, x: t < n[0], step, [tf.constant(0), tf.zeros((1, 8)), x])[1]


def inside(x, n):
    """A loop in a loop, and a branch in both."""

    def inner(j, i, h):
        h = tf.cond(tf.reduce_sum(h) > 0.0, lambda: tf.matmul(h, SQUARE), lambda: h * -0.5)
        return j + 1, i, h

    def outer(i, h):
        _, _, h = tf.while_loop(lambda j, i, h: j < i, inner, [tf.constant(0), i, h])
        return i + 1, tf.tanh(h)

    return tuple(tf.while_loop(lambda i, h: i < n[0], outer, [tf.constant(0), x]))


def counted(x):
    """More rounds than are unrolled."""
    return tf.while_loop(lambda i, h: i < 3001, lambda i, h: (i + 1, -h), [tf.constant(0), tf.tanh(x)])[1]


def cases(Input, idx, flag):
    """By name: the function and its inputs."""
    rounds = idx(1, high=6)
    return {
        "if_branches": (branches, [(1, 8)]),
        "if_chosen": (chosen, [(1, 8), flag(1)]),
        "if_early_exit": (early_exit, [(1, 8, 8, 2)]),
        "if_nested": (nested, [(1, 8)]),
        "while_counted": (counted, [(1, 4)]),
        "while_greedy": (greedy, [(1, 8)]),
        "while_inside": (inside, [(1, 8), rounds]),
        "while_queue": (queue, [(1, 6, 6), rounds]),
        "while_settle": (settle, [(1, 8)]),
        "while_swapped": (swapped, [(1, 8), rounds]),
    }


def floats(Input, idx):
    """Those that the converter cannot quantize: their loops read what does not change."""
    return {"lengths": (lengths, {"x": Input(1, 6, 6), "n": idx(1, high=7)})}
