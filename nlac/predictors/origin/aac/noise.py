"""Bands of noise: what a decoder's generator fills them with (spec, section "Noise").

AAC streams may tell the energy of a band alone (perceptual noise substitution). What decoders fill
such bands with is a generator that runs through the stream, so its state is mostly that after the
band of noise before: a linear congruential one in decoders of ffmpeg's lineage, two shift registers
in those of faad's. A state is a pair of numbers of 32 bits; the second is 0 for the former only.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.arithmetic import square_root
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.aac.frames import WINDOWS
from nlac.predictors.origin.sizes import line_size

# the congruential generator: a state s, modulo 2**32, is followed by NOISE_FACTOR * s + NOISE_TERM
NOISE_FACTOR, NOISE_TERM = 1664525, 1013904223
# the shift registers: bits whose parity is the next one; 25 of the second are shifted out before
LOW_TAPS, HIGH_TAPS, HIGH_SHIFT = 0xF5, 0x63, 25
NOISE_CONTEXTS, NOISE_SETS = 286, 2
_RATE = 6
_LABELS = 51
_CUT_BITS = 6  # low bits of numbers that are cut off
_MASK = np.int64(0xFFFFFFFF)
_FOLLOWS = 275  # first context


@inline_kernel
def _parity(bits):
    """Whether an odd number of the lowest eight bits are 1."""
    bits ^= bits >> 4
    bits ^= bits >> 2
    return (bits ^ (bits >> 1)) & 1


@inline_kernel
def follower(low, high):
    """The state that follows another."""
    if high == 0:
        return (low * NOISE_FACTOR + NOISE_TERM) & _MASK, high
    first = (low >> 1) | (_parity(low & LOW_TAPS) << 31)
    return first, ((high << 1) & _MASK) | _parity((high >> HIGH_SHIFT) & HIGH_TAPS)


@inline_kernel
def number_of(low, high):
    """What a state stands for, a signed number of 32 bits."""
    number = low ^ high
    return number - ((number >> 31) << 32)


@kernel
def _fill(lines, first, stride, count, low, high, size):
    """Fill a band of a window with noise of a norm `size`; returns the state after it."""
    energy, after, above = np.int64(0), low, high
    for _ in range(count):
        after, above = follower(after, above)
        number = number_of(after, above) >> _CUT_BITS
        energy += number * number
    norm = square_root(energy)
    for i in range(count):
        low, high = follower(low, high)
        if norm > 0:
            number = number_of(low, high) >> _CUT_BITS
            lines[first + stride * i] = (number * size + (norm >> 1)) // norm
    return after, above


@kernel
def add_noise(lines, noise, steps, states, short, groups, starts, sizes, bits):
    """Fill the bands of noise of a frame and channel; `bits` as in `line_size`."""
    count = len(starts) - 1
    if not short:
        for b in range(count):
            if noise[b]:
                size = line_size(sizes, bits, 1, np.int64(steps[b]))
                _fill(
                    lines, starts[b], 1, starts[b + 1] - starts[b], np.int64(states[b, 0]),
                    np.int64(states[b, 1]), size,
                )  # fmt: skip
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
            low, high = np.int64(states[place, 0]), np.int64(states[place, 1])
            for w in range(begin, window):
                low, high = _fill(
                    lines, w + WINDOWS * starts[b], WINDOWS, starts[b + 1] - starts[b], low, high,
                    size,
                )  # fmt: skip
        begin, group = window, group + 1


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
def _code_state(decisions, at, sets, state, lines, expected, first, followed):
    """Code the state before a band of noise of so many lines; returns whether it was expected.

    `expected` becomes the state after the band.
    """
    low, high = np.int64(state[0]), np.int64(state[1])
    as_expected = 1 if low == expected[0] and high == expected[1] else 0
    followed = decide(
        decisions, as_expected, _RATE, sets, at + followed, at + 2 + (1 - first) * 2 + followed,
        at + 6, at + 7, at + 8, at + 9 + followed,
    )  # fmt: skip
    if followed:
        low, high = expected[0], expected[1]
    else:
        low = raw_bits(decisions, low, 32)
        registers = raw_bits(decisions, np.int64(1 if high > 0 else 0), 1)
        high = raw_bits(decisions, high, 32) if registers else np.int64(0)
    state[0], state[1] = low, high
    for _ in range(lines):
        low, high = follower(low, high)
    expected[0], expected[1] = low, high
    return followed


@kernel
def code_states(decisions, base, sets, noise, states, lengths, counts, alike, expected):
    """Code the states before bands of noise of a frame.

    Parameters
    ----------
    decisions : Decisions
    base, sets : int
        First context and first set.
    noise : (C, 120) uint8
        Which bands hold noise.
    states : (C, 120, 2) uint32
    lengths : (C, 120) int64
        Lines of each band, those of all windows of its group.
    counts : (C,) int64
        Bands of each channel.
    alike : int
        Whether all channels have the same windows and groups.
    expected : (2,) int64
        The state before the first band; becomes that after the last.
    """
    at, channels = base + _FOLLOWS, len(counts)
    first, followed = np.int64(1), np.int64(1)
    # shift registers run through both channels, band by band
    together = alike and channels > 1 and expected[1] > 0
    for begin in range(1 if together else channels):
        for b in range(counts[begin]):
            for c in range(begin, channels if together else begin + 1):
                if noise[c, b]:
                    followed = _code_state(
                        decisions, at, sets + 1, states[c, b], lengths[c, b], expected, first,
                        followed,
                    )  # fmt: skip
                    first = np.int64(0)
