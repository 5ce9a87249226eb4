"""Units in which the histories of a cascade's LMS stages are kept (encoder only)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST_UNIT, MOST_UNIT = -8, 24
_ORDER = 16
_PIECES, _PIECE = 8, 2048
_MEAN_BITS = 10  # of the mean residual, in units


def history_units(channels: NDArray[np.int32]) -> list[int]:
    """Return for each channel the power of two, in sample units, of its history's unit.

    Histories have 14 bits: the unit is chosen by the error of a prediction of
    sixteenth order, so that it has about ten.
    """
    units = []
    for x in channels:
        errors = []
        for begin in range(0, max(len(x) - _ORDER, 1), max(_PIECE, len(x) // _PIECES)):
            piece = x[begin : begin + _PIECE].astype(np.float64)
            if len(piece) < 4 * _ORDER:
                continue
            windows = np.lib.stride_tricks.sliding_window_view(piece, _ORDER + 1)
            # no matrix product: BLAS would keep all cores busy
            covariance = np.einsum("ti,tj->ij", windows, windows)
            past, target = covariance[:-1, :-1], covariance[:-1, -1]
            past = past + np.eye(_ORDER) * (1e-7 * np.trace(past) + 1e-3)
            weights = np.linalg.solve(past, target)
            errors.append(float(np.abs(windows[:, -1] - windows[:, :-1] @ weights).mean()))
        mean = float(np.mean(errors)) if errors else 16.0
        unit = int(np.ceil(np.log2(mean + 1e-3))) - _MEAN_BITS
        units.append(min(max(unit, LEAST_UNIT), MOST_UNIT))
    return units
