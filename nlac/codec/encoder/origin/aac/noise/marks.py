"""Which bands hold a decoder's noise, how loud it is, and the state of its generator before each.

A state is a number of 64 bits here: the first half of that of streams, and the second times 2**32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.aac.noise.congruential import (
    DIMENSIONS,
    Lattice,
    lattice,
    state_before,
)
from nlac.codec.encoder.origin.aac.noise.registers import (
    FEWEST_LINES,
    NO_STATE,
    equations,
    state_of_registers,
)
from nlac.codec.encoder.origin.floats import Floats
from nlac.codec.encoder.origin.logarithm import log2
from nlac.codec.encoder.origin.step_costs import BITS
from nlac.kernels.jit import inline_kernel, kernel
from nlac.predictors.origin.aac.noise import follower, number_of

_MASK = (1 << 32) - 1
_USUAL = 1239850262.7  # root mean square of states
_SCALES = 40  # that are tried
_SCALES_OF_REGISTERS = 25
_FINEST = 0.02  # relative difference of scales
_LOUD = 100.0  # variances a line of noise from which a state can be told
_ALIKE = 0.95  # share of a band's energy that its noise explains at least
_EXACT = 1.8  # variances a line that are left at most
_FEW = 6.0  # more variances that are left at most: few lines vary more
_SPENT = 12.0  # bits of a band of noise
_FLAT = 2.5  # kurtosis at most; that of noise is 1.8
_FLATTER, _PEAKED = 2.15, 1.4  # kurtosis of at least 24 lines of noise
_NEAR_ZERO, _MOST_NEAR_ZERO = 0.06, 0.15  # of the root mean square; share of lines that are nearer
# share of the energy of n lines that noise with an expected state explains: 24 / (n + 12) at least
_SURE, _SURE_LINES, _SUREST = 24.0, 12.0, 0.94
GUESSES = 12  # states that are expected
_FEWEST = 8  # lines of a band of noise with an expected state
_FEWEST_UNKNOWN = 20  # with another, since the state is found from eight
NO_NOISE = -1000
_ROOTS = (1.0, 1.189207115002721, 1.4142135623730951, 1.681792830507429)  # 2 ** (r / 4)
# kinds of generators
UNKNOWN, CONGRUENTIAL, REGISTERS = range(3)
_TRIALS = 300  # bands whose lines are taken for numbers of shift registers, before any are


class Generators(NamedTuple):
    """Tables of the generators, and what is known of that of a stream.

    Attributes
    ----------
    lattice : Lattice
    equations : (96, 6) int64
        See `registers.equations`.
    found : (2,) int64
        Which generator noise was found of, `UNKNOWN` at first; and how many bands were taken for
        noise of shift registers in vain.
    """

    lattice: Lattice
    equations: NDArray[np.int64]
    found: NDArray[np.int64]


def new_generators() -> Generators:
    """Return the tables, with nothing known."""
    return Generators(lattice(), equations(), np.zeros(2, np.int64))


@inline_kernel
def _follower(state: int) -> int:
    low, high = follower(state & _MASK, (state >> 32) & _MASK)
    return int(low | (high << 32))


@inline_kernel
def _signed(state: int) -> float:
    return float(number_of(state & _MASK, (state >> 32) & _MASK))


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
    generators: Generators,
    noise: Floats,
) -> int:
    """Return the state before a band of noise, or `NO_STATE` if it is none that can be told."""
    if (end - begin) // windows < DIMENSIONS or end - begin < _FEWEST_UNKNOWN:
        return NO_STATE
    energy = 0.0
    fourth = 0.0
    for i in range(begin, end):
        square = lines[i] * lines[i]
        energy += square
        fourth += square * square
    kurtosis = fourth * (end - begin) / max(energy * energy, 1e-30)
    energy /= end - begin
    if kurtosis > _FLAT or energy < _LOUD * variance:
        return NO_STATE
    kind = generators.found[0]
    usual = _USUAL / np.sqrt(energy)
    if kind != REGISTERS:
        for number in range(_SCALES):
            scale = usual * _scale(number)
            state = state_before(lines, begin, scale, generators.lattice)
            tried, _ = try_noise(lines, state, begin, end, windows, variance, _ALIKE, noise)
            if tried != NO_NOISE:
                generators.found[0] = CONGRUENTIAL
                return state
    if kind == CONGRUENTIAL or windows > 1 or generators.found[1] >= _TRIALS:
        return NO_STATE
    if kurtosis > _FLATTER or kurtosis < _PEAKED or end - begin < FEWEST_LINES:
        return NO_STATE
    near = 0
    for i in range(begin, end):
        near += lines[i] * lines[i] < _NEAR_ZERO * _NEAR_ZERO * energy
    if near > _MOST_NEAR_ZERO * (end - begin):
        return NO_STATE
    for number in range(_SCALES_OF_REGISTERS):
        state = state_of_registers(
            lines, begin, end, usual * _scale(number), np.sqrt(variance), generators.equations
        )
        if state != NO_STATE and (state >> 32) & _MASK != 0:
            tried, _ = try_noise(lines, state, begin, end, 1, variance, _ALIKE, noise)
            if tried != NO_NOISE:
                generators.found[0] = REGISTERS
                return state
    if kind == UNKNOWN:
        generators.found[1] += 1
    return NO_STATE


@inline_kernel
def _scale(number: int) -> float:
    """1.00, 1.02, 0.98, 1.04 ..."""
    away = _FINEST * ((number + 1) // 2)
    return 1.0 + away if number & 1 else 1.0 - away


@kernel
def _guess(guesses: NDArray[np.int64], width: int) -> None:
    """Expect also the states after a band of noise that was too soft to be told."""
    count = 0
    while count < GUESSES and guesses[count] != NO_STATE:
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
def _mark_band(
    lines: Floats,
    begin: int,
    end: int,
    windows: int,
    variance: float,
    noise: Floats,
    guesses: NDArray[np.int64],
    generators: Generators,
) -> tuple[int, int, float]:
    """Return exponent, state and cost of a band if it holds noise, and move guesses on."""
    count = end - begin
    # shift registers fill one window after the other
    if count < _FEWEST or (windows > 1 and generators.found[0] == REGISTERS):
        return NO_NOISE, 0, 0.0
    energy = 0.0
    for i in range(begin, end):
        energy += lines[i] * lines[i]
    energy /= variance
    exponent, left, before = NO_NOISE, 0.0, NO_STATE
    alike = min(_SUREST, _SURE / (count + _SURE_LINES))
    for number in range(GUESSES):
        before = guesses[number]
        if before == NO_STATE:
            break
        exponent, left = try_noise(lines, before, begin, end, windows, variance, alike, noise)
        if exponent != NO_NOISE and left * BITS + _SPENT < energy * BITS:
            break
        exponent = NO_NOISE
    if exponent == NO_NOISE:
        before = find_state(lines, begin, end, windows, variance, generators, noise)
        if before == NO_STATE:
            if energy < _LOUD * count:
                _guess(guesses, count)
            return NO_NOISE, 0, 0.0
        exponent, left = try_noise(lines, before, begin, end, windows, variance, _ALIKE, noise)
    after = before
    for _ in range(count):
        after = _follower(after)
    guesses[0] = after
    for number in range(1, GUESSES):
        guesses[number] = NO_STATE
    return exponent, before, _SPENT + left * BITS


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
    generators: Generators,
    channels: int,
) -> None:
    """Find the bands of noise of one or two channels, and write what they hold and cost.

    `guesses` has states that the generator may have, then `NO_STATE`, and is moved on.
    """
    given = guesses.copy()
    together = channels > 1 and generators.found[0] == REGISTERS
    turn = 0
    while turn < bands * channels:
        # one channel after the other; shift registers run through both, band by band
        c, band = (turn % channels, turn // channels) if together else divmod(turn, bands)
        exponents[c, band], states[c, band], costs[c, band] = _mark_band(
            lines[c], starts[band], starts[band + 1], windows, variances[c, band], noise[c],
            guesses, generators,
        )  # fmt: skip
        turn += 1
        if channels > 1 and not together and generators.found[0] == REGISTERS:
            together, turn = True, 0
            guesses[:] = given
