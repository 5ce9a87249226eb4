"""Mu-law companding: samples as a few levels, spaced by the logarithm of their size.

Levels are numbered from 0, the most negative, and two conventions are common for silence:

``"centred"``
    Half of the levels is the code of silence, and decodes to exactly 0 (as `librosa.mu_compress`
    does, whose codes are smaller by that number). There is one level more below it than above, so
    full scale decodes to 0.957 with 256 levels.
``"paired"``
    Levels are symmetric about 0, and none of them is 0. Silence becomes the upper of the two in the
    middle, 128 of 256, and decodes to +0.000086, not quite three units of 16 bits (as in torchaudio
    and in the WaveNet of van den Oord et al., arXiv 1609.03499).

The curve is that of ITU-T G.711 with mu = levels - 1, not its approximation by segments.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nlac._errors import UsageError
from nlac._typing import I64

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

Signal = TypeVar("Signal", "NDArray[Any]", "Tensor")
SILENCES = ("centred", "paired")


def library_of(x: Any) -> Any:
    """NumPy or PyTorch, whichever an array is of; both name their functions alike."""
    if isinstance(x, np.ndarray):
        return np
    import torch

    return torch


def as_float(x: Any, kind: Any = np.float32) -> Any:
    """Convert numbers to floats: of a kind in NumPy, float32 in PyTorch."""
    return x.astype(kind) if isinstance(x, np.ndarray) else x.float()


def as_integer(x: Any) -> Any:
    """Convert numbers to int64."""
    return x.astype(np.int64) if isinstance(x, np.ndarray) else x.long()


def compress(x: Signal, levels: int = 256) -> Signal:
    """Bend samples from -1 to 1 by the mu-law curve; louder ones are clipped.

    Parameters
    ----------
    x : float array or Tensor
        Samples.
    levels : int
        Number of levels; mu is one less.
    """
    lib, mu = library_of(x), levels - 1
    x = lib.clip(x, -1.0, 1.0)
    return lib.sign(x) * lib.log1p(mu * lib.abs(x)) / math.log1p(mu)  # type: ignore[no-any-return]


def expand(y: Signal, levels: int = 256) -> Signal:
    """Inverse of `compress`."""
    lib, mu = library_of(y), levels - 1
    return lib.sign(y) * lib.expm1(lib.abs(y) * math.log1p(mu)) / mu  # type: ignore[no-any-return]


def encode_mu_law(x: Signal, levels: int = 256, silence: str = "paired") -> Signal:
    """Convert samples to levels.

    Parameters
    ----------
    x : float array or Tensor
        Samples in -1 to 1; louder ones are clipped.
    levels : int
        Number of levels, even.
    silence : {"paired", "centred"}
        Convention for silence, see above.

    Returns
    -------
    int64 array or Tensor
        Levels from 0 to `levels` - 1, of the same shape. Never falling where `x` does not.
    """
    lib, y = library_of(x), compress(x, levels)
    if _is_centred(silence):
        codes = lib.floor(y * (levels // 2) + 0.5) + levels // 2
    else:
        codes = lib.floor((y + 1) * 0.5 * (levels - 1) + 0.5)
    return as_integer(lib.clip(codes, 0, levels - 1))  # type: ignore[no-any-return]


def decode_mu_law(codes: Signal, levels: int = 256, silence: str = "paired") -> Signal:
    """Convert levels to samples, float64 in NumPy and float32 in PyTorch.

    Encoding the result gives the same levels. A sample that was not clipped comes back within half
    the distance of its level to the next ones.
    """
    centred = _is_centred(silence)
    y = as_float(codes, np.float64)
    y = (y - levels // 2) / (levels // 2) if centred else y * (2 / (levels - 1)) - 1
    return expand(y, levels)  # type: ignore[no-any-return]


def _is_centred(silence: str) -> bool:
    if silence not in SILENCES:
        raise UsageError(f"silence: {silence}; one of {', '.join(SILENCES)}")
    return silence == "centred"


def integers_in_level(
    codes: I64,
    levels: int = 256,
    silence: str = "paired",
    bits: int = 16,
    offset: float | NDArray[np.float64] = 0.0,
) -> I64:
    """Count the integers that a level stands for.

    Whoever codes a level and then the sample within it needs the logarithm of this number more than
    for the level alone.

    Parameters
    ----------
    codes : int64 array
        Levels of samples.
    levels, silence
        As for `encode_mu_law`.
    bits : int
        Bits of a sample.
    offset : float or float64 array
        What was subtracted from a sample before it was encoded, of full scale 1: the predicted part
        that pre-emphasis removes.

    Returns
    -------
    int64 array
        Numbers of integers, of the shape of `codes` and `offset` together; at least 1.
    """
    half, centred = 1 << (bits - 1), _is_centred(silence)
    inner = np.arange(1, levels, dtype=np.float64)  # boundaries between levels
    if centred:
        y = (inner - 0.5 - levels // 2) / (levels // 2)
    else:
        y = (2 * inner - 1) / (levels - 1) - 1
    ends = np.concatenate([[-np.inf], expand(y, levels), [np.inf]])
    low = np.ceil(np.clip((ends[codes] + offset) * half, -half, half))
    high = np.ceil(np.clip((ends[codes + 1] + offset) * half, -half, half))
    sizes: I64 = np.maximum(high - low, 1).astype(np.int64)
    return sizes
