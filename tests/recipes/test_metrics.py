"""Figures of predictors and of sound, against values known by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nlac._errors import UsageError
from nlac.training.evaluation import metrics, spectral
from nlac.training.signal.spectra import MelSettings, cepstrum, log_mel

RATE = 16000
MEL = MelSettings(RATE, 512, 128, 40)


def noise(seed: int, times: int = 16000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, times)


def test_errors():
    a, b = np.array([1, 2, 3, 4]), np.array([1, 0, 3, 8])
    assert metrics.mean_squared_error(a, b) == 5.0
    assert metrics.mean_absolute_error(a, b) == 1.5
    assert metrics.snr(a, b) == pytest.approx(10 * math.log10(30 / 20))
    assert metrics.snr(a, a) == math.inf
    assert metrics.snr(np.zeros(4), b) == -math.inf
    # integers do not wrap around
    low, high = np.array([-32768], np.int16), np.array([32767], np.int16)
    assert metrics.mean_absolute_error(low, high) == 65535
    with pytest.raises(UsageError, match=r"shapes \(4,\) and \(3,\) differ"):
        metrics.snr(a, b[:3])
    with pytest.raises(UsageError, match="no samples"):
        metrics.mean_squared_error(a[:0], b[:0])


def test_segmental_snr():
    signal = np.concatenate([np.ones(100), 10 * np.ones(100), np.zeros(100), np.ones(50)])
    error = np.concatenate([np.full(100, 0.1), np.full(100, 0.1), np.ones(150)])
    # 20 dB and, limited, 35 dB; silence and the incomplete frame do not count
    assert metrics.segmental_snr(signal, signal + error, 100) == pytest.approx(27.5)
    assert metrics.segmental_snr(np.ones(100), 100 * np.ones(100), 100) == -10.0
    assert math.isnan(metrics.segmental_snr(np.zeros(300), np.ones(300), 100))


def test_prediction_gain():
    x = np.cumsum(noise(0))
    assert metrics.prediction_gain(x, x / 10) == pytest.approx(20.0)
    assert metrics.prediction_gain(x, np.zeros(5)) == math.inf


def test_entropy():
    assert metrics.residual_entropy(np.arange(256)) == 8.0
    assert metrics.residual_entropy(np.array([0, 0, 0, 1])) == pytest.approx(0.8113, abs=1e-4)
    assert metrics.residual_entropy(np.zeros(9, np.int16)) == 0.0
    with pytest.raises(UsageError, match="not integers"):
        metrics.residual_entropy(np.zeros(9))


def test_cross_entropy():
    nats = np.full((2, 50), math.log(2) * 3)
    assert metrics.cross_entropy(nats) == pytest.approx(3.0)
    # two bytes for each sample
    assert metrics.cross_entropy(nats, 50) == pytest.approx(6.0)
    assert metrics.level_bits(nats, np.full((2, 50), 64)) == pytest.approx(9.0)
    assert metrics.accuracy(np.array([1, 2, 3, 4]), np.array([1, 0, 3, 0])) == 0.5


def test_log_spectral_distance():
    x = noise(1)
    assert spectral.log_spectral_distance(x, x) == 0.0
    # a gain is a distance in dB, at every frequency
    assert spectral.log_spectral_distance(x, x * 0.5) == pytest.approx(6.02, abs=0.01)
    assert spectral.log_spectral_distance(x, noise(2)) > 6
    for wrong in (x[:-1], np.stack([x, x])):
        with pytest.raises(UsageError, match="two signals of one channel and equal length"):
            spectral.log_spectral_distance(x, wrong)


def test_mel_cepstral_distortion():
    x = noise(1)
    assert spectral.mel_cepstral_distortion(x, x, MEL) == 0.0
    # level does not count
    assert spectral.mel_cepstral_distortion(x, x * 0.5, MEL) == pytest.approx(0, abs=1e-6)
    bands = log_mel(x, MEL)
    # a cosine over the bands, of 1 dB: its root mean square is what is measured
    n = np.arange(40)
    tilt = np.log(10) / 20 * np.cos(np.pi * 3 * (2 * n + 1) / 80)[:, None]
    change = cepstrum(bands + tilt, 14)[1:] - cepstrum(bands, 14)[1:]
    factor = 10 / np.log(10) * np.sqrt(2 * (change**2).sum(0) * 2 / 40)
    assert factor == pytest.approx(np.full(len(factor), math.sqrt(0.5)))
    assert spectral.mel_cepstral_distortion(x, np.cumsum(x) * 0.02, MEL) > 3
    with pytest.raises(UsageError, match="bands: 8; at least 14"):
        spectral.mel_cepstral_distortion(x, x, MelSettings(RATE, 512, 128, 8))


def statistics(*signals):
    found = spectral.MelStatistics(MEL)
    for signal in signals:
        found.add(signal)
    return found


def test_frechet_distance():
    from scipy.linalg import sqrtm

    a, b = statistics(noise(0), noise(1)), statistics(0.5 * np.cumsum(noise(2)))
    assert spectral.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    cross = np.trace(sqrtm(a.covariance @ b.covariance).real)
    gap = a.mean - b.mean
    expected = gap @ gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * cross
    assert spectral.frechet_distance(a, b) == pytest.approx(expected, rel=1e-4)
    # the same noise halved: means differ by log 2 in every band
    halved = spectral.frechet_distance(a, statistics(0.5 * noise(0), 0.5 * noise(1)))
    assert halved == pytest.approx(40 * math.log(2) ** 2, rel=1e-3)
    with pytest.raises(UsageError, match="no frames"):
        spectral.frechet_distance(a, spectral.MelStatistics(MEL))
    with pytest.raises(UsageError, match="mel bands differ"):
        spectral.frechet_distance(a, spectral.MelStatistics(MelSettings(RATE)))


def test_statistics_add_up():
    both = np.concatenate([log_mel(noise(i), MEL) for i in range(2)], axis=1)
    found = statistics(noise(0), noise(1))
    assert found.count == both.shape[1]
    assert found.mean == pytest.approx(both.mean(1))
    assert found.covariance == pytest.approx(np.cov(both, bias=True), abs=1e-9)
