"""Search for earlier occurrences of what sounds now (encoder only).

Sequenced and looped music repeats to the sample, bars apart.  A cheap
prediction whitens the block, loud passages are levelled, and the
autocorrelations of the whole block and of windows of about three seconds (at a
quarter of the rate) give candidates, which are then compared on every span at
full resolution.  The candidates come from an FFT in floating point; what
is compared, and so chosen, is in integers.
"""

from __future__ import annotations

import numpy as np
from numpy import fft
from numpy.typing import NDArray

from nlac._kernels import kernel
from nlac._memory import address, load_i16
from nlac.predictors.layout import PAD

SHORTEST = 128  # shorter lags are for the near window
THRESHOLD = 0.05  # least normalised correlation worth a closer look
WINDOW = 1 << 17
DECIMATION = 4
_CHUNK = 4096
_ORDER = 8


@kernel
def _whiten(samples, channel, begin, end, out):
    """Add the levelled error of an eighth-order prediction to `out`, chunk by chunk."""
    corr = np.empty(_ORDER + 1)
    weights = np.zeros(_ORDER)
    previous = np.zeros(_ORDER)
    errors = np.empty(_CHUNK)
    for start in range(begin, end, _CHUNK):
        stop = min(start + _CHUNK, end)
        x = samples[channel, start - _ORDER : stop]
        count = stop - start
        for lag in range(_ORDER + 1):
            total = 0.0
            for t in range(_ORDER, len(x), 4):  # a quarter of the products will do
                total += x[t] * x[t - lag]
            corr[lag] = total
        energy = corr[0] * 1.0001 + 1e-3
        weights[:] = 0.0
        for i in range(_ORDER):
            value = corr[i + 1]
            for j in range(i):
                value -= weights[j] * corr[i - j]
            reflection = value / energy
            if not abs(reflection) < 1.0:
                break
            previous[:i] = weights[:i]
            weights[i] = reflection
            for j in range(i):
                weights[j] = previous[j] - reflection * previous[i - 1 - j]
            energy *= 1.0 - reflection * reflection
        errors[:count] = x[_ORDER:]
        for j in range(_ORDER):
            weight = weights[j]
            for t in range(count):
                errors[t] -= weight * x[_ORDER - 1 - j + t]
        level = 0.0
        for t in range(count):
            level += abs(errors[t])
        level = 32.0 * count / (level + 1e-3 * count)
        for t in range(count):
            out[start - begin + t] += np.int16(min(max(errors[t] * level, -64.0), 64.0))


@kernel
def _compare(signal, energies, begin, end, lags, out):
    """Normalised correlation of signal[begin:end] with itself each lag earlier.

    `energies` are the running sums of squares; the sums are exact.
    """
    at = address(signal)
    own = energies[end] - energies[begin]
    for i in range(len(lags)):
        lag = lags[i]
        first = max(begin, lag)
        cross = np.int64(0)
        for t in range(first, end):
            cross += load_i16(at, t) * load_i16(at, t - lag)
        other = energies[end - lag] - energies[first - lag]
        out[i] = cross / np.sqrt(np.float64(own) * np.float64(other) + 1.0)


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
    """Return the lags of the highest local maxima, none twice within eight lags."""
    values = correlation.copy()
    values[:shortest] = 0
    found: list[int] = []
    some = min(len(values), 8 * count)
    order = np.argpartition(values, -some)[-some:]
    for lag in order[np.argsort(-values[order])]:
        if values[lag] <= 0 or len(found) == count:
            break
        if all(abs(int(lag) - other) > 8 for other in found):
            found.append(int(lag))
    return np.array(found, np.int64)


