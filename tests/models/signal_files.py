"""Models of TensorFlow Lite Micro's signal library: custom operators that turn sound into features.

make.py records their runs, one after the other, as states want it.
"""

import numpy as np
from flatbuffers import flexbuffers

from files import Op, Tensor, file, write

TYPES = {np.float32: 0, np.int32: 2, np.int16: 7}
STATEFUL = []


def options(**values):
    """A flexbuffer map; its keys come in order."""
    builder = flexbuffers.Builder()
    with builder.Map():
        for key in sorted(values):
            builder.Key(key)
            (builder.Bool if isinstance(values[key], bool) else builder.Int)(values[key])
    return builder.Finish()


def stateful(function):
    STATEFUL.append(function.__name__)
    return function


def constant(name, data, dtype=np.int16):
    data = np.asarray(data, dtype)
    return Tensor(name, data.shape, dtype, data=data)


def hann(size):
    """With 12 bits of fraction."""
    return constant("window", np.round(4096 * (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size))))


def one(name, x, y, more=(), **values):
    """A model of one operator."""
    ys = y if isinstance(y, list) else [y]
    return write([Op(name, [x, *more], ys, options(**values))], [x], ys)


@file("i16")
def signal_window(rng):
    x, y = Tensor("x", (3, 24), np.int16), Tensor("y", (3, 24), np.int16)
    return one("SignalWindow", x, y, [hann(24)], shift=11)


@file("i16")
def signal_fft_auto_scale(rng):
    """Of samples that the window makes smaller."""
    x, small, y, bits = Tensor("x", (40,), np.int16), Tensor("small", (40,), np.int16), Tensor("y", (40,), np.int16), Tensor("y1", (), np.int32)
    ops = [Op("SignalWindow", [x, hann(40)], [small], options(shift=19)), Op("SignalFftAutoScale", [small], [y, bits], options())]
    return write(ops, [x], [y, bits])


@file("i16")
def signal_fft_auto_scale_full(rng):
    x, y, bits = Tensor("x", (60,), np.int16), Tensor("y", (60,), np.int16), Tensor("y1", (), np.int32)
    return one("SignalFftAutoScale", x, [y, bits])


def transform(dtype, length, rows, width):
    x, y = Tensor("x", (rows, width), dtype), Tensor("y", (rows, length + 2), dtype)
    return one("SignalRfft", x, y, T=TYPES[dtype], fft_length=length)


@file("i16")
def signal_rfft(rng):
    return transform(np.int16, 64, 3, 50)


@file("i16")
def signal_rfft_128(rng):
    return transform(np.int16, 128, 1, 128)


@file("i16")
def signal_rfft_i32(rng):
    """Integers of 32 bits that int16 leaves room for."""
    x, wide, y = Tensor("x", (2, 64), np.int16), Tensor("wide", (2, 64), np.int32), Tensor("y", (2, 66), np.int32)
    factor, scaled = constant("factor", 65531, np.int32), Tensor("scaled", (2, 64), np.int32)
    ops = [Op("CAST", [x], [wide]), Op("MUL", [wide, factor], [scaled], "MulOptions"), Op("SignalRfft", [scaled], [y], options(T=2, fft_length=64))]
    return write(ops, [x], [y])


@file("i16")
def signal_rfft_float(rng):
    return transform(np.float32, 32, 2, 31)


def inverse(dtype, length, rows):
    x, y = Tensor("x", (rows, length + 2), dtype), Tensor("y", (rows, length), dtype)
    return one("SignalIrfft", x, y, T=TYPES[dtype], fft_length=length)


@file("i16")
def signal_irfft(rng):
    return inverse(np.int16, 64, 2)


@file("i16")
def signal_irfft_128(rng):
    return inverse(np.int16, 128, 1)


@file("i16")
def signal_irfft_i32(rng):
    x, wide, y = Tensor("x", (2, 66), np.int16), Tensor("wide", (2, 66), np.int32), Tensor("y", (2, 64), np.int32)
    return write([Op("CAST", [x], [wide]), Op("SignalIrfft", [wide], [y], options(T=2, fft_length=64))], [x], [y])


@file("i16")
def signal_irfft_float(rng):
    return inverse(np.float32, 32, 2)


@file("i16")
def signal_energy(rng):
    x, y = Tensor("x", (66,), np.int16), Tensor("y", (33,), np.uint32)
    return one("SignalEnergy", x, y, start_index=0, end_index=33)


