"""Bands that hold a decoder's noise: the state of its generator from a few lines.

Noise is a linear congruential generator modulo 2**32, scaled to a norm. States that follow each
other make a lattice, and lines that are known to a few percent are nearest to one point of it. The
scale is not known, so some are tried.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import log2
from nlac.codec.encoder.origin.step_costs import BITS
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.aac.frames import NOISE_FACTOR, NOISE_TERM

_MASK = (1 << 32) - 1
DIMENSIONS = 8
# states that follow each other, less those that follow 0, are sums of these, which are short
_BASIS = (
    (4675473, -39045027, 21555897, 172663141, 83193889, -27469907, -125115959, 27561269),
    (-150444185, -38843845, -113424641, 21837043, -4226473, 86460523, -62107793, -111328605),
    (144228313, 140719109, 138453569, 71770957, 36862185, 125696469, -121795119, 25852317),
    (128826504, 104383208, -147696184, -62649560, 47087880, 95272296, 41029192, -159159896),
    (-143025871, -100708995, -66339495, -138734715, 105118657, -40128819, -91058583, 108007765),
    (50075716, -149138572, -66816796, -49231980, 114498180, 204271796, 130281764, 59479764),
    (-191656630, 33794242, 173989338, -41934830, 235588842, 118203362, -696710, -50042830),
    (21818863, -200519901, 110294727, -46607845, 71069023, -118724653, -117811273, -192389557),
)
_BACK = pow(NOISE_FACTOR, -1, 1 << 32)
_USUAL = 1239850262.7  # root mean square of states
_SCALES = 40  # that are tried
_FINEST = 0.02  # relative difference of scales
_LOUD = 100.0  # variances a line of noise from which a state can be told
_ALIKE = 0.95  # share of a band's energy that its noise explains at least
_EXACT = 1.8  # variances a line that are left at most
_FEW = 6.0  # more variances that are left at most: few lines vary more
_SPENT = 12.0  # bits of a band of noise
_FLAT = 2.5  # kurtosis at most; that of noise is 1.8
# share of the energy of n lines that noise with an expected state explains: 24 / (n + 12) at least
_SURE, _SURE_LINES, _SUREST = 24.0, 12.0, 0.94
GUESSES = 12  # states that are expected
_FEWEST = 8  # lines of a band of noise with an expected state
_FEWEST_UNKNOWN = 20  # with another, since the state is found from eight
NO_NOISE = -1000
_ROOTS = (1.0, 1.189207115002721, 1.4142135623730951, 1.681792830507429)  # 2 ** (r / 4)


class Generator(NamedTuple):
    """Tables of the generator.

    Attributes
    ----------
    basis : (8, 8) int64
        A reduced basis of the lattice.
    inverse : (8, 8) float64
        Its inverse.
    followers : (8,) int64
        The states that follow 0, the first of which is 0 itself.
    """

    basis: NDArray[np.int64]
    inverse: Floats
    followers: NDArray[np.int64]


@cache
def generator() -> Generator:
    """Return the tables of the generator."""
    followers = [0]
    for _ in range(DIMENSIONS - 1):
        followers.append((followers[-1] * NOISE_FACTOR + NOISE_TERM) & _MASK)
    return Generator(np.array(_BASIS, np.int64), _inverse(_BASIS), np.array(followers, np.int64))


def _inverse(rows: tuple[tuple[int, ...], ...]) -> Floats:
    """Invert a matrix by elimination, in the same order everywhere."""
    count = len(rows)
    work = [[float(x) for x in row] + [0.0] * count for row in rows]
    for i in range(count):
        work[i][count + i] = 1.0
    for i in range(count):
        best = max(range(i, count), key=lambda j: abs(work[j][i]))
        work[i], work[best] = work[best], work[i]
        factor = work[i][i]
        work[i] = [x / factor for x in work[i]]
        for j in range(count):
            if j != i:
                factor = work[j][i]
                work[j] = [x - factor * y for x, y in zip(work[j], work[i], strict=True)]
    return np.array([row[count:] for row in work])


@inline_kernel
def _follower(state: int) -> int:
    return (state * NOISE_FACTOR + NOISE_TERM) & _MASK


@inline_kernel
def _signed(state: int) -> float:
    return float(state - ((state >> 31) << 32))


@kernel
def noise_of(state: int, exponent: int, begin: int, end: int, windows: int, lines: Floats) -> int:
    """Write the lines of a band of noise; return the state after it."""
    norm = _ROOTS[exponent & 3]
    for _ in range(exponent >> 2):
        norm *= 2.0
    for _ in range(-(exponent >> 2)):
        norm *= 0.5
    width = (end - begin) // windows
    for w in range(windows):
        energy = 0.0
        for i in range(begin + w * width, begin + (w + 1) * width):
            state = _follower(state)
            lines[i] = _signed(state)
            energy += lines[i] * lines[i]
        factor = norm / np.sqrt(energy)
        for i in range(begin + w * width, begin + (w + 1) * width):
            lines[i] *= factor
    return state


@kernel
def _exponent(lines: Floats, state: int, begin: int, end: int, windows: int, work: Floats) -> int:
    """Return the exponent of noise with a state that is nearest to lines, or `NO_NOISE`."""
    width = (end - begin) // windows
    products = 0.0
    for w in range(windows):
        energy = 0.0
        product = 0.0
        for i in range(begin + w * width, begin + (w + 1) * width):
            state = _follower(state)
            value = _signed(state)
            energy += value * value
            product += value * lines[i]
        products += product / np.sqrt(energy)
    norm = products / windows
    if norm < 0.1:
        return NO_NOISE
    return int(np.floor(4.0 * log2(norm) + 0.5))


@kernel
def try_noise(
    lines: Floats,
    state: int,
    begin: int,
    end: int,
    windows: int,
    variance: float,
    alike: float,
    noise: Floats,
) -> tuple[int, float]:
    """Return the exponent of a band of noise and what is left of its lines, in variances.

    The exponent is `NO_NOISE` where noise with that state does not explain the lines. Writes it.
    """
    exponent = _exponent(lines, state, begin, end, windows, noise)
    if exponent == NO_NOISE:
        return NO_NOISE, 0.0
    noise_of(state, exponent, begin, end, windows, noise)
    left = 0.0
    energy = 0.0
    for i in range(begin, end):
        off = lines[i] - noise[i]
        left += off * off
        energy += lines[i] * lines[i]
    left /= variance
    energy /= variance
    if left > (1.0 - alike) * energy or left > _EXACT * (end - begin) + _FEW:
        return NO_NOISE, left
    return exponent, left


@kernel
def find_state(
    lines: Floats,
    begin: int,
    end: int,
    windows: int,
    variance: float,
    tables: Generator,
    noise: Floats,
) -> int:
    """Return the state before a band of noise, or -1 if its lines are none that can be told."""
    basis, inverse = tables.basis, tables.inverse
    if (end - begin) // windows < DIMENSIONS or end - begin < _FEWEST_UNKNOWN:
        return -1
    energy = 0.0
    fourth = 0.0
    for i in range(begin, end):
        square = lines[i] * lines[i]
        energy += square
        fourth += square * square
    if fourth * (end - begin) > _FLAT * energy * energy:
        return -1
    energy /= end - begin
    if energy < _LOUD * variance:
        return -1
    usual = _USUAL / np.sqrt(energy)
    target = np.empty(DIMENSIONS)
    for number in range(_SCALES):
        # 1.00, 1.02, 0.98, 1.04 ...
        away = _FINEST * ((number + 1) // 2)
        scale = usual * (1.0 + away if number & 1 else 1.0 - away)
        for i in range(DIMENSIONS):
            target[i] = lines[begin + i] * scale - tables.followers[i]
        first = 0
        for j in range(DIMENSIONS):
            factor = 0.0
            for i in range(DIMENSIONS):
                factor += target[i] * inverse[i, j]
            first += int(np.floor(factor + 0.5)) * basis[j, 0]
        state = ((first - NOISE_TERM) * _BACK) & _MASK
        if try_noise(lines, state, begin, end, windows, variance, _ALIKE, noise)[0] != NO_NOISE:
            return state
    return -1


@kernel
def _guess(guesses: NDArray[np.int64], width: int) -> None:
    """Expect also the states after a band of noise that was too soft to be told."""
    count = 0
    while count < GUESSES and guesses[count] >= 0:
        count += 1
    for number in range(count):
        if count == GUESSES:
            break
        state = guesses[number]
        for _ in range(width):
            state = _follower(state)
        known = False
        for other in range(count):
            known |= guesses[other] == state
        if not known:
            guesses[count] = state
            count += 1


@kernel
def mark_noise(
    lines: Floats,
    starts: NDArray[np.int64],
    bands: int,
    windows: int,
    variances: Floats,
    noise: Floats,
    exponents: NDArray[np.int64],
    states: NDArray[np.int64],
    costs: Floats,
    guesses: NDArray[np.int64],
    tables: Generator,
) -> None:
    """Find the bands of noise of a channel, and write what they hold and cost.

    `guesses` has states that the generator may have, then -1, and is moved on.
    """
    for band in range(bands):
        exponents[band] = NO_NOISE
        variance = variances[band]
        begin, end = starts[band], starts[band + 1]
        count = end - begin
        if count < _FEWEST:
            continue
        energy = 0.0
        for i in range(begin, end):
            energy += lines[i] * lines[i]
        energy /= variance
        exponent, left, before = NO_NOISE, 0.0, -1
        alike = min(_SUREST, _SURE / (count + _SURE_LINES))
        for number in range(GUESSES):
            before = guesses[number]
            if before < 0:
                break
            exponent, left = try_noise(lines, before, begin, end, windows, variance, alike, noise)
            if exponent != NO_NOISE and left * BITS + _SPENT < energy * BITS:
                break
            exponent = NO_NOISE
        if exponent == NO_NOISE:
            before = find_state(lines, begin, end, windows, variance, tables, noise)
            if before < 0:
                if energy < _LOUD * count:
                    _guess(guesses, count)
                continue
            exponent, left = try_noise(lines, before, begin, end, windows, variance, _ALIKE, noise)
        exponents[band] = exponent
        states[band] = before
        costs[band] = _SPENT + left * BITS
        for _ in range(count):
            before = _follower(before)
        guesses[0] = before
        for number in range(1, GUESSES):
            guesses[number] = -1
