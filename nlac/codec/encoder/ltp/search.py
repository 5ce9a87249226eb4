"""Search for earlier occurrences of what sounds now (encoder only).

Sequenced and looped music repeats to the sample, bars apart.  A cheap
prediction whitens the sum of the channels, loud passages are levelled, and the
autocorrelations of the whole block (at half and at an eighth of the rate) and of
windows of about six seconds (at an eighth; for short lags, at the full rate) give
candidates, which are compared on every span at full resolution.  The best short and the
best long one, and the lag of the span before, are then weighed by what least squares make
of them on pieces of the span (`far_gains`): a tone has many lags, and what repeats bars apart
may be no more than the difference of the channels.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy import fft
from numpy.typing import NDArray

from nlac.codec.encoder.ltp.gain import PIECE, ltp_gains
from nlac.codec.encoder.ltp.kernels import compare, grouped, level, running_energies, whiten
from nlac.predictors.cascade.parameters import SHORTEST
from nlac.predictors.lpc.parameters import PAD

THRESHOLD = 0.05  # least normalised correlation worth a closer look
WINDOW = 1 << 18
DECIMATION = 8
_LONG = 2048
_WORTH = 0.1  # bits a sample that an earlier occurrence must save: less is not worth the time
_OFTEN = 8  # lags of other spans that are weighed in every span
_CLEARLY = 0.1  # bits a sample that they must save more
_AROUND = np.array([-3, -2, -1, 1, 2, 3])


def _fast_length(count: int) -> int:
    """Return the least even number not below `count` without prime factors above 5."""
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
    """Return the lags of the highest local maxima of each two octaves of lags, `count` of each.

    By octaves, because a steady tone has as many peaks as periods, which would leave
    no place for what repeats bars apart.  None is taken twice within eight lags.
    """
    found: list[int] = []
    low = shortest
    while low < len(correlation):
        band = correlation[low : 4 * low]
        some = min(len(band), 8 * count)
        order = np.argpartition(band, -some)[-some:]
        mine: list[int] = []
        for lag in (low + order[np.argsort(-band[order])]).tolist():
            if correlation[lag] <= 0 or len(mine) == count:
                break
            if all(abs(lag - other) > 8 for other in mine):
                mine.append(lag)
        found += mine
        low *= 4
    return np.array(found, np.int64)


def _spectrum(signal: NDArray[np.float32], size: int) -> NDArray[np.complex64]:
    """Return the scaled spectrum of the signal's rows, with zeros appended up to `size`."""
    # with no scale NumPy takes loops of double precision, which take twice to four times as long
    return fft.rfft(signal, size, norm="ortho").astype(np.complex64, copy=False)


