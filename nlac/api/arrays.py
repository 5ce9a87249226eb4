"""Arrays at the border of the library: what comes in, and what goes out.

Inside, samples are int32 or float32 of shape (frames, channels). Callers may bring and
get more types; nothing is ever scaled, rounded or guessed without being asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nlac._errors import UsageError
from nlac._typing import Samples

DType = Literal["int16", "int32", "float32", "float64"]


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """Type of the samples of a stream."""

    bits_per_sample: int
    is_float: bool


def sample_format(array: NDArray[Any], bits_per_sample: int | None) -> SampleFormat:
    """What an array is to be stored as.

    float32 is stored as float32, int8 and int16 as 8 and 16 bits unless
    `bits_per_sample` says otherwise; int32 and int64 need `bits_per_sample`, since they
    hold 24-bit audio as often as 32-bit.

    Raises
    ------
    UsageError
        The type is ambiguous, would lose something, or does not go with
        `bits_per_sample`.
    """
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f":
        if size != 4:
            raise UsageError(
                f"{array.dtype} samples would lose bits: convert them to float32 or to integers"
            )
        if bits_per_sample not in (None, 32):
            raise UsageError("float32 samples have 32 bits; bits_per_sample is for integers")
        return SampleFormat(32, True)
    if kind != "i":
        raise UsageError(f"{array.dtype} samples: signed integers or float32 are needed")
    if bits_per_sample is None:
        if size > 2:
            raise UsageError(
                f"{array.dtype} samples: tell their depth by bits_per_sample (such as 24)"
            )
        bits_per_sample = 8 * size
    if not 1 <= bits_per_sample <= 32:
        raise UsageError(f"bits_per_sample {bits_per_sample}: 1 to 32")
    return SampleFormat(bits_per_sample, False)


def to_samples(array: ArrayLike, channels: int | None, fmt: SampleFormat) -> Samples:
    """Array of a caller as samples: shape (frames, channels), int32 or float32, a copy.

    Parameters
    ----------
    array : array_like
        (frames, channels), or (frames,) for mono.
    channels : int or None
        Channels of the stream; None takes the array's.
    fmt : SampleFormat
        Format of the stream.

    Raises
    ------
    UsageError
        Shape, type or values do not fit.
    """
    values = np.asarray(array)
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or channels not in (None, values.shape[1]):
        wanted = "channels" if channels is None else channels
        raise UsageError(f"array of shape {np.shape(array)}: (frames, {wanted}) is needed")
    given = sample_format(values, fmt.bits_per_sample)
    if given != fmt:
        kinds = {True: "float", False: "integer"}
        raise UsageError(f"{values.dtype} samples for a stream of {kinds[fmt.is_float]} samples")
    if fmt.is_float:
        return np.array(values, np.float32, order="C")
    if values.size and values.dtype.itemsize * 8 > fmt.bits_per_sample:
        top = 1 << (fmt.bits_per_sample - 1)
        low, high = int(values.min()), int(values.max())
        if low < -top or high >= top:
            raise UsageError(
                f"values from {low} to {high} do not fit {fmt.bits_per_sample} bits "
                "(integers are right-justified)"
            )
    return np.array(values, np.int32, order="C")


def output_dtype(fmt: SampleFormat, dtype: str | None) -> np.dtype[Any]:
    """Type that samples are given out in.

    Raises
    ------
    UsageError
        `dtype` is unknown, or cannot hold such samples exactly.
    """
    if dtype is None:
        if fmt.is_float:
            return np.dtype(np.float32)
        return np.dtype(np.int16 if fmt.bits_per_sample <= 16 else np.int32)
    if dtype not in ("int16", "int32", "float32", "float64"):
        raise UsageError(f"dtype {dtype!r}: int16, int32, float32 or float64")
    chosen = np.dtype(dtype)
    if chosen.kind == "i":
        if fmt.is_float:
            raise UsageError(f"dtype {dtype}: the samples are float")
        if fmt.bits_per_sample > 8 * chosen.itemsize:
            raise UsageError(f"dtype {dtype}: the samples have {fmt.bits_per_sample} bits")
    return chosen


def from_samples(
    samples: Samples, fmt: SampleFormat, dtype: np.dtype[Any], always_2d: bool
) -> NDArray[Any]:
    """Samples as a caller wants them.

    Integers given out as float are divided by ``2**(bits_per_sample - 1)``, so that full
    scale is 1.0.
    """
    if dtype.kind == "f" and not fmt.is_float:
        scale = 2.0 ** (1 - fmt.bits_per_sample)
        result: NDArray[Any] = (samples * np.float64(scale)).astype(dtype, copy=False)
    else:
        result = samples.astype(dtype, copy=False)
    return result if always_2d or result.shape[1] != 1 else result[:, 0]