def channels(rng, bins, count):
    """Weights of channels that overlap by half, as a filter bank of triangles has them."""
    edges = np.linspace(1, bins, count + 2).astype(int)
    widths = edges[1:] - edges[:-1]
    weights = np.concatenate([np.linspace(0, 4096, n, endpoint=False) for n in widths]).astype(int)
    return [
        constant("weights", weights), constant("unweights", 4096 - weights), constant("frequencies", edges[:-1]),
        constant("starts", np.cumsum(widths) - widths), constant("widths", widths),
    ]


@file("i16")
def signal_filter_bank(rng):
    """Its output is uint64, which only the roots take."""
    x, y = Tensor("x", (40,), np.uint32), Tensor("y", (9,), np.uint32)
    long = Tensor("long", (9,), np.uint64)
    bank = Op("SignalFilterBank", [x, *channels(rng, 40, 9)], [long], options(num_channels=9))
    return write([bank, Op("SignalFilterBankSquareRoot", [long, constant("bits", 3, np.int32)], [y], options())], [x], [y])


def subtraction(clamping, **more):
    x, y, noise = Tensor("x", (10,), np.uint32), Tensor("y", (10,), np.uint32), Tensor("y1", (10,), np.uint32)
    values = dict(alternate_one_minus_smoothing=15401, alternate_smoothing=983, clamping=clamping, min_signal_remaining=819, num_channels=10,
                  one_minus_smoothing=15975, smoothing=409, smoothing_bits=10, spectral_subtraction_bits=14)
    return one("SignalFilterBankSpectralSubtraction", x, [y, noise], **values | more)


@file("i16")
@stateful
def signal_spectral_subtraction(rng):
    return subtraction(False)


@file("i16")
@stateful
def signal_spectral_subtraction_clamped(rng):
    return subtraction(True, smoothing=9000, one_minus_smoothing=7384)


def gains():
    """Gains that fall with the noise, as polynomials between powers of two."""
    gain = lambda x: np.round(8192 / np.sqrt(1 + x / 64)).astype(int)
    table = np.zeros(125, int)
    table[:2] = gain(np.array([0, 1]))
    for interval in range(2, 33):
        low, middle, high = gain(2.0 ** (interval - 1)), gain(1.5 * 2.0 ** (interval - 1)), gain(2.0**interval)
        c2 = 2 * (high - 2 * middle + low)
        table[4 * interval - 6 : 4 * interval - 3] = low, (high - low - c2), c2
    return constant("gains", table)


@file("i16")
def signal_pcan(rng):
    x, noise, y = Tensor("x", (60,), np.uint32), Tensor("b", (60,), np.uint32), Tensor("y", (60,), np.uint32)
    return write([Op("SignalPCAN", [x, noise, gains()], [y], options(snr_shift=6))], [x, noise], [y])


@file("i16")
def signal_filter_bank_log(rng):
    x, y = Tensor("x", (90,), np.uint32), Tensor("y", (90,), np.int16)
    return one("SignalFilterBankLog", x, y, input_correction_bits=3, output_scale=1600)


def zeros_until_valid(x, frames, valid, op, y):
    """What is not valid is whatever the reference's memory held: zeros instead."""
    nothing = constant("nothing", np.zeros(y.shape))
    return write([op, Op("SELECT_V2", [valid, frames, nothing], [y], "SelectV2Options")], [x], [y, valid])


@file("i16")
@stateful
def signal_framer(rng):
    x, y, valid = Tensor("x", (2, 12), np.int16), Tensor("y", (2, 2, 15), np.int16), Tensor("y1", (), np.bool_)
    frames = Tensor("frames", y.shape, np.int16)
    return zeros_until_valid(x, frames, valid, Op("SignalFramer", [x], [frames, valid], options(frame_size=15, frame_step=6, prefill=False)), y)


@file("i16")
@stateful
def signal_framer_filled(rng):
    x, y, valid = Tensor("x", (12,), np.int16), Tensor("y", (3, 10), np.int16), Tensor("y1", (), np.bool_)
    return one("SignalFramer", x, [y, valid], frame_size=10, frame_step=4, prefill=True)


def stacker(left, right, step):
    x, y, valid = Tensor("x", (5,), np.int16), Tensor("y", (5 * (left + 1 + right),), np.int16), Tensor("y1", (), np.bool_)
    rows = Tensor("rows", y.shape, np.int16)
    values = options(num_channels=5, stacker_left_context=left, stacker_right_context=right, stacker_step=step)
    return zeros_until_valid(x, rows, valid, Op("SignalStacker", [x], [rows, valid], values), y)


@file("i16")
@stateful
def signal_stacker(rng):
    return stacker(2, 1, 2)


