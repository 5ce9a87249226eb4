"""Prefilters: short linear predictors ahead of a block's own (spec, section "Prefilter").

A prefilter is the same for a whole block and sees one channel. It takes off what the long-term
spectrum tells, so the block's own predictor starts from nearly white samples: its coefficients are
small, and samples of a wide spectral range need less precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.entropy.varint import read_signed, read_varint, write_signed, write_varint
from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import address, load_i32, store_32
from nlac.predictors.lpc.windows import dot

PREFILTERED = 4  # kind of block, in place of the coder of an `lpc` block
MAX_TAPS = 34  # as windows of lpc have
MAX_SHIFT = 24
MAX_SUM = 1 << 31  # the magnitudes of the coefficients add up to less
_LIMIT = 1 << 33  # of a number in the side information


class Prefilter(NamedTuple):
    """Prefilter of a channel.

    Attributes
    ----------
    shift : int
        Fraction bits of the coefficients, 0 to `MAX_SHIFT`.
    coefficients : (taps,) int64
        That of the newest sample first, none or at least two; their magnitudes add up to less than
        2**31. Without any, the channel is not filtered.
    """

    shift: int
    coefficients: NDArray[np.int64]


def write_prefilters(prefilters: Sequence[Prefilter], channels: NDArray[np.int32]) -> bytes:
    """Return the bytes of the prefilters of all channels, with the first samples of each."""
    out = bytearray()
    for (shift, coefficients), x in zip(prefilters, channels, strict=True):
        taps = len(coefficients)
        out += write_varint(taps)
        if taps == 0:
            continue
        out += write_varint(shift)
        out += b"".join(map(write_signed, coefficients.tolist()))
        out += write_first_samples(x[:taps])
    return bytes(out)


def residual(
    prefilters: Sequence[Prefilter], channels: NDArray[np.int32]
) -> NDArray[np.int32] | None:
    """What prefilters leave of channels; None where it exceeds 32 bits.

    Parameters
    ----------
    prefilters : sequence of Prefilter
        One for each channel, with no more taps than there are frames.
    channels : (channels, frames) int32

    Returns
    -------
    (channels, frames) int32
        0 in the first frames, as many as the channel's prefilter has taps.
    """
    out = channels.copy()
    for each, x, row in zip(prefilters, channels, out, strict=True):
        taps = len(each.coefficients)
        filtered = _filter_short if taps == 4 else _filter
        if taps and not filtered(x, row, _oldest_first(each), each.shift):
            return None
    return out


def decode_prefiltered(
    data: bytes,
    at: int,
    frames: int,
    channels: int,
    decode: Callable[[bytes, int, int, int], NDArray[np.int32]],
) -> NDArray[np.int32]:
    """Decode a block that may be of kind `PREFILTERED`.

    Parameters
    ----------
    data : bytes
        The block begins at `at`, and `data` ends with it.
    at, frames, channels : int
    decode : callable
        Decodes a block that is not: ``decode(data, at, frames, channels)``.

    Returns
    -------
    (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    kind, after = read_varint(data, at)
    if kind != PREFILTERED:
        return decode(data, at, frames, channels)
    prefilters, first, at = read_prefilters(data, after, frames, channels)
    out = decode(data, at, frames, channels)
    restore(prefilters, first, out)
    return out


def restore(
    prefilters: Sequence[Prefilter], first: Sequence[Sequence[int]], out: NDArray[np.int32]
) -> None:
    """Turn residuals into samples, in place.

    Parameters
    ----------
    prefilters : sequence of Prefilter
        One for each channel.
    first : sequence of sequence of int
        The first samples of each channel, as many as its prefilter has taps.
    out : (channels, frames) int32
        Each row is contiguous.

    Raises
    ------
    CorruptStream
        There are residuals before a prefilter, or a sample exceeds 32 bits.
    """
    for c, (_, coefficients) in enumerate(prefilters):
        taps = len(coefficients)
        if np.any(out[c, :taps]):
            raise CorruptStream("residuals before the prefilter are not 0", path=f"channel[{c}]")
        out[c, :taps] = first[c]
    lengths = [len(each.coefficients) for each in prefilters]
    if lengths == [4, 4]:
        weights, shifts = map(_oldest_first, prefilters), (each.shift for each in prefilters)
        restored = [_restore_pair(*out, *weights, *shifts)]
    else:
        restored = [
            (_restore_short if len(each.coefficients) == 4 else _restore)(
                row, _oldest_first(each), each.shift
            )
            for row, each in zip(out, prefilters, strict=True)
            if len(each.coefficients)
        ]
    if not all(restored):
        raise CorruptStream("sample exceeds 32 bits", path="prefilter")


def _oldest_first(prefilter: Prefilter) -> NDArray[np.int64]:
    """Coefficients as the kernels take them."""
    return np.ascontiguousarray(prefilter.coefficients[::-1])


def read_prefilters(
    data: bytes, at: int, frames: int, channels: int
) -> tuple[list[Prefilter], list[list[int]], int]:
    """Parse prefilters, from the byte after the kind of their block.

    Returns
    -------
    prefilters : list of Prefilter
    first : list of list of int
        First samples of each channel.
    at : int
        Where they end.

    Raises
    ------
    CorruptStream
        A value is out of range.
    """
    prefilters, first = [], []
    for c in range(channels):
        path = f"prefilter[{c}]"
        taps, at = read_varint(data, at)
        if taps > min(MAX_TAPS, frames) or taps == 1:
            limit = min(MAX_TAPS, frames)
            raise CorruptStream(f"{taps} taps; 0, or 2 to {limit}", path=path)
        shift = 0
        if taps:
            shift, at = read_varint(data, at)
            if shift > MAX_SHIFT:
                raise CorruptStream(f"shift {shift} is more than {MAX_SHIFT}", path=path)
        coefficients, at = _read_numbers(data, at, taps, path)
        if sum(map(abs, coefficients)) >= MAX_SUM:
            raise CorruptStream("the coefficients are too large", path=path)
        samples, at = read_first_samples(data, at, taps, path)
        prefilters.append(Prefilter(shift, np.array(coefficients, np.int64)))
        first.append(samples)
    return prefilters, first, at


def write_first_samples(samples: NDArray[np.int32]) -> bytes:
    """Return the bytes of the first samples of a channel."""
    steps = np.diff(samples.astype(np.int64), prepend=0)
    return b"".join(map(write_signed, steps.tolist()))


def read_first_samples(data: bytes, at: int, taps: int, path: str) -> tuple[list[int], int]:
    """Parse what `write_first_samples` wrote; returns the samples and the position after them.

    Raises
    ------
    CorruptStream
        A number or a sample is out of range; `path` is told.
    """
    steps, at = _read_numbers(data, at, taps, path)
    samples = list(accumulate(steps))
    if any(not -(1 << 31) <= sample < 1 << 31 for sample in samples):
        raise CorruptStream("sample exceeds 32 bits", path=path)
    return samples, at


def _read_numbers(data: bytes, at: int, count: int, path: str) -> tuple[list[int], int]:
    numbers = []
    for _ in range(count):
        number, at = read_signed(data, at)
        if abs(number) > _LIMIT:
            raise CorruptStream("number out of range", path=path)
        numbers.append(number)
    return numbers, at


@inline_kernel
def _predict(weights, samples, t, taps, half, shift):
    """Prediction of sample t from those before; `weights` has that of the oldest sample first."""
    return (dot(weights, samples + 4 * (t - taps), taps) + half) >> shift


@kernel
def _filter(channel, out, weights, shift):
    """Write the residual of a channel; returns whether it fits in 32 bits."""
    samples, target = address(channel), address(out)
    taps = len(weights)
    half = (np.int64(1) << shift) >> 1
    for t in range(taps):
        store_32(target, t, np.int64(0))
    for t in range(taps, len(channel)):
        error = load_i32(samples, t) - _predict(address(weights), samples, t, taps, half, shift)
        if error < -(1 << 31) or error >= 1 << 31:
            return False
        store_32(target, t, error)
    return True


@kernel
def _restore(channel, weights, shift):
    """Turn a residual into samples in place; returns whether they fit in 32 bits."""
    samples = address(channel)
    taps = len(weights)
    half = (np.int64(1) << shift) >> 1
    for t in range(taps, len(channel)):
        predicted = _predict(address(weights), samples, t, taps, half, shift)
        sample = load_i32(samples, t) + predicted
        if sample < -(1 << 31) or sample >= 1 << 31:
            return False
        store_32(samples, t, sample)
    return True


@kernel
def _filter_short(channel, out, weights, shift):
    """`_filter` for four taps."""
    samples, target = address(channel), address(out)
    half = (np.int64(1) << shift) >> 1
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    for t in range(4):
        store_32(target, t, np.int64(0))
    for t in range(4, len(channel)):
        total = w0 * load_i32(samples, t - 4) + w1 * load_i32(samples, t - 3)
        total += w2 * load_i32(samples, t - 2) + w3 * load_i32(samples, t - 1)
        error = load_i32(samples, t) - ((total + half) >> shift)
        if error < -(1 << 31) or error >= 1 << 31:
            return False
        store_32(target, t, error)
    return True


@inline_kernel
def _restored(error, oldest, older, newer, newest, weights, half, shift):
    """A sample of four taps, from those before."""
    known = weights[0] * oldest + weights[1] * older + weights[2] * newer + half
    return error + ((known + weights[3] * newest) >> shift)


@kernel
def _restore_short(channel, weights, shift):
    """`_restore` for four taps, whose samples stay in registers."""
    a = address(channel)
    w = (weights[0], weights[1], weights[2], weights[3])
    half = (np.int64(1) << shift) >> 1
    a0, a1, a2, a3 = load_i32(a, 0), load_i32(a, 1), load_i32(a, 2), load_i32(a, 3)
    for t in range(4, len(channel)):
        x = _restored(load_i32(a, t), a0, a1, a2, a3, w, half, shift)
        if x < -(1 << 31) or x >= 1 << 31:
            return False
        store_32(a, t, x)
        a0, a1, a2, a3 = a1, a2, a3, x
    return True


@kernel
def _restore_pair(left, right, left_weights, right_weights, left_shift, right_shift):
    """`_restore_short` for two channels at once: neither has to wait for itself."""
    a, b = address(left), address(right)
    wa = (left_weights[0], left_weights[1], left_weights[2], left_weights[3])
    wb = (right_weights[0], right_weights[1], right_weights[2], right_weights[3])
    half_a, half_b = (np.int64(1) << left_shift) >> 1, (np.int64(1) << right_shift) >> 1
    a0, a1, a2, a3 = load_i32(a, 0), load_i32(a, 1), load_i32(a, 2), load_i32(a, 3)
    b0, b1, b2, b3 = load_i32(b, 0), load_i32(b, 1), load_i32(b, 2), load_i32(b, 3)
    low, high = np.int64(0), np.int64(0)
    for t in range(4, len(left)):
        x = _restored(load_i32(a, t), a0, a1, a2, a3, wa, half_a, left_shift)
        y = _restored(load_i32(b, t), b0, b1, b2, b3, wb, half_b, right_shift)
        low, high = min(low, min(x, y)), max(high, max(x, y))
        if low < -(1 << 31) or high >= 1 << 31:
            return False
        store_32(a, t, x)
        store_32(b, t, y)
        a0, a1, a2, a3 = a1, a2, a3, x
        b0, b1, b2, b3 = b1, b2, b3, y
    return True
