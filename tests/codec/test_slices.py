"""Entry points in `lpc` blocks: their cost, reading by them, and what damage leaves."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import make

import nlac
from nlac._errors import UsageError
from nlac.bitstream.constants import BLOCK_HEADER_BYTES
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.parts import SlicedPayload, open_slices
from nlac.codec.encoder.lpc.slicing import entry_points, ltp_losses
from nlac.codec.encoder.options import EncodeOptions
from nlac.predictors.lpc.block import SlicedBlock
from nlac.predictors.lpc.parameters import UNIT

RATE, FRAMES = 8000, 60_000
SAMPLES = make("music", FRAMES, 2, 16).astype(np.int16)


def written(samples: np.ndarray = SAMPLES, **options) -> bytes:
    out = io.BytesIO()
    nlac.write(out, samples, RATE, preset="fast", **options)
    return out.getvalue()


def opened(stream: bytes, index: int = 0) -> SlicedPayload | None:
    reader = IndexedReader(io.BytesIO(stream))
    block = reader.block(index)
    return open_slices(block.payload, block.header.num_frames, reader.header)


def places(stream: bytes) -> list[tuple[int, int]]:
    """Bytes of the slices of the first block, counted in the stream."""
    reader, payload = IndexedReader(io.BytesIO(stream)), opened(stream)
    assert payload is not None
    begin = reader.block(0).offset + BLOCK_HEADER_BYTES
    return [(begin + each.begin, begin + each.end) for each in payload.block.table.slices]


@pytest.fixture(scope="module")
def stream() -> bytes:
    return written(block_seconds=30)


@pytest.fixture(scope="module")
def slices(stream):
    payload = opened(stream)
    assert payload is not None
    return payload.block.table.slices


def test_they_cost_one_byte_in_a_thousand(stream, slices):
    without = written(block_seconds=30, entry_seconds=0)
    assert opened(without) is None
    assert len(slices) >= 3
    assert 0 < len(stream) - len(without) <= len(without) // 1000
    assert len(written(block_seconds=30, entry_seconds=3)) < len(stream)
    # a block of two slices would cost more
    short = written(SAMPLES[:3000])
    assert short == written(SAMPLES[:3000], entry_seconds=0)


def test_options():
    with pytest.raises(UsageError, match="entry_seconds -1"):
        EncodeOptions(entry_seconds=-1)
    with pytest.raises(UsageError, match="entry_seconds 'x'"):
        EncodeOptions(entry_seconds="x")  # type: ignore[arg-type]
    assert EncodeOptions(entry_seconds=0.5).entry_frames(44_100) == 22_050
    assert EncodeOptions(entry_seconds=0).entry_frames(44_100) == 0


@given(st.integers(0, FRAMES), st.integers(0, FRAMES))
def test_any_frames_are_those_of_the_whole(stream, a, b):
    start, stop = sorted((a, b))
    part, _ = nlac.read(stream, start, stop)
    np.testing.assert_array_equal(part, SAMPLES[start:stop])


def test_only_the_slices_that_are_needed_are_decoded(stream, slices, monkeypatch):
    asked, pieces = [], SlicedBlock.pieces

    def counted(block: SlicedBlock, numbers: range) -> Iterator[np.ndarray]:
        asked.append(numbers)
        return pieces(block, numbers)

    monkeypatch.setattr(SlicedBlock, "pieces", counted)
    at = slices[1].start
    file = nlac.open(stream)
    np.testing.assert_array_equal(file[at : at + 10], SAMPLES[at : at + 10])
    assert asked == [range(1, 2)]
    # what was decoded is kept
    np.testing.assert_array_equal(file[at + 9 : at + 99], SAMPLES[at + 9 : at + 99])
    assert len(asked) == 1
    # who reads on gets the block
    np.testing.assert_array_equal(file[at - 9 : at + 99], SAMPLES[at - 9 : at + 99])
    np.testing.assert_array_equal(file[: at + 99], SAMPLES[: at + 99])
    assert asked[1:] == [range(len(slices))]
    asked.clear()
    out = io.BytesIO()
    nlac.decode(stream, out, container="raw", start=at - 5, stop=at + 5)
    assert out.getvalue() == SAMPLES[at - 5 : at + 5].tobytes()
    assert asked == [range(2)]


def recovered(stream: bytes) -> tuple[np.ndarray, list[tuple[int, int]], str]:
    out = io.BytesIO()
    result = nlac.decode(stream, out, container="raw", recover=True)
    samples = np.frombuffer(out.getvalue(), np.int16).reshape(-1, 2)
    return samples, [(lost.start, lost.stop) for lost in result.lost], "; ".join(result.problems)


def test_damage_costs_the_slice_that_it_hits(stream, slices):
    for number, (begin, end) in enumerate(places(stream)):
        bad = bytearray(stream)
        bad[(begin + end) // 2] ^= 16
        samples, lost, problems = recovered(bytes(bad))
        start, stop = slices[number].start, slices[number].stop
        assert lost == [(start, stop)]
        kept = np.r_[0:start, stop:FRAMES]
        np.testing.assert_array_equal(samples[kept], SAMPLES[kept])
        assert not samples[start:stop].any()
        assert f"block 0: {len(kept)} of {FRAMES} frames lie in intact slices" in problems
        with pytest.raises(nlac.CorruptStream):
            nlac.read(bytes(bad))


def test_damage_to_side_information_costs_the_block(stream):
    bad = bytearray(stream)
    bad[places(stream)[0][0] - 50] ^= 1
    assert recovered(bytes(bad))[1] == [(0, FRAMES)]


def test_slices_before_the_end_of_a_truncated_stream(stream, slices):
    begin = places(stream)[-1][0]
    samples, lost, _ = recovered(stream[: begin + 9])
    assert lost == [(slices[-1].start, FRAMES)]
    np.testing.assert_array_equal(samples[: slices[-1].start], SAMPLES[: slices[-1].start])


def test_bytes_that_are_missing_cost_what_follows_in_the_block(stream, slices):
    cut = places(stream)[1][0] + 100
    samples, lost, _ = recovered(stream[:cut] + stream[cut + 3 :])
    assert lost == [(slices[1].start, FRAMES)]
    np.testing.assert_array_equal(samples[: slices[1].start], SAMPLES[: slices[1].start])


def test_slices_of_another_block_are_not_taken(stream):
    # all of them match, so what the CRC of the block found is none of theirs
    bad = bytearray(stream)
    bad[places(stream)[-1][1]] ^= 1
    samples, lost, _ = recovered(bytes(bad))
    assert lost == [(0, FRAMES)]
    assert not samples.any()


def test_floats_of_a_gain_have_them_and_others_do_not():
    gained = (SAMPLES / 32768).astype(np.float32)
    stream = written(gained, block_seconds=30)
    assert opened(stream) is not None
    part, _ = nlac.read(stream, 20_000, 20_010)
    np.testing.assert_array_equal(part, gained[20_000:20_010])
    mixed = gained.copy()
    mixed[::7] += np.float32(1e-6)
    stream = written(mixed, block_seconds=30)
    assert opened(stream) is None
    part, _ = nlac.read(stream, 20_000, 20_010)
    np.testing.assert_array_equal(part, mixed[20_000:20_010])
    assert stream == written(mixed, block_seconds=30, entry_seconds=0)


def test_held_samples_have_none():
    held = np.repeat(SAMPLES[: FRAMES // 2], 2, axis=0)
    stream = written(held, block_seconds=30)
    assert opened(stream) is None
    part, _ = nlac.read(stream, 20_000, 20_010)
    np.testing.assert_array_equal(part, held[20_000:20_010])


def test_they_keep_away_from_what_ltp_needs():
    frames = 100 * UNIT
    nothing = np.zeros(100)
    assert entry_points(nothing, frames, 10 * UNIT) == [10 * UNIT * k for k in range(10)]
    # less is lost two units later
    some = nothing + 50
    some[12] = 1
    assert entry_points(some, frames, 10 * UNIT)[1] == 12 * UNIT
    # a stretch in which LTP looks back for long
    long = nothing.copy()
    long[15:70] = 1e4
    found = entry_points(long, frames, 10 * UNIT)
    assert found[:3] == [0, 10 * UNIT, 70 * UNIT]
    assert entry_points(nothing + 1e4, frames, 10 * UNIT) == [0]


def test_a_loop_is_left_whole():
    from nlac.codec.encoder.lpc.block import code_lpc, settings_of

    loop = np.ascontiguousarray(np.tile(make("noise", 9000, 1, 12), (6, 1)).T)
    coded = code_lpc(loop, settings_of(EncodeOptions()))
    assert np.count_nonzero(coded.parameters.lag) > 0
    losses = ltp_losses(coded)
    assert losses[-(-9000 // UNIT) : 45_000 // UNIT].min() > 500
    assert losses[0] == 0
