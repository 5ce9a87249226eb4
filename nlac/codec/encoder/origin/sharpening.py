"""What is wrong with a synthesis, as the samples that err by more than rounding tell it.

A sample errs by rounding, which is uniform within one half of a step, and by what is wrong. Let h
be an odd function of that error. What it is on average, for little that is wrong, is that times the
mean slope of h. So h over its mean slope estimates what is wrong, with the variance of h over the
square of that slope. Where h is 0 up to nearly one half, only few samples tell anything, but so
clearly that the variance is far below that of rounding: the less is wrong, the more so.
"""

from __future__ import annotations

import numpy as np

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel

# sizes of errors at which h begins; from there on its slope is 1
_THRESHOLDS = (0.49, 0.48, 0.46, 0.43, 0.38, 0.3, 0.2, 0.0)
_CHOICES = len(_THRESHOLDS)
_CORRELATED = 0.95  # that channels are at most


@kernel
def sharpen(errors: Floats, told: Floats) -> float:
    """Write an estimate of what is wrong; return the variance of its noise.

    Parameters
    ----------
    errors : (n,) float64
        Samples less synthesis, in steps of the samples.
    told : (n,) float64
        Overwritten.
    """
    length = len(errors)
    counts = np.zeros(_CHOICES)
    squares = np.zeros(_CHOICES)
    for i in range(length):
        size = abs(errors[i])
        for k in range(_CHOICES):
            over = size - _THRESHOLDS[k]
            if over > 0.0:
                counts[k] += 1.0
                squares[k] += over * over
    best = _CHOICES - 1
    least = squares[best] / length
    for k in range(_CHOICES - 1):
        if counts[k] > 0.0:
            variance = squares[k] * length / (counts[k] * counts[k])
            if variance < least:
                least = variance
                best = k
    threshold = _THRESHOLDS[best]
    factor = length / max(counts[best], 1.0)
    for i in range(length):
        told[i] = 0.0
        if errors[i] > threshold:
            told[i] = (errors[i] - threshold) * factor
        elif errors[i] < -threshold:
            told[i] = (errors[i] + threshold) * factor
    return float(least)


@kernel
def correlation_of(told: Floats, variances: Floats) -> float:
    """Return the correlation of what two channels tell, (2, n), with these variances."""
    product = 0.0
    for i in range(told.shape[1]):
        product += told[0, i] * told[1, i]
    product /= told.shape[1] * np.sqrt(variances[0] * variances[1])
    return float(max(min(product, _CORRELATED), -_CORRELATED))