def find_lags(
    samples: NDArray[np.float64],
    frames: int,
    span: int,
    thorough: bool,
    threshold: float = THRESHOLD,
) -> NDArray[np.int64]:
    """Find for each span of a block how far back its earlier occurrence lies.

    Parameters
    ----------
    samples : (channels, PAD + frames) float64
        The block after `PAD` frames of zeros.
    frames, span : int
        Length of the block and of a span, in frames.
    thorough : bool
        Look for more, at the full rate, and in windows of about three seconds each too.
    threshold : float
        Least normalised correlation.

    Returns
    -------
    lags : (spans,) int64
        0 where nothing alike was found.
    """
    count = -(-frames // span)
    lags = np.zeros(count, np.int64)
    if frames < 4 * SHORTEST:
        return lags
    signal = np.zeros(frames, np.int16)
    for channel in range(min(len(samples), 8)):
        _whiten(samples, channel, PAD, PAD + frames, signal)
    energies = np.concatenate([[0], np.cumsum(signal.astype(np.int64) ** 2)])
    search = _Search(signal, energies, span, thorough)
    previous = np.zeros(0, np.int64)
    local = np.zeros(0, np.int64)
    window_end = 0
    for index in range(count):
        begin, end = index * span, min((index + 1) * span, frames)
        if thorough and begin >= window_end and begin > 0:
            window_end = min(begin + WINDOW, frames)
            local = search.window(begin, window_end)
        candidates = np.unique(np.concatenate([search.shared, local, previous]))
        candidates = candidates[candidates < (begin + end) // 2]
        if not len(candidates):
            continue
        scores = np.zeros(len(candidates))
        _compare(signal, energies, begin, end, candidates, scores)
        best = int(np.argmax(scores))
        if scores[best] > threshold:
            lags[index] = candidates[best]
            previous = np.unique(np.append(previous, candidates[best]))[-16:]
    return lags


class _Search:
    """Candidates from autocorrelations, the spectra kept between windows.

    The whole block is searched at the full or at half the rate (pairs of samples
    summed), windows at a quarter; each lag is then settled at full resolution.
    """

    def __init__(
        self, signal: NDArray[np.int16], energies: NDArray[np.int64], span: int, thorough: bool
    ) -> None:
        self._signal = signal
        self._energies = energies
        step = 1 if thorough else 2
        grouped = signal[: len(signal) // step * step].reshape(-1, step)
        slow = grouped.sum(axis=1, dtype=np.float32)
        count = len(slow)
        multiple = DECIMATION // step
        quarter = _fast_length(-(-2 * count // multiple))
        spectrum = fft.rfft(slow, multiple * quarter)
        power = spectrum.real**2 + spectrum.imag**2
        whole = fft.irfft(power, multiple * quarter)[:count]
        # long lags have fewer products behind them: level the chance peaks
        room = np.sqrt(np.maximum(count - np.arange(count), span // step)).astype(np.float32)
        level = (whole / room).astype(np.float32, copy=False)
        coarse = step * _peaks(level, 96 if thorough else 32, SHORTEST // step)
        self.shared = coarse if thorough else self._settle(coarse, 2, 0, len(signal), 1 << 16)
        self._low = spectrum[: quarter // 2 + 1]
        self._size = quarter
        self._quarter = fft.irfft(self._low, quarter) if thorough else slow

    def window(self, begin: int, end: int) -> NDArray[np.int64]:
        """Return the best lags of one window against all of its past."""
        piece = np.zeros(self._size, np.float32)
        first, last = begin // DECIMATION, end // DECIMATION
        piece[: last - first] = self._quarter[first:last]
        cross = fft.irfft(self._low * np.conj(fft.rfft(piece)), self._size)
        # the window at shift s meets itself at s = first, and the lag is first - s
        correlation = np.ascontiguousarray(cross[: first + 1][::-1], np.float32)
        if len(correlation) <= SHORTEST // DECIMATION + 1:
            return np.zeros(0, np.int64)
        coarse = DECIMATION * _peaks(correlation, 8, SHORTEST // DECIMATION)
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
        _compare(self._signal, self._energies, first, last, np.ascontiguousarray(fine), scores)
        best = scores.reshape(-1, len(around)).argmax(axis=1)
        settled: NDArray[np.int64] = fine.reshape(-1, len(around))[np.arange(len(best)), best]
        return settled
