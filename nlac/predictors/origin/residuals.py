"""Code what the synthesis missed of the samples (spec, section "Residuals").

Most residuals are 0. The others come where the decoder, which worked in other arithmetic, rounded
to the other side of a tie; or everywhere, where it added dither.
"""

from __future__ import annotations

import numpy as np

from nlac.entropy.binary_decisions import decide, raw_bits
from nlac.kernels.arithmetic import bit_length, log2_fixed
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.output import PLACES

_RATE = 4
_LEVELS = 40
_NEAR = PLACES // 2
_UNARY = 18
_MOST_LOW_BITS = 24
_FAST, _SLOW = 3, 7  # shifts by which mean sizes move
_MEAN_BITS = 12

# where contexts begin: six kinds for each decision
_ZERO = (0, 480, 2080, 2560, 3584, 3744)
_SIGN = (4128, 4152, 5112, 5152, 5160, 5208)
_SIZE = (5688, 6408, 7128, 21528, 21600, 21888)
_ESCAPE = (22320, 22352, 23632, 23664, 23696, 23728)
RESIDUAL_CONTEXTS = 23760
_SIGN_SETS, _SIZE_SETS, _ESCAPE_SETS, RESIDUAL_SETS = 480, 492, 510, 541


@inline_kernel
def _level(mean):
    """Level of a mean size, Q12: 0 to 39."""
    return min(log2_fixed((mean << 6) + (1 << _MEAN_BITS), 1) - 2 * _MEAN_BITS, _LEVELS - 1)


@kernel
def _code_size(decisions, base, sets, rest, fast, slow, near, beside):
    """Code the magnitude, less one, of a residual that is not 0; returns it."""
    count = np.int64(0)
    while count < _UNARY:
        more = decide(
            decisions, 1 if rest > count else 0, _RATE, sets + _SIZE_SETS + count,
            base + _SIZE[0] + count * _LEVELS + fast, base + _SIZE[1] + count * _LEVELS + slow,
            base + _SIZE[2] + (count * _LEVELS + fast) * 20 + (slow >> 1),
            base + _SIZE[3] + count * 4 + beside, base + _SIZE[4] + count * 16 + near,
            base + _SIZE[5] + count * 24 + near * 2 + (1 if beside > 0 else 0),
        )  # fmt: skip
        if not more:
            return count
        count += 1
    above = rest - _UNARY + 1
    bits = bit_length(above) - 1
    count = np.int64(0)
    while count < _MOST_LOW_BITS:
        more = decide(
            decisions, 1 if bits > count else 0, _RATE, sets + _ESCAPE_SETS + count,
            base + _ESCAPE[0] + count, base + _ESCAPE[1] + fast * 32 + count,
            base + _ESCAPE[2] + count, base + _ESCAPE[3] + count, base + _ESCAPE[4] + count,
            base + _ESCAPE[5] + count,
        )  # fmt: skip
        if not more:
            break
        count += 1
    low = raw_bits(decisions, above & ((np.int64(1) << count) - 1), count)
    return _UNARY - 1 + ((np.int64(1) << count) | low)


@kernel
def code_residuals(decisions, base, sets, residuals, places, means):
    """Code or decode residuals.

    Parameters
    ----------
    decisions : Decisions
    base, sets : int
        Where the contexts and the sets of weights of residuals begin.
    residuals : (C, frames) int32
        Filled when decoding, from the low bits of what is read.
    places : (C, frames) uint8
        From the synthesis.
    means : (C, 2) int64
        Mean sizes, fast and slow, Q12; updated.
    """
    channels, frames = residuals.shape
    lasts, olders = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    for t in range(frames):
        for c in range(channels):
            place = np.int64(places[c, t])
            near, side = place >> 1, place & 1
            fast, slow = _level(means[c, 0]), _level(means[c, 1])
            beside = np.int64(0)
            if c > 0:
                beside = 1 + min(abs(np.int64(residuals[c - 1, t])), np.int64(2))
            last, older = min(lasts[c], np.int64(3)), min(olders[c], np.int64(3))
            value = np.int64(residuals[c, t])
            some = decide(
                decisions, 1 if value != 0 else 0, _RATE, sets + near * _LEVELS + fast,
                base + _ZERO[0] + near * _LEVELS + fast,
                base + _ZERO[1] + slow * _LEVELS + fast,
                base + _ZERO[2] + near * _LEVELS + slow,
                base + _ZERO[3] + ((near * 4 + last) * 4 + older) * 4 + beside,
                base + _ZERO[4] + fast * 4 + beside,
                base + _ZERO[5] + (place * 4 + last) * 4 + beside,
            )  # fmt: skip
            size = np.int64(0)
            if some:
                up = decide(
                    decisions, 1 if value > 0 else 0, _RATE, sets + _SIGN_SETS + near,
                    base + _SIGN[0] + place, base + _SIGN[1] + place * _LEVELS + fast,
                    base + _SIGN[2] + slow, base + _SIGN[3] + side * 4 + beside,
                    base + _SIGN[4] + side * 24 + near * 2 + (1 if last > 0 else 0),
                    base + _SIGN[5] + (near * 2 + side) * 20 + (slow >> 1),
                )  # fmt: skip
                size = 1 + _code_size(
                    decisions, base, sets, abs(value) - 1, fast, slow, near, beside
                )
                value = size if up else -size
            else:
                value = np.int64(0)
            residuals[c, t] = value
            olders[c] = lasts[c]
            lasts[c] = size
            scaled = min(size, np.int64(1 << 20)) << _MEAN_BITS
            means[c, 0] += (scaled - means[c, 0]) >> _FAST
            means[c, 1] += (scaled - means[c, 1]) >> _SLOW
