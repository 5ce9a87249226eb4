"""Arrays at the border of the library: what comes in, and what goes out.

Inside, samples are int32 or float32 of shape (frames, channels). Callers may bring and
get more types; nothing is ever scaled, rounded or guessed without being asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from nlac._arguments import is_real, whole_number
from nlac._errors import UnsupportedAudio, UsageError
from nlac._typing import Samples
from nlac.audio.format import AudioFormat
from nlac.codec.decoder.workers import available_memory

# of what is given out: "int16", "int32", "float32", "float64", as a name or a type of NumPy
DType: TypeAlias = DTypeLike
_GIVEN_OUT = ("int16", "int32", "float32", "float64")
_MAX_CHANNELS = 255
# how many samples are looked at together
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """Type of the samples of a stream."""

    bits_per_sample: int
    is_float: bool


def sample_format(array: NDArray[Any], bits_per_sample: int | None) -> SampleFormat:
    """What an array is to be stored as.

    float32 is stored as float32, as are other floats if each of them is one; int8 and
    int16 as 8 and 16 bits unless `bits_per_sample` says otherwise; int32 and int64 need
    `bits_per_sample`, since they hold 24-bit audio as often as 32-bit.

    Raises
    ------
    UsageError
        The type is ambiguous, would lose something, or does not go with
        `bits_per_sample`.
    """
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind == "f":
        if size != 4 and not _are_float32(array):
            raise UsageError(
                f"{array.dtype} samples that float32 does not hold exactly: round them by "
                ".astype(numpy.float32), or scale them to integers, as in "
                "numpy.rint(samples * 2**23).astype(numpy.int32) with bits_per_sample=24"
            )
        if bits_per_sample not in (None, 32):
            raise UsageError("float32 samples have 32 bits; bits_per_sample is for integers")
        return SampleFormat(32, True)
    if kind == "u":
        zero = 1 << (8 * size - 1)
        raise UsageError(
            f"{array.dtype} samples: signed integers are needed; if {zero} is silence, as it "
            f"is 128 in WAV files of 8 bits, give (samples.astype(numpy.int64) - {zero}) with "
            f"bits_per_sample={min(32, 8 * size)}"
        )
    if kind != "i":
        raise UsageError(f"{array.dtype} samples: signed integers or float32 are needed")
    if bits_per_sample is not None:
        bits_per_sample = whole_number("bits_per_sample", bits_per_sample)
    else:
        if size > 2:
            raise UsageError(
                f"{array.dtype} samples: tell their depth by bits_per_sample (such as 24)"
            )
        bits_per_sample = 8 * size
    if not 1 <= bits_per_sample <= 32:
        raise UsageError(f"bits_per_sample {bits_per_sample}: 1 to 32")
    return SampleFormat(bits_per_sample, False)


def frames_of(array: ArrayLike) -> NDArray[Any]:
    """Array of a caller with shape (frames, channels).

    Raises
    ------
    UsageError
        Its shape is another one, or values of it are masked.
    """
    if isinstance(array, np.ma.MaskedArray):
        raise UsageError("a masked array: what is to stand for masked values? fill it: .filled(0)")
    try:
        values = np.asarray(array)
    except ValueError as error:
        # lists within lists, of unlike lengths
        raise UsageError(f"no array: {error}") from error
    if values.ndim == 1:
        return values[:, None]
    if values.ndim != 2:
        raise UsageError(f"array of shape {values.shape}: (frames, channels) is needed")
    if values.shape[1] > _MAX_CHANNELS >= values.shape[0] > 0:
        raise UnsupportedAudio(
            f"array of shape {values.shape}: {values.shape[1]} channels cannot be coded; if that "
            "is (channels, frames), transpose it: samples.T"
        )
    return values


def _are_float32(array: NDArray[Any]) -> bool:
    """Whether every value is exactly a float32."""
    for start in range(0, len(array), _STEP):
        part = array[start : start + _STEP]
        # what is out of range becomes infinite, and so differs
        with np.errstate(over="ignore", invalid="ignore"):
            again = part.astype(np.float32).astype(part.dtype)
        if not np.array_equal(again, part, equal_nan=True):
            return False
    return True


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
    values = frames_of(array)
    if channels not in (None, values.shape[1]):
        hint = "; transpose it" if values.shape[0] == channels else ""
        raise UsageError(f"array of shape {np.shape(array)}: (frames, {channels}) is needed{hint}")
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


def output_dtype(fmt: SampleFormat, dtype: DType | None) -> np.dtype[Any]:
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
    try:
        chosen = np.dtype(dtype)
    except TypeError:
        chosen = np.dtype(object)
    if chosen.name not in _GIVEN_OUT:
        raise UsageError(f"dtype {dtype!r}: int16, int32, float32 or float64")
    if chosen.kind == "i":
        if fmt.is_float:
            raise UsageError(f"dtype {chosen}: the samples are float")
        if fmt.bits_per_sample > 8 * chosen.itemsize:
            raise UsageError(f"dtype {chosen}: the samples have {fmt.bits_per_sample} bits")
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


def output_array(
    out: NDArray[Any] | None, frames: int, channels: int, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Array for samples, shape (frames, channels): a new one, or the beginning of `out`.

    Raises
    ------
    UsageError
        It would not fit into memory, or `out` is no array, too short or of another shape.
    """
    if out is None:
        # a system may promise memory that it does not have
        if frames * channels * dtype.itemsize > available_memory():
            raise UsageError(f"{frames} frames do not fit into memory; go through them by blocks")
        return np.empty((frames, channels), dtype)
    values = out[:, None] if out.ndim == 1 else out
    if values.ndim != 2 or values.shape[1] != channels or len(values) < frames:
        raise UsageError(
            f"out of shape {out.shape}: {frames} frames of {channels} channels do not fit it"
        )
    return values[:frames]


def fill(part: NDArray[Any], value: Any) -> None:
    """Set samples to one value.

    Raises
    ------
    UsageError
        The value is no number, or not one that their type holds.
    """
    if part.dtype.kind == "i":
        limits = np.iinfo(part.dtype)
        value = whole_number("fill_value", value)
        if not limits.min <= value <= limits.max:
            raise UsageError(f"fill_value {value}: {part.dtype} does not hold it")
    elif not is_real(value):
        raise UsageError(f"fill_value {value!r}: a number is needed")
    part[:] = value


def audio_format(
    sample_rate: float, channels: int, bits_per_sample: int, is_float: bool, channel_mask: int
) -> AudioFormat:
    """Format of samples, of numbers as callers give them.

    Raises
    ------
    UsageError
        A value is no whole number.
    UnsupportedAudio
        A value is outside what can be coded.
    """
    return AudioFormat(
        whole_number("sample_rate", sample_rate),
        whole_number("channels", channels),
        whole_number("bits_per_sample", bits_per_sample),
        is_float,
        whole_number("channel_mask", channel_mask),
    )
