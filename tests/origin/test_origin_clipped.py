"""Samples beyond the rails: lines of the granules that reach them tell where they were."""

from __future__ import annotations

import numpy as np
import pytest
from layer3_maker import coded, music

from nlac.codec.encoder.origin.clipping import rails_of
from nlac.codec.encoder.origin.grids import Grid
from nlac.codec.encoder.origin.layer3.band_search import fit_granule
from nlac.codec.encoder.origin.layer3.clipped import fit as clipped_fit
from nlac.codec.encoder.origin.layer3.gain import find_level
from nlac.codec.encoder.origin.layer3.granule_fit import samples_of
from nlac.codec.encoder.origin.layer3.stretch import fit, length_of
from nlac.codec.encoder.origin.layer3.tables import ladder, layout
from nlac.predictors.origin.granules import LINES, LONG, SHORT_BANDS, SUBBAND_LINES, table_of

RATE = 44100
TABLE = table_of(RATE)
VARIANCE = 1 / 12
COUNT = 60
BEGIN = 5760


def made(channels, seed):
    """Samples that some granules reach, before rounding."""
    true = coded(music(channels, 60_000, seed, 6000.0), RATE, seed).samples
    return true[:, BEGIN : BEGIN + length_of(COUNT)]


def flattened(true, places, seed):
    """Rounded samples, of which those at places are nearer to zero by up to 600; and rails."""
    rng = np.random.default_rng(seed)
    samples = np.rint(true)
    rails = np.zeros(true.shape, np.int8)
    for channel in range(len(true)):
        rails[channel, places] = np.where(samples[channel, places] >= 0, 1, -1)
        samples[channel, places] -= rails[channel, places] * rng.integers(1, 600, len(places))
    return samples, rails


@pytest.mark.parametrize("channels", [1, 2])
def test_runs_are_found_wherever_they_are(channels):
    true = made(channels, 11)
    # one across two blocks of 576, and some within
    places = np.concatenate([np.arange(LINES * 20 - 2, LINES * 20 + 3), LINES * 30 + np.arange(4)])
    samples, rails = flattened(true, places, 1)
    found = fit(samples, rails, (0, samples.shape[1]), VARIANCE, TABLE, 1.0)
    given = samples_of(found.granules, TABLE)
    assert np.abs(given - true)[:, places].max() < 0.5
    assert found.errors[18:34].max() < 1.5


def test_many_clipped_samples_are_no_obstacle():
    true = made(2, 12)
    limit = np.quantile(np.abs(true), 0.998)
    samples = np.clip(np.rint(true), -np.floor(limit), np.floor(limit))
    rails = (np.sign(samples) * (np.abs(samples) >= np.floor(limit))).astype(np.int8)
    found = fit(samples, rails, (0, samples.shape[1]), VARIANCE, TABLE, 1.0)
    assert np.mean(found.errors[5:-5] < 1.5) > 0.9


def test_work_is_bounded(monkeypatch):
    true = made(1, 13)
    samples, rails = flattened(true, np.arange(LINES * 20, LINES * 20 + 120), 2)
    fits = []
    ordinary = clipped_fit.fit_slots

    def counted(*given):
        fits.append(1)
        return ordinary(*given)

    monkeypatch.setattr(clipped_fit, "fit_slots", counted)
    fit(samples, rails, (0, samples.shape[1]), VARIANCE, TABLE)
    with_credit = len(fits)
    fits.clear()
    monkeypatch.setattr(clipped_fit, "_CREDIT", 0)
    fit(samples, rails, (0, samples.shape[1]), VARIANCE, TABLE)
    assert with_credit > len(fits) == 1


@pytest.mark.jit
def test_noise_of_some_subbands_hides_no_others():
    rng = np.random.default_rng(3)
    tables = layout(TABLE), ladder()
    step = 16.0
    values = rng.integers(-3, 4, LINES)
    lines = np.sign(values) * np.abs(values) ** (4 / 3) * step
    lines += rng.normal(0, 0.29, LINES)
    loud = slice(0, 4 * SUBBAND_LINES)
    lines[loud] += rng.normal(0, 300, 4 * SUBBAND_LINES)
    noise = np.full(32, VARIANCE)
    noise[:4] = 300.0**2
    shares = []
    for variances in (noise, np.full(32, noise.mean())):
        steps, fitted = np.full(SHORT_BANDS, -128, np.int8), np.zeros(LINES, np.int16)
        fit_granule(lines, LONG, variances, 1e9, steps, fitted, *tables)
        found = np.abs(fitted[150:].astype(int))
        exact = np.sign(fitted[150:]) * found ** (4 / 3)
        shares.append(np.mean((exact != 0) == (values[150:] != 0)))
    assert shares[0] > 0.95 > shares[1]


def test_the_gain_is_told_where_nothing_is_clipped():
    true = coded(music(1, 90_000, 5, 9000.0), RATE, 5).samples[:, :88_000]
    samples = np.rint(true).astype(np.int32)
    last = (samples.shape[1] - length_of(12)) // LINES
    for number in range(3):
        start = LINES * (last * (2 * number + 1) // 6)
        samples[:, start : start + 4000] = np.where(
            samples[:, start : start + 4000] > 0, 32767, -32768
        )
    level = find_level(samples, Grid(0, 20.0), TABLE, 16)
    assert level is not None
    assert abs(level.gain - 1) < 1e-5
    assert np.count_nonzero(rails_of(samples, 16)) > 10_000
