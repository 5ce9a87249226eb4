"""What samples leave open of the values that they were decoded from: a limit to every search.

Lines x give samples y = x + u, where the rounding u is uniform in a unit cube, so that its
differential entropy h(u) is 0. Values that are known as well as samples tell them are left open by

    H(x | y) = H(x) - h(y) + h(u) >= sum over lines of H(x_i) - h(y_i)

bits, since lines together have at most the entropy that they have apart [1]_. A line's noise is a
sum of many roundings, so nearly Gaussian, of variance 1/12. Where more than 0 bits are left open,
other values explain the samples as well as the true ones do. A line whose value is sure, also one
that is known to be 0, counts -0.25 bits: that much more the box tells than such a noise would.

.. [1] T. M. Cover, J. A. Thomas, "Elements of Information Theory", 2nd ed., sections 8.4 and 8.6.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.layer3.tables import ladder
from nlac.predictors.origin.granules import MIN_STEP, NO_STEP, SHORT, Granules, bands_of

_VARIANCE = 1 / 12
_SURE = -0.5 * float(np.log2(2 * np.pi * np.e * _VARIANCE))  # bits of a line that is known
_COARSEST = 6.0  # log2 of a step from which on values are sure
_STEPS = np.arange(-6, _COARSEST + 0.25, 0.25)  # log2 of steps in those of the samples
_MEANS = np.arange(-7, 6.5, 0.5)  # log2 of mean magnitudes
_TAIL = 1e-9
_MOST_POINTS = 400_000


@cache
def _table() -> NDArray[np.float64]:
    """Bits that a line leaves open, by step and by mean magnitude."""
    return np.array([[_left_open(2.0**step, 2.0**mean) for mean in _MEANS] for step in _STEPS])


def _left_open(step: float, mean: float) -> float:
    """Entropy of a value of two-sided geometric distribution, less that of its noisy line."""
    ratio = ((1 + mean * mean) ** 0.5 - 1) / mean
    most = int(np.clip(np.ceil(np.log(_TAIL) / np.log(ratio)), 4, 8206))
    values = np.arange(most + 1)
    chances = (1 - ratio) / (1 + ratio) * ratio**values
    entropy = -(chances[0] * np.log2(chances[0]) + 2 * np.sum(chances[1:] * np.log2(chances[1:])))
    sizes = step * values ** (4 / 3)
    reach = 6 * _VARIANCE**0.5
    width = max(min(_VARIANCE**0.5 / 4, step / 8), (sizes[-1] + reach) / _MOST_POINTS)
    # the half from 0 on; the other one is the same
    lines = np.arange(0.5 * width, sizes[-1] + reach, width)
    density = np.zeros(len(lines))
    for chance, size in zip(chances, sizes, strict=True):
        for centre in {float(size), -float(size)}:
            begin, end = np.searchsorted(lines, (centre - reach, centre + reach))
            near = lines[begin:end] - centre
            density[begin:end] += chance * np.exp(-near * near / (2 * _VARIANCE))
    density /= (2 * np.pi * _VARIANCE) ** 0.5
    density = density[density > 0]
    # where lines are far apart the sum is too coarse, but values are sure
    return max(float(entropy + 2 * width * np.sum(density * np.log2(density))), _SURE)


def bits_left_open(granules: Granules, table: int) -> NDArray[np.float64]:
    """Bits that 16-bit samples leave open of the values of each granule and channel, at least.

    Parameters
    ----------
    granules : Granules
        The true ones, of G granules and C channels.
    table : int
        Table of bands.

    Returns
    -------
    (G, C) float64
        Negative where samples tell more than the values hold.
    """
    bands, steps = bands_of(table), ladder()
    found = np.zeros(granules.types.shape)
    for g, c in np.ndindex(granules.types.shape):
        kind = granules.types[g, c]
        of_line = bands.short if kind == SHORT else bands.long
        magnitudes = np.abs(granules.values[g, c].astype(np.float64))
        for band in range(of_line.max() + 1):
            own = magnitudes[of_line == band]
            exponent = granules.steps[g, c, band]
            mean = own.mean()
            bits = _SURE
            if exponent != NO_STEP and mean > 0:
                step = np.log2(steps.unit[kind] * steps.steps[exponent - MIN_STEP])
                if step <= _COARSEST:
                    row = int(np.clip(np.rint((step - _STEPS[0]) * 4), 0, len(_STEPS) - 1))
                    bits = float(np.interp(np.log2(mean), _MEANS, _table()[row]))
            found[g, c] += len(own) * bits
    return found
