"""Models with IF and WHILE that data decides; make.py makes them."""

import numpy as np
import tensorflow as tf

from files import Op, Tensor, file, write

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


def turned(x, n):
    """A variable becomes the other one; how often, the caller says."""
    goes_on = lambda i, a, b: i < n[0]
    return tuple(tf.while_loop(goes_on, lambda i, a, b: (i + 1, b, a * -0.9), [tf.constant(0), x, tf.tanh(tf.matmul(x, SQUARE))])[1:])


def greedy(x):
    """A decoder: tokens until number 0, at most 12."""

    def step(i, token, h, tokens):
        h = tf.tanh(tf.gather(TOKENS, token) + tf.matmul(h, STEP))
        token = tf.argmax(tf.matmul(h, VOCABULARY), 1, tf.int32)
        return i + 1, token, h, tf.tensor_scatter_nd_update(tokens, [[i]], token)

    goes_on = lambda i, token, h, tokens: tf.logical_and(i < 12, tf.not_equal(token[0], 0))
    i, _, h, tokens = tf.while_loop(goes_on, step, [tf.constant(0), tf.constant([1]), x, tf.zeros(12, tf.int32)])
    return tokens, i, h


def behind(x):
    """A network behind the loop, while the loop's own results wait."""
    tokens, i, h = greedy(x)
    return tokens, i, tf.nn.relu(tf.matmul(tf.tanh(tf.matmul(h, STEP)), SQUARE))


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


def cases(Input, idx, flag):
    """By name: the function and its inputs."""
    rounds = idx(1, high=6)
    return {
        "if_branches": (branches, [(1, 8)]),
        "if_chosen": (chosen, [(1, 8), flag(1)]),
        "if_early_exit": (early_exit, [(1, 8, 8, 2)]),
        "if_nested": (nested, [(1, 8)]),
        "while_behind": (behind, [(1, 8)]),
        "while_greedy": (greedy, [(1, 8)]),
        "while_inside": (inside, [(1, 8), rounds]),
        "while_queue": (queue, [(1, 6, 6), rounds]),
        "while_settle": (settle, [(1, 8)]),
        "while_turned": (turned, [(1, 8), rounds]),
    }


def floats(Input, idx):
    """Those that the converter cannot quantize: their loops read what does not change."""
    return {"lengths": (lengths, {"x": Input(1, 6, 6), "n": idx(1, high=7)})}


# Written table by table: subgraphs that hand on int8, as no converter of today makes them.


def int8_tensors(rng):
    """A tensor of one scale, a dense layer on it, and constants."""
    h = lambda name, shape=(1, 8): Tensor(name, shape, np.int8, 0.02, 3)

    def dense(x, y):
        w = Tensor("w", (8, 8), np.int8, 0.01, 0, rng.integers(-60, 61, (8, 8), dtype=np.int8))
        b = Tensor("b", (8,), np.int32, 0.0002, 0, rng.integers(-900, 901, 8, dtype=np.int32))
        return Op("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", 4)

    number = lambda name, value, **scale: Tensor(name, (), type(value), data=np.array(value), **scale)
    return h, dense, number


def largest_is_above(h, number, x, limit, to):
    """Whether the largest element is above a byte."""
    axes, largest = Tensor("axes", (2,), np.int32, data=np.array([0, 1], np.int32)), h("largest", ())
    return [Op("REDUCE_MAX", [x, axes], [largest], "ReducerOptions", 2), Op("GREATER", [largest, number("limit", np.int8(limit), scale=0.02, zero=3)], [to], "GreaterOptions", 2)]


def boolean(name):
    return Tensor(name, (), np.bool_)


