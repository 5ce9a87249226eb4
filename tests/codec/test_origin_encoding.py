"""Blocks of samples that a lossy stream was decoded to are coded by what that held."""

from __future__ import annotations

import io

import numpy as np
import pytest
from layer3_maker import coded, music

import nlac
from nlac._errors import UsageError
from nlac.audio.format import AudioFormat
from nlac.codec.decoder.payload import decode_block, open_payload
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.origin.aac import recover as aac
from nlac.codec.encoder.origin.block import find_runs
from nlac.codec.encoder.origin.layer3 import recover as layer3
from nlac.codec.encoder.origin.sections import CodedSection, cut
from nlac.codec.encoder.payload import encode_block
from nlac.codec.encoder.stream import make_header, surrounded
from nlac.predictors.origin.block import decode_sections, read_head
from nlac.predictors.origin.granules import empty_granules

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


def test_units_that_reach_over_the_ends_of_blocks_are_found(decoded):
    stream = make_header(AudioFormat(RATE, 2, 16), EncodeOptions(preset="standard"), len(decoded))
    options = EncodeOptions(preset="standard", origin="auto")
    before, block, after = np.split(decoded, [30_000, 80_000])
    alone = encode_block(block, stream, options)
    ours = encode_block(block, stream, options, (before, after))
    assert len(ours) < 0.97 * len(alone)
    assert np.array_equal(decode_block(ours, len(block), stream), block)
    mapped = open_payload(ours, len(block), stream).channels
    head = read_head(ours, mapped.end, len(block), mapped.num_coded, 16)
    missed = [abs(each.residuals).mean() for each in decode_sections(head, mapped.num_coded, 16)]
    # all frames are in one section, which the synthesis gives to its ends
    assert len(missed) == 1
    assert missed[0] < 0.02


def test_channels_that_differ_around_a_block_alone(decoded):
    # one channel is coded of the block, and two around it
    samples = np.repeat(decoded[:, :1], 2, axis=1)
    samples[:30_000] = decoded[:30_000]
    ours = encoded(samples, preset="standard", origin="auto", block_seconds=30_000 / RATE)
    again, _ = nlac.read(ours)
    assert np.array_equal(again, samples)


def test_frames_around_blocks():
    blocks = np.split(np.arange(23)[:, None], [10, 20])
    first, middle, last = surrounded(iter(blocks), 4)
    around = [
        [side.ravel().tolist() for side in each.around or ()] for each in (first, middle, last)
    ]
    assert around == [
        [[], [10, 11, 12, 13]],
        [[6, 7, 8, 9], [20, 21, 22]],
        [[16, 17, 18, 19], []],
    ]
    assert [each.samples.tolist() for each in (first, middle, last)] == [b.tolist() for b in blocks]
    assert [each.around for each in surrounded(iter(blocks), 0)] == [None] * 3
    assert [each.around for each in surrounded(iter(blocks[:1]), 4)] == [None]
    assert list(surrounded(iter(()), 4)) == []


def test_nothing_is_lost_where_nothing_is_found():
    rng = np.random.default_rng(4)
    samples = rng.normal(0, 900, (60_000, 2)).cumsum(0).astype(np.int16)
    assert encoded(samples, preset="high") == encoded(samples, preset="high", origin="off")


def test_stretches_that_were_not_found_go_the_ordinary_way(decoded):
    samples = decoded.copy()
    rng = np.random.default_rng(1)
    samples[40_000:60_000] += rng.integers(-900, 900, (20_000, 2)).astype(np.int16)
    channels = np.ascontiguousarray(samples.T.astype(np.int32))
    runs = next(find_runs(channels, RATE, 16))
    parts = [part for run in runs for part in cut(run, channels, 16)]
    covered = sum(each.section.frames for each in parts if isinstance(each, CodedSection))
    assert 0.6 * len(samples) < covered < 0.85 * len(samples)
    again, _ = nlac.read(encoded(samples, preset="standard", origin="auto"))
    assert np.array_equal(again, samples)


def test_what_was_taken_for_an_mp3_may_be_aac(decoded, monkeypatch):
    channels = np.ascontiguousarray(decoded.T.astype(np.int32))
    (true,) = layer3.recover(channels, RATE, 16)
    zeros = empty_granules(true.units.length, 2)
    monkeypatch.setattr(layer3, "recover", lambda *_: [true._replace(units=zeros)])
    nothing = encoded(decoded, preset="standard", origin="auto")
    # in place of AAC: another kind that is looked for after the first
    monkeypatch.setattr(aac, "recover", lambda *_: [true])
    ours = encoded(decoded, preset="standard", origin="auto")
    assert nlac.info(nothing).origin is None
    assert len(ours) < 0.7 * len(nothing)
    again, _ = nlac.read(ours)
    assert np.array_equal(again, decoded)


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