@file("i16")
@stateful
def signal_stacker_all(rng):
    """Each row is in one stack only."""
    return stacker(1, 0, 2)


@file("i16")
@stateful
def signal_delay(rng):
    x, y = Tensor("x", (2, 6), np.int16), Tensor("y", (2, 6), np.int16)
    return one("SignalDelay", x, y, delay_length=8)


@file("i16")
@stateful
def signal_overlap_add(rng):
    x, y = Tensor("x", (2, 3, 10), np.int16), Tensor("y", (2, 12), np.int16)
    return one("SignalOverlapAdd", x, y, T=7, frame_step=4)


@file("i16")
@stateful
def signal_overlap_add_float(rng):
    x, y = Tensor("x", (2, 8), np.float32), Tensor("y", (6,), np.float32)
    return one("SignalOverlapAdd", x, y, T=0, frame_step=3)


@file("i16")
@stateful
def signal_front_end(rng):
    """The whole of it, from samples to int8 features."""
    bins, count = 33, 8
    x, feature = Tensor("x", (1, 60), np.int16), Tensor("y", (count,), np.int8)
    t = lambda name, shape, dtype: Tensor(name, shape, dtype)
    windowed, flat, scaled = t("windowed", (1, 60), np.int16), t("flat", (60,), np.int16), t("scaled", (60,), np.int16)
    bits, spectrum, energy = t("bits", (), np.int32), t("spectrum", (66,), np.int16), t("energy", (bins,), np.uint32)
    signed, middle, framed = t("signed", (bins,), np.int32), t("middle", (25,), np.int32), t("framed", (bins,), np.int32)
    unsigned, long, root = t("unsigned", (bins,), np.uint32), t("long", (count,), np.uint64), t("root", (count,), np.uint32)
    signal, noise, gained = t("signal", (count,), np.uint32), t("noise", (count,), np.uint32), t("gained", (count,), np.uint32)
    log, wide, product, sum_ = t("log", (count,), np.int16), t("wide", (count,), np.int32), t("product", (count,), np.int32), t("sum", (count,), np.int32)
    quotient, moved, low, clipped = (t(n, (count,), np.int32) for n in ("quotient", "moved", "low", "clipped"))
    number = lambda name, n: constant(name, n, np.int32)
    ops = [
        Op("SignalWindow", [x, hann(60)], [windowed], options(shift=12)),
        Op("RESHAPE", [windowed, number("shape", [60])], [flat]),
        Op("SignalFftAutoScale", [flat], [scaled, bits], options()),
        Op("SignalRfft", [scaled], [spectrum], options(T=7, fft_length=64)),
        Op("SignalEnergy", [spectrum], [energy], options(start_index=3, end_index=28)),
        Op("CAST", [energy], [signed]),
        Op("STRIDED_SLICE", [signed, number("begin", [3]), number("end", [28]), number("step", [1])], [middle], "StridedSliceOptions"),
        Op("CONCATENATION", [number("before", [0] * 3), middle, number("after", [0] * 5)], [framed], "ConcatenationOptions"),
        Op("CAST", [framed], [unsigned]),
        Op("SignalFilterBank", [unsigned, *channels(rng, bins, count)], [long], options(num_channels=count)),
        Op("SignalFilterBankSquareRoot", [long, bits], [root], options()),
        Op("SignalFilterBankSpectralSubtraction", [root], [signal, noise], options(
            alternate_one_minus_smoothing=15401, alternate_smoothing=983, clamping=False, min_signal_remaining=819, num_channels=count,
            one_minus_smoothing=15975, smoothing=409, smoothing_bits=10, spectral_subtraction_bits=14)),
        Op("SignalPCAN", [signal, noise, gains()], [gained], options(snr_shift=6)),
        Op("SignalFilterBankLog", [gained], [log], options(input_correction_bits=3, output_scale=64)),
        Op("CAST", [log], [wide]),
        Op("MUL", [wide, number("factor", 256)], [product], "MulOptions"),
        Op("ADD", [product, number("half", 333)], [sum_], "AddOptions"),
        Op("DIV", [sum_, number("divisor", 666)], [quotient], "DivOptions"),
        Op("ADD", [quotient, number("lowest", -128)], [moved], "AddOptions"),
        Op("MINIMUM", [moved, number("largest", 127)], [low], "MaximumMinimumOptions"),
        Op("MAXIMUM", [low, number("lowest", -128)], [clipped], "MaximumMinimumOptions"),
        Op("CAST", [clipped], [feature]),
    ]
    return write(ops, [x], [feature])
