"""Integer arithmetic that several kernels share."""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import inline_kernel, kernel
from nlac.kernels.memory import leading_zeros

# 2**(30 - i / 4)
QUARTERS = (1073741824, 902905651, 759250125, 638450708)


@inline_kernel
def log2_fixed(value, bits):
    """Binary logarithm of 1 <= value < 2**52 with `bits` fraction bits, int64.

    The fraction is linear between powers of two, rounded down.
    """
    # the bits of an IEEE double hold just that; the conversion is exact
    return (np.float64(value).view(np.int64) >> (52 - bits)) - (1023 << bits)


@inline_kernel
def bit_length(value):
    """Bits of a value from 0 to 2**63 - 1, int64; 0 has none."""
    return 64 - leading_zeros(value)


@kernel
def square_root(value):
    """Largest integer whose square is not above `value`, for 0 <= value < 2**62."""
    root = np.int64(np.sqrt(np.float64(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root
