"""The box of rounding: with the true values, samples are within one half of the synthesis.

An error is that of rounding, evenly spread over the box, and that of lines which are wrong. Samples
deep in the box tell nothing of these, those at its edges and beyond tell much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel

ROUNDING = 1.0 / 12.0  # variance of rounding
ROUNDED = 0.15  # variance of noise in squared steps of samples that is little but rounding
_EDGE = 0.5 + 0.005  # largest error of rounding, and of what decoders add in floating point


@kernel
def beyond(error: float, rail: int, softer: float) -> float:
    """Return how far an error is outside of the box, with its sign.

    Parameters
    ----------
    error : float
        Sample less synthesis, in steps of the samples.
    rail : int
        1 or -1 where the sample may have been clipped from above or below, else 0.
    softer : float
        By how much the box is smaller at each end.

    Returns
    -------
    float
    """
    if error * rail < 0.0:
        return 0.0
    edge = _EDGE - softer
    if error > edge:
        return error - edge
    if error < -edge:
        return error + edge
    return 0.0


@kernel
def measure(
    errors: Floats, rails: NDArray[np.int8], softer: float, outside: Floats
) -> tuple[float, int, float]:
    """Write how far errors are outside of the box.

    Parameters
    ----------
    errors : (n,) float64
        Samples less synthesis, in steps of the samples.
    rails : (n,) int8
        See `beyond`.
    softer : float
        See `beyond`.
    outside : (n,) float64
        Overwritten.

    Returns
    -------
    squares : float
        Sum of squares of what is outside.
    count : int
        Number of samples outside.
    energy : float
        Sum of squares of all errors.
    """
    squares = 0.0
    count = 0
    energy = 0.0
    for i in range(len(errors)):
        far = beyond(errors[i], rails[i], softer)
        outside[i] = far
        energy += errors[i] * errors[i]
        if far != 0.0:
            squares += far * far
            count += 1
    return squares, count, energy


@kernel
def gains_of(
    errors: Floats, rails: NDArray[np.int8], shape: Floats, size: float, softer: float
) -> tuple[float, int]:
    """Return by how much squares outside and their count fall when a shape is taken off.

    Parameters
    ----------
    errors, rails, softer
        See `measure`.
    shape : (n,) float64
        What a move adds to the synthesis.
    size : float
        Factor of that.
    """
    squares = 0.0
    count = 0
    for i in range(len(errors)):
        before = beyond(errors[i], rails[i], softer)
        after = beyond(errors[i] - size * shape[i], rails[i], softer)
        if before != 0.0:
            squares += before * before
            count += 1
        if after != 0.0:
            squares -= after * after
            count -= 1
    return squares, count
