"""Logarithms by arithmetic alone, the same on every machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address, load_i32


@kernel
def log2(value: float) -> float:
    """Return the logarithm to base 2 of a positive number below 2**1023, within 0.003."""
    exponent = 0.0
    power = 512.0
    scale = 2.0**512
    while value >= 2.0 and power >= 1.0:
        if value >= scale:
            value /= scale
            exponent += power
        else:
            power *= 0.5
            scale = np.sqrt(scale)
    while value < 1.0:
        value *= 2.0
        exponent -= 1.0
    part = value - 1.0
    return exponent + part * (1.3465 - 0.3465 * part)


@kernel
def mean_log(lines: Floats, begin: int, end: int, unit: float) -> float:
    """Return the mean of log2(abs(line) / unit + 1/2): low where many lines are zeros."""
    total = 0.0
    product = 1.0
    scale = 1.0 / unit
    for i in range(begin, end):
        product *= abs(lines[i]) * scale + 0.5
        if product > 2.0**900 or product < 2.0**-900:
            total += log2(product)
            product = 1.0
    return (total + log2(product)) / (end - begin)


@kernel
def add_logs(values: NDArray[np.float32], totals: NDArray[np.int64]) -> None:
    """Add rough logarithms of positive numbers, some for each total, for `mean_of_logs`.

    The bits of a number are its exponent, and then its mantissa, which is nearly a logarithm.
    """
    at = address(values)
    count = len(totals)
    for begin in range(0, len(values), count):
        for i in range(count):
            totals[i] += load_i32(at, begin + i)


@kernel
def mean_of_logs(total: int, added: int, factors: int) -> float:
    """Return the mean logarithm to base 2 of factors, whose products' logarithms were added."""
    return (total / 2.0**23 - 127.0 * added) / factors
