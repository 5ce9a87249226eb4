"""Search for LTP matches: the lag of each span at which the block repeats itself.

Sequenced and looped music repeats to the sample, bars apart. The sum of the channels is whitened
by a short prediction and levelled. Autocorrelations by FFT give candidate lags: of the whole block
at a half and an eighth of the sample rate, and of windows of about six seconds at an eighth (short
lags at the full rate). All are compared on each span at full resolution. The best short lag, the
best long one and the lag of the span before are then weighed by least squares on pieces of the
span (`ltp_gains`): a tone has many lags, and what repeats bars apart may be no more than the
difference of the channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy import fft
from numpy.typing import NDArray

from nlac.codec.encoder.ltp.gain import ltp_gains
from nlac.codec.encoder.ltp.kernels import compare, grouped, level, running_energies, whiten
from nlac.predictors.cascade.parameters import SHORTEST
from nlac.predictors.lpc.parameters import PAD

THRESHOLD = 0.05  # least normalised correlation of a candidate
WINDOW = 1 << 18
DECIMATION = 8
_LONG = 2048
_LEAST_GAIN = 0.1  # bits a sample that an LTP match must save: less is not worth the time
_COMMON_LAGS = 8  # lags of other spans that are weighed in every span
_LEAST_MORE = 0.1  # bits a sample that they must save beyond the span's own lag
_NEIGHBOURS = np.array([-3, -2, -1, 1, 2, 3])


def _fast_length(count: int) -> int:
    """Smallest even number not below `count` without prime factors above 5, for the FFT."""
    best = 1 << max(1, (count - 1).bit_length())
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = 2 * threes
            while twos < count:
                twos *= 2
            best = min(best, twos)
            threes *= 3
        fives *= 5
    return best


def _peaks(correlation: NDArray[np.float32], count: int, shortest: int) -> NDArray[np.int64]:
    """Lags of the `count` highest peaks in each two octaves of lags; (n,) int64.

    A steady tone has as many peaks as periods. Without octaves these would leave no place for
    repetition bars apart. Peaks within eight lags of a higher one are skipped.
    """
    found: list[int] = []
    low = shortest
    while low < len(correlation):
        band = correlation[low : 4 * low]
        some = min(len(band), 8 * count)
        order = np.argpartition(band, -some)[-some:]
        order = order[np.argsort(-band[order])]
        mine: list[int] = []
        near: set[int] = set()
        for lag in (low + order[band[order] > 0]).tolist():
            if len(mine) == count:
                break
            if lag not in near:
                mine.append(lag)
                near.update(range(lag - 8, lag + 9))
        found += mine
        low *= 4
    return np.array(found, np.int64)


def _spectrum(signal: NDArray[np.float32], size: int) -> NDArray[np.complex64]:
    """Scaled spectrum of the signal's rows, zero-padded to `size`."""
    # without a scale NumPy uses double precision, which takes two to four times as long
    return fft.rfft(signal, size, norm="ortho").astype(np.complex64, copy=False)


