"""Bands of noise: what a decoder's generator fills them with (spec, section "Noise").

AAC streams may tell the energy of a band alone (perceptual noise substitution). What decoders of
ffmpeg's lineage fill such bands with is a linear congruential generator that runs through the
stream, so its state is mostly that after the band of noise before.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.arithmetic import square_root
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.aac.frames import NOISE_FACTOR, NOISE_TERM, WINDOWS
from nlac.predictors.origin.sizes import line_size

NOISE_CONTEXTS, NOISE_SETS = 286, 2
_RATE = 6
_LABELS = 51
_KEPT_BITS = 6  # low bits of states that are cut off
_MASK = np.int64(0xFFFFFFFF)
_FOLLOWS = 275  # first context


@inline_kernel
def _next(state):
    return (state * NOISE_FACTOR + NOISE_TERM) & _MASK


@inline_kernel
def _number(state):
    """A state as a signed number of 26 bits."""
    return (state - ((state >> 31) << 32)) >> _KEPT_BITS


@kernel
def _fill(lines, first, stride, count, state, size):
    """Fill a band of a window with noise of a norm `size`; returns the state after it."""
    energy, after = np.int64(0), state
    for _ in range(count):
        after = _next(after)
        number = _number(after)
        energy += number * number
    norm = square_root(energy)
    for i in range(count):
        state = _next(state)
        if norm > 0:
            lines[first + stride * i] = (_number(state) * size + (norm >> 1)) // norm
    return after


@kernel
def add_noise(lines, noise, steps, states, short, groups, starts, sizes, bits):
    """Fill the bands of noise of a frame and channel; `bits` as in `line_size`."""
    count = len(starts) - 1
    if not short:
        for b in range(count):
            if noise[b]:
                size = line_size(sizes, bits, 1, np.int64(steps[b]))
                _fill(lines, starts[b], 1, starts[b + 1] - starts[b], np.int64(states[b]), size)
        return
    begin, group = 0, 0
    for window in range(1, WINDOWS + 1):
        if window < WINDOWS and groups >> (7 - window) & 1:
            continue
        for b in range(count):
            place = group * count + b
            if not noise[place]:
                continue
            size = line_size(sizes, bits, 1, np.int64(steps[place]))
            state = np.int64(states[place])
            for w in range(begin, window):
                state = _fill(
                    lines, w + WINDOWS * starts[b], WINDOWS, starts[b + 1] - starts[b], state, size
                )
        begin, group = window, group + 1


@kernel
def after_noise(state, lines):
    """The state after so many lines of noise."""
    for _ in range(lines):
        state = _next(state)
    return state


@kernel
def code_noise(decisions, base, sets, noise, skipped, count, per_group, old, beside, second):
    """Code which of the first `count` bands of a channel hold noise.

    Those that are `skipped` hold none. `old` has what earlier bands held, updated; `beside` are
    the bands of the channel before where that has windows alike, with `second` 1; otherwise
    `second` is 0 or 2.
    """
    last = np.int64(0)
    for b in range(count):
        band = b % per_group
        if skipped[b]:
            noise[b] = 0
            last = np.int64(0)
            continue
        label = min(band, _LABELS - 1)
        before = np.int64(old[band])
        other = np.int64(beside[b]) if second == 1 else np.int64(2)
        last = decide(
            decisions, np.int64(noise[b]), _RATE, sets, base + last * 2 + before,
            base + 4 + label * 4 + last * 2 + before,
            base + 208 + min(second, np.int64(1)) * 4 + last * 2 + before, base + 216 + before,
            base + 218 + label, base + 269 + other * 2 + before,
        )  # fmt: skip
        noise[b] = old[band] = last
    for b in range(count, len(noise)):
        noise[b] = 0


@kernel
def code_states(decisions, base, sets, noise, states, lengths, count, expected):
    """Code the states before bands of noise; returns that after the last.

    `lengths` are the lines of each band, those of all windows of its group.
    """
    at = base + _FOLLOWS
    followed = np.int64(1)
    for b in range(count):
        if not noise[b]:
            states[b] = 0
            continue
        state = np.int64(states[b])
        followed = decide(
            decisions, 1 if state == expected else 0, _RATE, sets + 1, at + followed,
            at + 2 + min(b, 1) * 2 + followed, at + 6, at + 7, at + 8, at + 9 + followed,
        )  # fmt: skip
        state = expected if followed else raw_bits(decisions, state, 32)
        states[b] = state
        expected = after_noise(state, lengths[b])
    for b in range(count, len(states)):
        states[b] = 0
    return expected
