"""Layer III granules from decoded samples: values, steps and types are the true ones."""

from __future__ import annotations

import shutil
import subprocess
import wave

import numpy as np
import pytest
from layer3_maker import Decoded, coded, music

from nlac.codec.encoder.origin.layer3 import fine_grid
from nlac.codec.encoder.origin.layer3 import recover as recovery
from nlac.codec.encoder.origin.layer3.gain import find_level
from nlac.codec.encoder.origin.layer3.granule_fit import samples_of
from nlac.codec.encoder.origin.layer3.grid import find_grid
from nlac.codec.encoder.origin.layer3.recover import recover
from nlac.codec.encoder.origin.layer3.stretch import fit, length_of
from nlac.predictors.origin.granules import SHORT

RATE = 44100


def rounded(samples, bits=16):
    top = 2 ** (bits - 1)
    return np.clip(np.rint(samples), -top, top - 1).astype(np.int32)


def decoded(channels, seed, length=90_000, loudness=3000.0, **options):
    return coded(music(channels, length, seed, loudness), RATE, seed, **options)


def share_right(section, truth: Decoded, begin):
    """Share of granules of a section whose types, steps and values are the true ones.

    Parameters
    ----------
    section : Section
        What was recovered.
    truth : Decoded
        The truth.
    begin : int
        Sample of the truth that frame 0 is.
    """
    first, rest = divmod(section.begin + begin - section.shift, 576)
    assert rest == 0
    right = []
    for g in range(3, section.units.length - 3):
        if not 0 <= first + g < truth.granules.length:
            continue
        own = [part[g] for part in section.units]
        true = [part[first + g] for part in truth.granules]
        used = true[2] != -128
        right.append(
            (not true[3].any() or (own[0] == true[0] and np.array_equal(own[1], true[1])))
            and np.array_equal(own[3], true[3])
            and np.array_equal(own[2][used], true[2][used])
        )
    assert len(right) > 40
    return np.mean(right)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("trim", [1, 700, 1303])
