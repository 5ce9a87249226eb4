"""Floating point that is the same on every machine: it decides, and so must not differ."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def rounded(values: Floats) -> Floats:
    """Round to multiples of 2**-44, so that tables don't depend on the last bits of a library."""
    return np.rint(values * 2.0**44) / 2.0**44
