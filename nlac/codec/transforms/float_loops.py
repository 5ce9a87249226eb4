"""The compiled loops of float blocks, which code and decode the side data of every sample.

Side data is what the integer plane does not hold (spec, section "Float blocks"): low mantissa bits,
values below the grid, and exceptions. Adaptive binary models code all decisions, so events that
never occur cost next to nothing.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.transforms.float_decisions import (
    get,
    get_uniform,
    interval,
    put,
    put_uniform,
    quantile,
)
from nlac.codec.transforms.float_kernels import (
    MAX_DELTA_BITS,
    MAX_UNARY_OCTAVES,
    OCTAVE_BITS,
    PARAMETER_CELLS,
    PROBABILITY_ONE,
    SIGN,
    SMALLEST,
    WORDS_PER_SAMPLE,
    Model,
    ParameterCell,
    RunMode,
    SampleKind,
    clear,
    float_bits,
    free_bits,
    scaled_bits,
    unpack,
)
from nlac.entropy.range_kernels import (
    FULL,
    ZERO,
    decode_advance,
    decode_start,
    seal,
)
from nlac.kernels.arithmetic import bit_length
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32, load_i64, load_u32, store_32


@kernel
def _start_channel(parameter_rows, c, models):
    """Reset the models; returns the parameters of a channel: their address, and some of them."""
    clear(models)
    row = address(parameter_rows) + 8 * PARAMETER_CELLS * c
    exceptions = load_i64(row, ParameterCell.EXCEPTIONS)
    run = load_i64(row, ParameterCell.FIRST_RUN)
    zeros, floor = load_i64(row, ParameterCell.ZEROS), load_i64(row, ParameterCell.FLOOR)
    return row, exceptions, run, zeros, floor


@kernel
def _run_at(runs, run):
    """Frame after a run, its mode and its exponent."""
    return load_i64(runs, 3 * run), load_i64(runs, 3 * run + 1), load_i64(runs, 3 * run + 2)


@kernel
def encode_side(patterns, planes, parameter_rows, run_rows, model_buffer, word_buffer):
    """Code the side data of all channels; returns the number of words, -1 if there is no room.

    Parameters
    ----------
    patterns : (channels, frames) uint32
        Bits of the floats.
    planes : (channels, frames) int32
        Their integers.
    parameter_rows : (channels, PARAMETER_CELLS) int64
        Rows of `ParameterCell`.
    run_rows : (runs, 3) int64
        Frame after the run, mode, exponent.
    model_buffer : (2 * MODELS,) int64
        Work space.
    word_buffer : uint32
    """
    channels, frames = planes.shape
    room = len(word_buffer) - 2  # the last words are written afterwards
    words, models, runs = address(word_buffer), address(model_buffer), address(run_rows)
    coder = (np.int64(0), ZERO, FULL, np.int64(0), ZERO)
    for c in range(channels):
        parameters, exceptions, run, zeros, floor = _start_channel(parameter_rows, c, models)
        source, plane = address(patterns) + 4 * frames * c, address(planes) + 4 * frames * c
        kind, stored = SampleKind.PLAIN, np.int64(0)
        before, inexact, around = np.int64(0), 0, 0
        end, mode, exponent = np.int64(0), np.int64(0), np.int64(0)
        for t in range(frames):
            if t == end:
                end, mode, exponent = _run_at(runs, run)
                run += 1
            if coder[0] + coder[3] + WORDS_PER_SAMPLE > room:
                return np.int64(-1)
            bits, value = np.int64(load_u32(source, t)), load_i32(plane, t)
            base = np.int64(-1)
            if mode == RunMode.SCALED:
                base = scaled_bits(value, exponent, parameters)
            if exceptions:
                last = kind
                delta = bits - base
                if bits == SIGN:
                    kind = SampleKind.NEGATIVE_ZERO
                elif mode == RunMode.GRID:
                    kind = SampleKind.PATTERN if (bits >> 23) & 255 == 255 else SampleKind.PLAIN
                elif delta == 0:
                    kind = SampleKind.PLAIN
                elif base >= 0 and abs(delta) < 1 << MAX_DELTA_BITS:
                    kind = SampleKind.NEAR
                else:
                    kind = SampleKind.PATTERN
                none = value == 0
                which = Model.PLAIN + 2 * last + none
                coder = put(words, coder, models, which, kind != SampleKind.PLAIN)
                if kind != SampleKind.PLAIN:
                    if none:
                        which = Model.NEGATIVE_ZERO + last
                        coder = put(words, coder, models, which, kind != SampleKind.NEGATIVE_ZERO)
                    if kind != SampleKind.NEGATIVE_ZERO:
                        if mode == RunMode.SCALED:
                            which = Model.NEAR + last
                            coder = put(words, coder, models, which, kind != SampleKind.NEAR)
                        if kind == SampleKind.NEAR:
                            coder = put(words, coder, models, Model.DELTA_SIGN, delta < 0)
                            rest = abs(delta)
                            length = bit_length(rest)
                            for i in range(min(length, MAX_DELTA_BITS - 1)):
                                coder = put(words, coder, models, Model.DELTA + i, i + 1 < length)
                            rest -= np.int64(1) << (length - 1)
                            coder = put_uniform(words, coder, rest, length - 1)
                        else:
                            coder = put(words, coder, models, Model.SAME, bits != stored)
                            if bits != stored:
                                coder = put_uniform(words, coder, bits >> 16, 16)
                                coder = put_uniform(words, coder, bits & 0xFFFF, 16)
                                stored = bits
                    before = value
                    continue
            if mode == RunMode.GRID:
                magnitude, own = unpack(bits)
                if value != 0:
                    count = free_bits(exponent - own, own, zeros, floor)
                    if count > 0:
                        low = magnitude & ((np.int64(1) << (exponent - own)) - 1)
                        low >>= exponent - own - count
                        which = Model.EXACT + 4 * count + inexact
                        coder = put(words, coder, models, which, low != 0)
                        inexact = 2 * (inexact & 1) + (low != 0)
                        if low != 0 and count > 1:
                            each = PROBABILITY_ONE // ((1 << count) - 1)
                            coder = interval(words, coder, (low - 1) * each, each)
                else:
                    coder = put(words, coder, models, Model.ZERO + around, magnitude != 0)
                    around = 2 * (around & 1) + (magnitude != 0)
                    if magnitude != 0:
                        which = Model.SIGN + (0 if before == 0 else 1 if before > 0 else 2)
                        coder = put(words, coder, models, which, bits & SIGN != 0)
                        length = bit_length(magnitude) - 1
                        octave = exponent - 1 - own - length
                        for i in range(min(octave + 1, MAX_UNARY_OCTAVES)):
                            coder = put(words, coder, models, Model.OCTAVE + i, i < octave)
                        if octave >= MAX_UNARY_OCTAVES:
                            rest = octave - MAX_UNARY_OCTAVES
                            coder = put_uniform(words, coder, rest, OCTAVE_BITS)
                        count = free_bits(length, own, zeros, floor)
                        rest = (magnitude - (np.int64(1) << length)) >> (length - count)
                        coder = put_uniform(words, coder, rest, count)
            before = value
    pos, lower, rng, held, first = coder
    return np.int64(seal(words, pos, lower, rng, held, first))


@kernel
def decode_side(patterns, planes, parameter_rows, run_rows, model_buffer, word_buffer):
    """Fill `patterns`, the inverse of `encode_side`; returns False if the side data is bad."""
    channels, frames = planes.shape
    words, models, runs = address(word_buffer), address(model_buffer), address(run_rows)
    size = len(word_buffer)
    coder = decode_start(words, size)
    coded = False
    for c in range(channels):
        parameters, exceptions, run, zeros, floor = _start_channel(parameter_rows, c, models)
        target, plane = address(patterns) + 4 * frames * c, address(planes) + 4 * frames * c
        kind, stored = SampleKind.PLAIN, np.int64(0)
        before, inexact, around = np.int64(0), 0, 0
        end, mode, exponent = np.int64(0), np.int64(0), np.int64(0)
        for t in range(frames):
            if t == end:
                end, mode, exponent = _run_at(runs, run)
                run += 1
            value = load_i32(plane, t)
            bits = np.int64(-1)
            if exceptions:
                coded = True
                last = kind
                none = value == 0
                other, coder = get(words, size, coder, models, Model.PLAIN + 2 * last + none)
                kind = SampleKind.PLAIN
                if other:
                    if none:
                        which = Model.NEGATIVE_ZERO + last
                        other, coder = get(words, size, coder, models, which)
                    if not other:
                        kind = SampleKind.NEGATIVE_ZERO
                        bits = np.int64(SIGN)
                    else:
                        kind = SampleKind.PATTERN
                        if mode == RunMode.SCALED:
                            other, coder = get(words, size, coder, models, Model.NEAR + last)
                            kind = SampleKind.PATTERN if other else SampleKind.NEAR
                        if kind == SampleKind.NEAR:
                            minus, coder = get(words, size, coder, models, Model.DELTA_SIGN)
                            length = 0
                            more = True
                            while more and length < MAX_DELTA_BITS - 1:
                                more, coder = get(words, size, coder, models, Model.DELTA + length)
                                length += more
                            delta, coder = get_uniform(words, size, coder, length)
                            delta += np.int64(1) << length
                            base = scaled_bits(value, exponent, parameters)
                            if base < 0:
                                return False
                            bits = base - delta if minus else base + delta
                            if bits < 0 or bits >= 2 * SIGN:
                                return False
                        else:
                            other, coder = get(words, size, coder, models, Model.SAME)
                            if other:
                                high, coder = get_uniform(words, size, coder, 16)
                                low, coder = get_uniform(words, size, coder, 16)
                                stored = (high << 16) | low
                            bits = stored
                    before = value
                    store_32(target, t, bits)
                    continue
            if mode == RunMode.SCALED:
                bits = scaled_bits(value, exponent, parameters)
            elif value != 0:
                length = bit_length(abs(value))
                own = max(exponent + length - 24, SMALLEST)
                magnitude = abs(value)
                low = np.int64(0)
                if own < exponent:
                    magnitude <<= exponent - own
                    count = free_bits(exponent - own, own, zeros, floor)
                    if count > 0:
                        coded = True
                        which = Model.EXACT + 4 * count + inexact
                        other, coder = get(words, size, coder, models, which)
                        inexact = 2 * (inexact & 1) + other
                        low = np.int64(other)
                        if other and count > 1:
                            q, coder = quantile(coder)
                            pos, lower, rng, point = coder
                            each = np.int64(PROBABILITY_ONE // ((1 << count) - 1))
                            low += q // each
                            if low >= np.int64(1) << count:
                                return False
                            coder = decode_advance(
                                words, size, pos, lower, rng, point, (low - 1) * each, each
                            )
                        low <<= exponent - own - count
                    own_bits = float_bits(magnitude | low, own)
                else:
                    own_bits = float_bits(magnitude, exponent)
                bits = own_bits | SIGN if value < 0 and own_bits >= 0 else own_bits
            else:
                coded = True
                other, coder = get(words, size, coder, models, Model.ZERO + around)
                around = 2 * (around & 1) + other
                bits = np.int64(0)
                if other:
                    which = Model.SIGN + (0 if before == 0 else 1 if before > 0 else 2)
                    minus, coder = get(words, size, coder, models, which)
                    octave = 0
                    more = True
                    while more and octave < MAX_UNARY_OCTAVES:
                        more, coder = get(words, size, coder, models, Model.OCTAVE + octave)
                        octave += more
                    if octave == MAX_UNARY_OCTAVES:
                        rest, coder = get_uniform(words, size, coder, OCTAVE_BITS)
                        octave += rest
                    leading = exponent - 1 - octave
                    if leading < SMALLEST:
                        return False
                    below = 23 if leading - SMALLEST > 23 else leading - SMALLEST
                    own = leading - below
                    count = free_bits(below, own, zeros, floor)
                    rest, coder = get_uniform(words, size, coder, count)
                    magnitude = (np.int64(1) << below) | (rest << (below - count))
                    bits = float_bits(magnitude, own)
                    if minus and bits >= 0:
                        bits |= SIGN
            if bits < 0:
                return False
            before = value
            store_32(target, t, bits)
    pos = coder[0]
    if not coded:
        return size == 0
    return pos == size or pos == size + 1