def test_granules_are_the_true_ones(channels, trim):
    truth = decoded(channels, 10 * channels + trim)
    assert (truth.granules.types == SHORT).any()
    samples = rounded(truth.samples[:, trim : -trim - 5])
    (section,) = recover(samples, RATE)
    assert section.gain == 1.0
    assert 0 <= section.shift < 1728
    assert section.begin < 1800
    assert section.end > samples.shape[1] - 1200
    assert section.units.length == -(-(section.shift + section.end - section.begin) // 576)
    assert share_right(section, truth, trim) >= 0.95
    given = samples_of(section.units, section.table)
    given = given[:, section.shift :][:, : section.end - section.begin]
    wrong = rounded(given) != samples[:, section.begin : section.end]
    assert np.mean(wrong[:, 1200:-1200]) < 0.01


def test_a_grid_is_found_where_there_is_one():
    truth = decoded(2, 5)
    grid = find_grid(rounded(truth.samples[:, 1000:]), RATE)
    assert grid is not None
    assert grid.offset == (-1000) % 576
    assert grid.score > 8


def test_silences_do_not_hide_what_is_loud():
    samples = rounded(decoded(2, 5, 240_000).samples[:, 1000:])
    length = samples.shape[1]
    rng = np.random.default_rng(3)
    # where probes are taken if all is about as loud
    for centre in (length // 6, length // 2, length * 5 // 6):
        samples[:, centre - 14_000 : centre + 14_000] = rng.integers(-3, 4, (2, 28_000))
    found = recover(samples, RATE)
    assert sum(section.end - section.begin for section in found) > 0.5 * length


def test_another_grid_is_tried_where_the_likeliest_is_none(monkeypatch):
    samples = rounded(decoded(2, 5).samples[:, 1000:])
    (section,) = recover(samples, RATE)
    true = fine_grid.find_any_grid(samples, RATE, 16)
    asked = []

    def find(channels, rate, bits, without=()):
        asked.append(tuple(without))
        return fine_grid.find_any_grid(channels, rate, bits, without) if without else wrong

    wrong = true._replace(offset=(true.offset + 40) % 576, score=20.0)
    monkeypatch.setattr(recovery, "find_any_grid", find)
    (again,) = recover(samples, RATE)
    assert asked[:2] == [(), (wrong.offset,)]
    assert (again.begin, again.end, again.shift) == (section.begin, section.end, section.shift)


@pytest.mark.parametrize("seed", range(4))
def test_no_granules_where_there_were_none(seed):
    samples = rounded(music(2, 100_000, seed))
    grid = find_grid(samples, RATE)
    assert grid is None or grid.score < 5
    assert recover(samples, RATE) == []


@pytest.mark.parametrize("samples", [np.zeros((2, 50_000)), np.zeros((2, 5)), np.ones((3, 50_000))])
def test_nothing_is_found_in_nothing(samples):
    assert find_grid(samples.astype(np.int32), RATE) is None
    assert recover(samples.astype(np.int32), RATE) == []


def test_other_rates_have_no_granules():
    assert recover(rounded(decoded(1, 5).samples), 96_000) == []


@pytest.mark.parametrize("gain", [32767 / 32768, 0.5, 0.7])
def test_gain_is_found(gain):
    truth = decoded(2, 3, loudness=8000.0)
    (section,) = recover(rounded(truth.samples[:, 900:] * gain), RATE)
    # a fourth root of two is a step
    steps = 4 * np.log2(section.gain / gain)
    assert abs(steps - np.rint(steps)) < 2e-5
    wrong = rounded(samples_of(section.units, section.table) * section.gain)[:, section.shift :]
    expected = rounded(truth.samples[:, 900:] * gain)[:, section.begin : section.end]
    assert np.mean(wrong[:, 3000 : expected.shape[1] - 3000] != expected[:, 3000:-3000]) < 0.01


def test_files_of_two_gains_do_not_tell_one_between_these():
    # as of two decoders, one after the other, on one grid
    parts = [decoded(2, seed, 100_000, 8000.0).samples[:, : 576 * 150] for seed in (3, 4)]
    for gains in ((1.0, 32767 / 32768), (32767 / 32768, 1.0)):
        both = [part * gain for part, gain in zip(parts, gains, strict=True)]
        samples = rounded(np.concatenate(both, axis=1))
        grid = find_grid(samples, RATE)
        assert grid is not None
        level = find_level(samples, grid, 0, 16)
        assert level is not None
        assert level.gain in gains


def test_deeper_samples_have_less_noise():
    truth = decoded(2, 8)
    (section,) = recover(rounded(truth.samples[:, 77:] * 256, 24), RATE, 24)
    # what 16 bits would be
    assert section.gain == 1.0
    assert share_right(section, truth, 77) >= 0.98


def test_two_files_in_one_are_two_sections():
    one, other = (decoded(2, seed, coarseness=0.5) for seed in (1, 2))
    samples = np.concatenate([one.samples[:, 100:70_000], other.samples[:, 5_555:]], axis=1)
    first, second = recover(rounded(samples), RATE)
    assert first.end <= second.begin
    assert abs(first.end - 69_900) < 2000
    assert abs(second.begin - 69_900) < 2500
    assert share_right(first, one, 100) >= 0.95
    assert share_right(second, other, 5_555 - 69_900) >= 0.95


def test_clipped_samples_are_no_obstacle():
    truth = decoded(2, 4, loudness=90_000.0)
    samples = rounded(truth.samples[:, 321:])
    assert np.count_nonzero(np.abs(samples) >= 32767) > 100
    (section,) = recover(samples, RATE)
    assert share_right(section, truth, 321) >= 0.9


def test_channels_that_hardly_differ_do_not_look_coded():
    rng = np.random.default_rng(5)
    # their difference has zeros nearly everywhere, which cost next to nothing
    both = 300 * rng.normal(0, 1, 60_000) + rng.normal(0, 0.05, (2, 60_000))
    count = 80
    samples = np.rint(both[:, : length_of(count)])
    found = fit(samples, np.zeros(samples.shape, np.int8), (0, samples.shape[1]), 1 / 12, 0)
    assert not found.clear.any()
    assert not found.granules.values.any()
    # nor where granules follow
    samples[:, 576 * 50 :] = np.rint(decoded(2, 5).samples[:, 576 * 50 : length_of(count)])
    found = fit(samples, np.zeros(samples.shape, np.int8), (0, samples.shape[1]), 1 / 12, 0)
    assert not found.clear[:48].any()
    assert found.clear[55:75].all()


def test_recovery_does_the_same_twice():
    samples = rounded(decoded(2, 6, length=60_000).samples[:, 50:])
    one, other = recover(samples, RATE), recover(samples.copy(), RATE)
    for first, second in zip(one, other, strict=True):
        assert first[:5] == second[:5]
        for part, again in zip(first.units, second.units, strict=True):
            np.testing.assert_array_equal(part, again)


@pytest.mark.skipif(
    not (shutil.which("lame") and shutil.which("ffmpeg")), reason="needs lame and ffmpeg"
)
@pytest.mark.parametrize("decoder", ["ffmpeg", "lame"])
def test_real_files(tmp_path, decoder):
    source, coded_path, result = (tmp_path / name for name in ("a.wav", "a.mp3", "b.wav"))
    samples = rounded(music(2, 4 * RATE, 9))
    with wave.open(str(source), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.T.astype("<i2").tobytes())
    subprocess.run(["lame", "--quiet", "-b", "128", source, coded_path], check=True)
    if decoder == "lame":
        subprocess.run(["lame", "--quiet", "--decode", coded_path, result], check=True)
    else:
        subprocess.run(["ffmpeg", "-v", "error", "-i", coded_path, result], check=True)
    with wave.open(str(result)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    read = np.ascontiguousarray(data.reshape(-1, 2).T[:, 1111:]).astype(np.int32)
    (section,) = recover(read, RATE)
    assert section.gain == (32767 / 32768 if decoder == "lame" else 1.0)
    given = samples_of(section.units, section.table)[:, section.shift :] * section.gain
    wrong = rounded(given[:, : section.end - section.begin]) != read[:, section.begin : section.end]
    assert section.end - section.begin > 0.97 * read.shape[1]
    assert np.mean(wrong[:, 2000:-2000]) < 0.02
