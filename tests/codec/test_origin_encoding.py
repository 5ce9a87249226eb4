"""Blocks of samples that a lossy stream was decoded to are coded by what that held."""

from __future__ import annotations

import io

import numpy as np
import pytest
from layer3_maker import coded, music

import nlac
from nlac._errors import UsageError
from nlac.codec.encoder.origin.block import find_runs
from nlac.codec.encoder.origin.sections import CodedSection, cut

RATE = 44100


@pytest.fixture(scope="module")
def decoded():
    """Samples of an MP3, (frames, 2) int16, trimmed."""
    made = coded(music(2, 110_000, 5), RATE, 5, coarseness=0.5).samples
    return np.clip(np.rint(made), -32768, 32767).astype(np.int16).T[1303:].copy()


def encoded(samples, **options) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, RATE, **options)
    return out.getvalue()


def test_it_is_far_smaller_and_comes_back(decoded):
    ours = encoded(decoded, preset="high")
    plain = encoded(decoded, preset="high", origin="off")
    assert len(ours) < 0.7 * len(plain)
    again, rate = nlac.read(ours)
    assert rate == RATE
    assert np.array_equal(again, decoded)
    assert nlac.info(ours).origin.stretches[0].kind == "MPEG-1 Layer III"
    assert nlac.info(plain).origin is None


def test_standard_looks_when_asked_to(decoded):
    assert nlac.info(encoded(decoded, preset="standard")).origin is None
    assert nlac.info(encoded(decoded, preset="standard", origin="auto")).origin is not None


def test_fast_does_not_look(decoded):
    with pytest.raises(UsageError, match="fast looks for no origin"):
        encoded(decoded, preset="fast", origin="auto")


def test_the_bytes_do_not_depend_on_threads(decoded):
    twice = np.concatenate([decoded, decoded])
    first, second = (
        encoded(twice, preset="high", block_seconds=1.5, threads=threads) for threads in (1, 3)
    )
    assert first == second


def test_nothing_is_lost_where_nothing_is_found():
    rng = np.random.default_rng(4)
    samples = rng.normal(0, 900, (60_000, 2)).cumsum(0).astype(np.int16)
    assert encoded(samples, preset="high") == encoded(samples, preset="high", origin="off")


def test_stretches_that_were_not_found_go_the_ordinary_way(decoded):
    samples = decoded.copy()
    rng = np.random.default_rng(1)
    samples[40_000:60_000] += rng.integers(-900, 900, (20_000, 2)).astype(np.int16)
    channels = np.ascontiguousarray(samples.T.astype(np.int32))
    runs = find_runs(channels, RATE, 16)
    parts = [part for run in runs for part in cut(run, channels, 16)]
    covered = sum(each.section.frames for each in parts if isinstance(each, CodedSection))
    assert 0.6 * len(samples) < covered < 0.85 * len(samples)
    again, _ = nlac.read(encoded(samples, preset="standard", origin="auto"))
    assert np.array_equal(again, samples)


def test_held_samples_are_tried_by_a_preset_that_looks_for_no_origin():
    rng = np.random.default_rng(2)
    held = np.repeat(rng.normal(0, 900, 20_000).astype(np.int16), 2)[:, None]
    again, _ = nlac.read(encoded(held, preset="standard", origin="auto"), always_2d=True)
    assert np.array_equal(again, held)


def test_24_bits_and_mono(decoded):
    made = coded(music(1, 90_000, 6), RATE, 6).samples
    samples = np.rint(256 * made).astype(np.int32).T[700:]
    ours, plain = (
        encoded(samples, preset="standard", origin=origin, bits_per_sample=24)
        for origin in ("auto", "off")
    )
    assert nlac.info(ours).origin is not None
    assert len(ours) < len(plain)
    again, _ = nlac.read(ours, always_2d=True)
    assert np.array_equal(again, samples)