def _short_lags(signal: NDArray[np.int16]) -> list[NDArray[np.int64]]:
    """Best lags below `_LONG` of each window, from its autocorrelation at the full rate.

    The autocorrelation is the sum of those of chunks, each against itself and the chunk before,
    which share their spectra.
    """
    found = []
    for first in range(0, len(signal), WINDOW):
        some = signal[max(first - _LONG, 0) : first + WINDOW]
        count = -(-len(some) // _LONG) + (first == 0)
        plain = np.zeros(count * _LONG, np.int16)
        plain[_LONG if first == 0 else 0 :][: len(some)] = some
        chunks = np.zeros((count, 2 * _LONG), np.float32)  # each followed by as many zeros
        chunks[:, :_LONG] = plain.reshape(count, _LONG)
        spectra = _spectrum(chunks, 2 * _LONG)
        both = spectra[1:].copy()
        both[:, 1::2] *= -1  # shifted by half the length, behind the chunk before
        both += spectra[:-1]
        both *= spectra[1:].conj()
        correlation = fft.irfft(both.sum(axis=0), 2 * _LONG)[_LONG:0:-1]
        found.append(_peaks(correlation.astype(np.float32, copy=False), 4, SHORTEST))
    return found


def find_lags(
    samples: NDArray[np.float64],
    frames: int,
    span: int,
    thorough: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the LTP lag of each span of a block.

    Parameters
    ----------
    samples : (channels, PAD + frames) float64
        The block after `PAD` frames of zeros.
    frames, span : int
        Length of the block and of a span, in frames.
    thorough : bool
        Take more candidates, those at half the rate and those of six-second windows too.

    Returns
    -------
    lags : (spans,) int64
        Lags in frames; 0 where no match was found.
    gains : (spans,) float64
        Estimated bits a sample that the match saves.
    """
    count = -(-frames // span)
    lags, found = np.zeros(count, np.int64), np.zeros(count)
    if frames < 4 * SHORTEST:
        return lags, found
    # one search in the sum of the channels is enough, since its lags are weighed in each channel
    mixed = _mixed(samples)
    signals = [_levelled(mixed, frames, order) for order in ((4, 8) if thorough else (4,))]
    del mixed
    searches = [_LagSearch(signals[0], span, DECIMATION, thorough)]
    if thorough:
        # drums repeat in the treble, which an eighth of the rate does not contain
        searches.append(_LagSearch(signals[1], span, 2, thorough))
    pieces = np.array((0.125, 0.375, 0.625, 0.875) if thorough else (0.25, 0.75))
    weighed: list[set[int]] = []

    def weigh(index: int, finalists: set[int], least: float, hasty: bool = False) -> int:
        """Weigh lags of a span, take the best if it saves over `least` bits; returns the lag."""
        begin, end = index * span, min((index + 1) * span, frames)
        possible = np.array(
            sorted(lag for lag in finalists if 0 < lag < (begin + end) // 2), np.int64
        )
        gains = _gains(samples, begin, end, possible, pieces, least if hasty else 0.0)
        if len(gains) and gains.max() > least:
            lags[index], found[index] = possible[gains.argmax()], gains.max()
        return int(lags[index])

    last = 0
    for index in range(count):
        begin, end = index * span, min((index + 1) * span, frames)
        finalists = {last, *(lag for search in searches for lag in search.lags(begin, end))}
        weighed.append(finalists)
        last = weigh(index, finalists, _LEAST_GAIN) or last
    if thorough:
        # a lag of many spans may suit others too, although another one correlates more there
        long_lags = Counter(lag for lag in lags.tolist() if lag >= _LONG)
        common = {lag for lag, _ in long_lags.most_common(_COMMON_LAGS)}
        for index in range(count):
            weigh(index, common - weighed[index], float(found[index]) + _LEAST_MORE, True)
    return lags, found


def _levelled(mixed: NDArray[np.float64], frames: int, order: int) -> NDArray[np.int16]:
    signal = np.zeros(frames, np.int16)
    whiten(mixed, PAD, PAD + frames, order, signal)
    return signal


def _mixed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the first eight channels; those correlated negatively with the first are negated."""
    # no matrix product: BLAS would keep all cores busy
    mixed: NDArray[np.float64] = samples[0].copy()
    for other in samples[1:8]:
        if np.sum(other[PAD::16] * samples[0, PAD::16]) < 0:
            mixed -= other
        else:
            mixed += other
    return mixed


def _gains(
    samples: NDArray[np.float64], begin: int, end: int, lags: NDArray[np.int64],
    pieces: NDArray[np.float64], least: float,
) -> NDArray[np.float64]:
    """Bits a sample that LTP matches save, estimated on pieces of a span; (lags,) float64.

    A lag is dropped, with gain 0, if the first half of the pieces does not gain two thirds of
    `least`.
    """
    paired = len(samples) == 2
    channels = 1 if paired else min(len(samples), 2)
    gains: NDArray[np.float64] = ltp_gains(
        samples, channels, paired, lags, pieces, PAD, begin, end, least
    )
    return gains


class _LagSearch:
    """Candidate lags from autocorrelations; spectra are kept between windows.

    Peaks of the whole block are taken at the sample rate divided by `step`. Peaks of windows are
    taken at an eighth of the rate or, with a smaller `step`, short ones at the full rate. Each lag
    is then refined at full resolution.
    """

    def __init__(
        self, signal: NDArray[np.int16], span: int, step: int, thorough: bool
    ) -> None:
        self._signal = signal
        self._energies = running_energies(signal)
        self._windows = thorough and step == DECIMATION
        self._short = _short_lags(signal) if step != DECIMATION else []
        self._previous = self._local = np.zeros(0, np.int64)
        self._window_end = 0
        slow = grouped(signal, step)
        count = len(slow)
        # at the higher rate without zero-padding to twice the length: the circular correlation
        # takes half the time and misses only lags about half a block long, which the coarse finds
        size = _fast_length(2 * count if step == DECIMATION else count)
        spectrum = _spectrum(slow, size)
        power = spectrum.real**2 + spectrum.imag**2
        whole = fft.irfft(power, size)[:count].astype(np.float32, copy=False)
        level(whole, span // step)
        shortest = _LONG if self._short else SHORTEST
        coarse = step * _peaks(whole, 16 if thorough else 6, shortest // step)
        self._shared = self._refine(coarse, step, 0, len(signal), 1 << 15)
        # windows are shifted only within the block
        self._slow = slow
        self._size = _fast_length(count)
        if self._windows:
            self._spectrum = _spectrum(slow, self._size)

    def lags(self, begin: int, end: int) -> list[int]:
        """Return the best lags of a span: at most one short and one long."""
        if self._windows and begin >= self._window_end and begin > 0:
            self._window_end = min(begin + WINDOW, len(self._signal))
            self._local = self._window(begin, self._window_end)
        if self._short:
            self._local = self._short[begin // WINDOW]
        candidates = _sorted(self._shared, self._local, self._previous)
        candidates = candidates[candidates < (begin + end) // 2]
        found = []
        for some in (candidates[candidates < _LONG], candidates[candidates >= _LONG]):
            if not len(some):
                continue
            best, score = self._best(begin, end, some)
            # a beat need not be a whole number of samples
            near = best + _NEIGHBOURS
            near = near[(near >= SHORTEST) & (near < (begin + end) // 2)]
            if len(near):
                best, score = max((best, score), self._best(begin, end, near), key=lambda f: f[1])
            if score > THRESHOLD:
                found.append(best)
                self._previous = _sorted(self._previous, [best])[-16:]
        return found

    def _best(self, begin: int, end: int, lags: NDArray[np.int64]) -> tuple[int, float]:
        scores = np.zeros(len(lags))
        compare(self._signal, self._energies, begin, end, lags, scores)
        best = int(np.argmax(scores))
        return int(lags[best]), float(scores[best])

    def _window(self, begin: int, end: int) -> NDArray[np.int64]:
        """Best lags of one window against all of its past, from their cross-correlation."""
        first, last = begin // DECIMATION, end // DECIMATION
        piece = self._slow[first:last]
        cross = fft.irfft(self._spectrum * np.conj(_spectrum(piece, self._size)), self._size)
        # the window at shift s meets itself at s = first, and the lag is first - s
        correlation = np.ascontiguousarray(cross[: first + 1][::-1], np.float32)
        if len(correlation) <= SHORTEST // DECIMATION + 1:
            return np.zeros(0, np.int64)
        coarse = DECIMATION * _peaks(correlation, 4, SHORTEST // DECIMATION)
        return self._refine(coarse, DECIMATION, begin, end, 1 << 14)

    def _refine(
        self, coarse: NDArray[np.int64], reach: int, begin: int, end: int, length: int
    ) -> NDArray[np.int64]:
        """Best lag within `reach` of each coarse one, compared late in begin .. end."""
        around = np.arange(-reach, reach + 1)
        fine = np.clip((coarse[:, None] + around).ravel(), SHORTEST, end - 1)
        scores = np.zeros(len(fine))
        first = max(begin, end - length - (end - begin) // 8)
        last = min(end, first + length)
        compare(self._signal, self._energies, first, last, np.ascontiguousarray(fine), scores)
        best = scores.reshape(-1, len(around)).argmax(axis=1)
        settled: NDArray[np.int64] = fine.reshape(-1, len(around))[np.arange(len(best)), best]
        return settled


def _sorted(*lags: NDArray[np.int64] | Sequence[int]) -> NDArray[np.int64]:
    """Lags in order, each once, as `np.unique` gives them, which imports ``numpy.ma``."""
    return np.array(sorted(set(np.concatenate(lags).tolist())), np.int64)