@file("i8")
def if_int8(rng):
    h, dense, number = int8_tensors(rng)
    x, c, y, y1 = h("x"), boolean("c"), h("y"), h("y1")
    a, b = h("a"), h("b")
    first = ([dense(a, t := h("t"))], [a], [a, t])
    constant = Tensor("k", (1, 8), np.int8, 0.02, 3, rng.integers(-128, 128, (1, 8), dtype=np.int8))
    second = ([Op("ADD", [b, b], [u := h("u")], "AddOptions", 2)], [b], [u, constant])
    choice = Op("IF", [c, x], [y, y1], "IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2)
    return write([*largest_is_above(h, number, x, 110, c), choice], [x], [y, y1], called=[first, second])


@file("i8")
def while_int8(rng):
    """A counter, a state, and a tensor that the body reads and hands on."""
    h, dense, number = int8_tensors(rng)
    integer = lambda name: Tensor(name, (), np.int32)
    x, y, y1, rest = h("x"), integer("y"), h("y1"), h("rest")
    i, s, f = integer("i"), h("s"), h("f")
    small, large, both = boolean("small"), boolean("large"), boolean("both")
    less = Op("LESS", [i, number("most", np.int32(9))], [small], "LessOptions")
    condition = ([less, *largest_is_above(h, number, s, 40, large), Op("LOGICAL_AND", [small, large], [both], "LogicalAndOptions")], [i, s, f], [both])
    j, t, g = integer("j"), h("t"), h("g")
    k, u, v = integer("k"), h("u"), h("v")
    count = Op("ADD", [j, number("one", np.int32(1))], [k], "AddOptions")
    body = ([count, dense(t, u), Op("ADD", [u, g], [v], "AddOptions", 2)], [j, t, g], [k, v, g])
    loop = Op("WHILE", [number("zero", np.int32(0)), x, x], [y, y1, rest], "WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2)
    return write([loop], [x], [y, y1], called=[condition, body])


@file("i8")
def while_counted(rng):
    """A known number of rounds, but more than are unrolled."""
    integer = lambda name: Tensor(name, (), np.int32)
    picture = lambda name: Tensor(name, (4, 4), np.int8, 0.02, 3)
    number = lambda name, value: Tensor(name, (), np.int32, data=np.array(value, np.int32))
    x, y, c = picture("x"), picture("y"), boolean("c")
    i, h, j, t, k, u = integer("i"), picture("h"), integer("j"), picture("t"), integer("k"), picture("u")
    condition = ([Op("LESS", [i, number("most", 3001)], [c], "LessOptions")], [i, h], [c])
    order = Tensor("order", (2,), np.int32, data=np.array([1, 0], np.int32))
    body = ([Op("ADD", [j, number("one", 1)], [k], "AddOptions"), Op("TRANSPOSE", [t, order], [u], "TransposeOptions")], [j, t], [k, u])
    loop = Op("WHILE", [number("zero", 0), x], [integer("y1"), y], "WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2)
    return write([loop], [x], [y], called=[condition, body])


@file("i8")
def while_swapped(rng):
    """Variables change places: none may be overwritten before it is read. (LiteRT does so.)"""
    h, _, number = int8_tensors(rng)
    integer = lambda name: Tensor(name, (), np.int32)
    x, b, y, y1, c = h("x"), h("b"), h("y"), h("y1"), boolean("c")
    i, p, q, j, r, s, k = integer("i"), h("p"), h("q"), integer("j"), h("r"), h("s"), integer("k")
    few, above = boolean("few"), boolean("above")
    less = Op("LESS", [i, number("most", np.int32(5))], [few], "LessOptions")
    condition = ([less, *largest_is_above(h, number, p, 115, above), Op("LOGICAL_AND", [few, above], [c], "LogicalAndOptions")], [i, p, q], [c])
    body = ([Op("ADD", [j, number("one", np.int32(1))], [k], "AddOptions")], [j, r, s], [k, s, r])
    loop = Op("WHILE", [number("zero", np.int32(0)), x, b], [integer("y2"), y, y1], "WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2)
    return write([loop], [x, b], [y, y1], called=[condition, body])


def calls(levels, ways):
    """Branches that call branches: without a limit, `ways` to the power of `levels`."""
    limit = Tensor("limit", (1,), np.float32, data=np.zeros(1, np.float32))
    real = lambda name: Tensor(name, (1,), np.float32)

    def level(number):
        x = last = real("x")
        if number == levels:
            return [Op("ABS", [x], [y := real("y")])], [x], [y]
        ops = [Op("GREATER", [x, limit], [c := Tensor("c", (1,), np.bool_)], "GreaterOptions")]
        for way in range(ways):
            ops.append(Op("IF", [c, last], [y := real(f"y{way}")], "IfOptions", thenSubgraphIndex=number + 1, elseSubgraphIndex=number + 1))
            last = y
        return ops, [x], [last]

    return write(*level(0), called=[level(number) for number in range(1, levels + 1)])


def real(name, *shape, data=None):
    return Tensor(name, shape or (1,), np.float32, data=None if data is None else np.full(shape or (1,), data, np.float32))


def while_above(limit, body, inputs, outputs):
    """A loop for as long as its variable is above a limit."""
    x, y, h = real("x"), real("y"), real("h")
    above = Op("GREATER", [h, real("limit", data=limit)], [c := Tensor("c", (1,), np.bool_)], "GreaterOptions")
    loop = Op("WHILE", [x], [y], "WhileOptions", condSubgraphIndex=1, bodySubgraphIndex=2)
    return write([loop], [x], [y], called=[([above], [h], [c]), (body, inputs, outputs)])


def refused():
    """Models that are errors, with some datasets or with all."""
    x, y = real("t"), real("u")
    yield "endless", while_above(0.0, [Op("ABS", [x], [y])], [x], [y])
    yield "slow", while_above(0.5, [Op("MUL", [x, real("factor", data=0.999)], [y], "MulOptions")], [x], [y])
    wide = real("v", 2)
    yield "growing", while_above(0.5, [Op("CONCATENATION", [x, x], [wide], "ConcatenationOptions")], [x], [wide])

    def branch(ops, inputs, outputs, result):
        x, c = real("x"), Tensor("c", (1,), np.bool_)
        above = Op("GREATER", [x, real("limit", data=0.0)], [c], "GreaterOptions")
        choice = Op("IF", [c, x], [result], "IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2)
        a = real("a")
        same = Op("ABS", [a], [b := real("b")])
        return write([above, choice], [x], [result], called=[(ops, inputs, outputs), ([same], [a], [b])])

    yield "two_shapes", branch([Op("CONCATENATION", [x, x], [wide], "ConcatenationOptions")], [x], [wide], real("y"))
    handle = Tensor("handle", (), np.int32, kind="RESOURCE")
    assign = [Op("VAR_HANDLE", [], [handle], "VarHandleOptions", sharedName="kept"), Op("ASSIGN_VARIABLE", [handle, x], [], "AssignVariableOptions")]
    yield "assigns", branch([*assign, Op("ABS", [x], [y])], [x], [y], real("y"))
    small = Tensor("small", (1, 8), np.int8, 0.01, 0)
    a, b, c = (Tensor(n, (1, 8), np.int8, 0.02, 3) for n in "xab")
    flag = Tensor("flag", (1,), np.bool_)
    choice = Op("IF", [flag, a], [Tensor("y", (1, 8), np.int8, 0.02, 3)], "IfOptions", thenSubgraphIndex=1, elseSubgraphIndex=2)
    relu = lambda x, y: ([Op("ABS", [x], [y])], [x], [y])
    yield "two_scales", write([choice], [flag, a], choice.outputs, called=[relu(b, small), relu(c, Tensor("d", (1, 8), np.int8, 0.02, 3))])
