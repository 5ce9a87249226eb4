"""Bits of a residual under Rice codes whose parameter follows the residual."""

from __future__ import annotations

import math

import numpy as np

from nlac._typing import F64, AnyArray
from nlac.kernels.jit import kernel

_FIRST_MEAN = 64.0
_SHARE = 1 / 32  # of the newest residual in the running mean


@kernel
def _adaptive_lengths(values, first, share, lengths):
    mean = first
    for t in range(values.shape[0]):
        value = values[t]
        folded = 2 * value if value >= 0 else -2 * value - 1
        # the best parameter for geometrically distributed values of this mean
        parameter = max(0, math.ceil(math.log2(max(mean * 0.6931, 1e-9))))
        lengths[t] = 1 + parameter + (folded >> parameter)
        mean += (folded - mean) * share


def adaptive_rice_bits(residual: AnyArray) -> F64:
    """Lengths of the Rice codes of a residual.

    The parameter of each code follows from a running mean of those before it, so nothing needs to
    be stored besides the codes.

    Parameters
    ----------
    residual : (times,) or (times, channels) integer array
        Residual; each channel has a mean of its own.

    Returns
    -------
    float64 array of the same shape
        Whole numbers of bits.
    """
    values = np.asarray(residual, np.int64)
    columns = values.reshape(len(values), -1)
    lengths = np.zeros(columns.shape)
    for channel in range(columns.shape[1]):
        column, out = np.ascontiguousarray(columns[:, channel]), np.zeros(len(columns))
        _adaptive_lengths(column, _FIRST_MEAN, _SHARE, out)
        lengths[:, channel] = out
    return lengths.reshape(values.shape)