def _short_lags(signal: NDArray[np.int16]) -> list[NDArray[np.int64]]:
    """Return the best lags below `_LONG` of each window, from its autocorrelation.

    That is the sum of those of chunks, whose spectra are shared: each against itself and the
    one before.
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
        both[:, 1::2] *= -1  # half a turn later, behind the chunk before
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
    """Find for each span of a block how far back its earlier occurrence lies.

    Parameters
    ----------
    samples : (channels, PAD + frames) float64
        The block after `PAD` frames of zeros.
    frames, span : int
        Length of the block and of a span, in frames.
    thorough : bool
        Look for more, and in windows of about six seconds each too.

    Returns
    -------
    lags : (spans,) int64
        0 where nothing alike was found.
    gains : (spans,) float64
        Bits a sample that the earlier occurrence saves, about.
    """
    count = -(-frames // span)
    lags, found = np.zeros(count, np.int64), np.zeros(count)
    if frames < 4 * SHORTEST:
        return lags, found
    # the sum of the channels: one search is enough, since what it finds is weighed in each
    mixed = _mixed(samples)
    searches = [_Search(_levelled(mixed, frames, 4), span, DECIMATION, thorough)]
    if thorough:
        # drums repeat in the treble that the coarse search does not hear
        searches.append(_Search(_levelled(mixed, frames, 8), span, 2, thorough))
    pieces = (0.125, 0.375, 0.625, 0.875) if thorough else (0.25, 0.75)
    weighed: list[set[int]] = []

    def weigh(index: int, finalists: set[int], least: float, hasty: bool = False) -> int:
        """Judge lags of a span, take the best if it saves so much; returns the one in force."""
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
        last = weigh(index, finalists, _WORTH) or last
    if thorough:
        # what serves many spans may serve others, where something else correlates more
        often = Counter(lag for lag in lags.tolist() if lag >= _LONG).most_common(_OFTEN)
        usual = {lag for lag, _ in often}
        for index in range(count):
            weigh(index, usual - weighed[index], float(found[index]) + _CLEARLY, True)
    return lags, found


def _levelled(mixed: NDArray[np.float64], frames: int, order: int) -> NDArray[np.int16]:
    signal = np.zeros(frames, np.int16)
    whiten(mixed, PAD, PAD + frames, order, signal)
    return signal


def _mixed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the channels, those that are rather the negative of the first turned round."""
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
    pieces: tuple[float, ...], least: float,
) -> NDArray[np.float64]:
    """Bits a sample that earlier occurrences save, judged on pieces of a span.

    A lag is given up, and said to save nothing, where half of the pieces don't promise two thirds
    of `least`.
    """
    # only what lies after the block's begin has an earlier occurrence
    shares = (end - np.maximum(begin, lags)) / (end - begin)
    paired = len(samples) == 2
    bits, judged = np.zeros(len(lags)), np.zeros(len(lags))
    left = np.arange(len(lags))
    for number, part in enumerate(pieces, 1):
        first = max(begin + int(part * (end - begin)) - PIECE // 2, begin)
        some, frames = np.zeros(len(left)), np.zeros(len(left))
        for channel in range(1 if paired else min(len(samples), 2)):
            ltp_gains(
                samples, channel, paired, lags[left], PAD, PAD + first, PAD + end, some, frames
            )
        bits[left] += some
        judged[left] += frames
        if 2 * number == len(pieces):
            promising = bits[left] * shares[left] >= 2 / 3 * least * judged[left]
            left = left[promising]
    gains = np.zeros(len(lags))
    gains[left] = bits[left] / np.maximum(judged[left], 1) * shares[left]
    return gains


class _Search:
    """Candidates from autocorrelations, the spectra kept between windows.

    Peaks of the whole block are looked for at the rate divided by `step` (so many samples
    summed); those of windows at an eighth of it, or at a smaller `step` short ones at the full
    rate. Each lag is then settled at full resolution.
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
        # at the higher rate not twice as long: the correlation runs round, at half the time, and
        # hides what it shows half a block away, which the coarse one finds
        size = _fast_length(2 * count if step == DECIMATION else count)
        spectrum = _spectrum(slow, size)
        power = spectrum.real**2 + spectrum.imag**2
        whole = fft.irfft(power, size)[:count].astype(np.float32, copy=False)
        level(whole, span // step)
        shortest = _LONG if self._short else SHORTEST
        coarse = step * _peaks(whole, 16 if thorough else 6, shortest // step)
        self._shared = self._settle(coarse, step, 0, len(signal), 1 << 15)
        # windows are only shifted within the block
        self._slow = slow
        self._size = _fast_length(count)
        if self._windows:
            self._spectrum = _spectrum(slow, self._size)

    def lags(self, begin: int, end: int) -> list[int]:
        """Return the best lags of a span: one short, one long."""
        if self._windows and begin >= self._window_end and begin > 0:
            self._window_end = min(begin + WINDOW, len(self._signal))
            self._local = self._window(begin, self._window_end)
        if self._short:
            self._local = self._short[begin // WINDOW]
        candidates = np.unique(np.concatenate([self._shared, self._local, self._previous]))
        candidates = candidates[candidates < (begin + end) // 2]
        found = []
        for some in (candidates[candidates < _LONG], candidates[candidates >= _LONG]):
            if not len(some):
                continue
            best, score = self._best(begin, end, some)
            # tempo need not be a whole number of samples
            near = best + _AROUND
            near = near[(near >= SHORTEST) & (near < (begin + end) // 2)]
            if len(near):
                best, score = max((best, score), self._best(begin, end, near), key=lambda f: f[1])
            if score > THRESHOLD:
                found.append(best)
                self._previous = np.unique(np.append(self._previous, best))[-16:]
        return found

    def _best(self, begin: int, end: int, lags: NDArray[np.int64]) -> tuple[int, float]:
        scores = np.zeros(len(lags))
        compare(self._signal, self._energies, begin, end, lags, scores)
        best = int(np.argmax(scores))
        return int(lags[best]), float(scores[best])

    def _window(self, begin: int, end: int) -> NDArray[np.int64]:
        """Return the best lags of one window against all of its past."""
        first, last = begin // DECIMATION, end // DECIMATION
        piece = self._slow[first:last]
        cross = fft.irfft(self._spectrum * np.conj(_spectrum(piece, self._size)), self._size)
        # the window at shift s meets itself at s = first, and the lag is first - s
        correlation = np.ascontiguousarray(cross[: first + 1][::-1], np.float32)
        if len(correlation) <= SHORTEST // DECIMATION + 1:
            return np.zeros(0, np.int64)
        coarse = DECIMATION * _peaks(correlation, 4, SHORTEST // DECIMATION)
        return self._settle(coarse, DECIMATION, begin, end, 1 << 14)

    def _settle(
        self, coarse: NDArray[np.int64], reach: int, begin: int, end: int, length: int
    ) -> NDArray[np.int64]:
        """Return the best lag within `reach` of each coarse one, judged late in begin .. end."""
        around = np.arange(-reach, reach + 1)
        fine = np.clip((coarse[:, None] + around).ravel(), SHORTEST, end - 1)
        scores = np.zeros(len(fine))
        first = max(begin, end - length - (end - begin) // 8)
        last = min(end, first + length)
        compare(self._signal, self._energies, first, last, np.ascontiguousarray(fine), scores)
        best = scores.reshape(-1, len(around)).argmax(axis=1)
        settled: NDArray[np.int64] = fine.reshape(-1, len(around))[np.arange(len(best)), best]
        return settled
