"""Traces of origin blocks: predictions, residuals and bits add up, whatever codes the rest."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from lossy_streams import Lossy, lossy_stream

import nlac
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.writer import StreamWriter
from nlac.codec.decoder.payload import decode_block
from nlac.codec.transforms.pcm import PcmDigest
from nlac.codec.transforms.phases import write_phases
from nlac.views.trace import StreamTrace, open_trace
from nlac.views.trace.block import trace_block
from nlac.views.trace.coded import CodedOrigin, parse_block

FRAMES = 30_000
# granules from the middle of one block to the middle of the last but one
STRETCH = Lossy(6000, 24_500)
HOW = [
    {"preset": "fast", "coder": "rice"}, {"preset": "fast", "coder": "range"}, {"preset": "high"},
    {"preset": "neural"},
]  # fmt: skip
pytestmark = pytest.mark.usefixtures("cascade_alone")


@pytest.fixture(scope="module")
def plain() -> tuple[bytes, np.ndarray]:
    """A stream of blocks of each kind, without prediction of any weight."""
    return lossy_stream(FRAMES, [STRETCH], block=10_000)


def words_of(body: CodedOrigin) -> int:
    """Bits of the words of a body, those of its other sections too."""
    count = 32 * len(body.head.words)
    if body.others is not None and hasattr(body.others.body, "words"):
        count += 32 * (len(body.others.body.words) + len(body.others.body.raw))
    return count


def check(data: bytes, samples: np.ndarray) -> StreamTrace:
    """Whether all adds up; returns the open stream."""
    trace = open_trace(data)
    np.testing.assert_array_equal(nlac.read(data, always_2d=True)[0], samples)
    np.testing.assert_array_equal(trace.samples(), samples)
    np.testing.assert_array_equal(trace.prediction() + trace.residual(), samples)
    whole = trace.trace(step=7)
    for view, bits in zip(whole.blocks, whole.totals, strict=True):
        with trace._parsed(view.index) as coded:
            assert 0 <= bits.rest <= bits.total
            if not isinstance(coded.body, CodedOrigin):
                continue
            assert coded.predictor == "origin (Layer III)"
            others = coded.body.others
            if others is None or hasattr(others.body, "words"):
                slack = 256 + 0.001 * bits.frames * trace.header.channels
                assert -1 <= words_of(coded.body) - bits.samples <= slack
    return trace


@pytest.mark.parametrize("how", HOW, ids=str)
def test_samples_and_bits_add_up(how):
    slow = how["preset"] in ("high", "neural")
    data, samples = lossy_stream(
        9000 if slow else FRAMES, [Lossy(2000, 7500) if slow else STRETCH], block=10_000, **how
    )
    with check(data, samples) as trace:
        first = trace.blocks[0]
        assert {each.predictor for each in first.sections} == {
            "origin (Layer III)",
            {"fast": "lpc", "high": "cascade", "neural": "gru"}[how["preset"]],
        }
        assert first.coder == "range"
        assert (first.cascade is not None) == slow
        weights = trace.trace().weights
        assert bool(weights) == slow
        for each in weights:
            sums = each.values.sum(axis=1)
            assert np.all((np.abs(sums - 1) < 1e-5) | (sums == 0))
            # the first piece has no granules
            assert sums[0] == pytest.approx(1)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bits", [16, 24])
def test_depths_and_channels(channels, bits):
    lossy = replace(STRETCH, gain=0.7, rounding=2)
    data, samples = lossy_stream(FRAMES, [lossy], channels=channels, bits=bits)
    with check(data, samples) as trace:
        (section,) = (each for each in trace.blocks[0].sections if each.granules)
        assert section.gain == pytest.approx(0.7)
        assert section.rounding == "towards zero"


def test_residuals_are_where_the_decoder_rounded_otherwise(plain):
    data, samples = plain
    with check(data, samples) as trace:
        inside = trace.residual(STRETCH.begin + 2000, STRETCH.end - 2000)
        assert 0 < np.count_nonzero(inside) < 0.003 * inside.size
        assert np.abs(inside).max() == 1
        outside = trace.residual(0, STRETCH.begin)
        assert np.abs(outside).mean() > 5


def test_blocks_and_sections_and_segments_fit(plain):
    data, _ = plain
    with open_trace(data) as trace:
        kinds = [each.predictor for each in trace.blocks]
        assert kinds == ["origin (Layer III)"] * 3
        assert [bool(each.granules) for each in trace.blocks[0].sections] == [False, True]
        assert [bool(each.granules) for each in trace.blocks[1].sections] == [True]
        assert trace.blocks[1].value_sets == ()
        for block in trace.blocks:
            at = block.start
            for section in block.sections:
                assert section.start == at
                at += section.frames
            assert at == block.start + block.frames
        for channel in range(2):
            at = 0
            for each in trace.segments():
                if each.channel == channel:
                    assert each.start == at
                    at += each.frames
                    # a segment lies in one section
                    (owner,) = (
                        one for block in trace.blocks for one in block.sections
                        if one.start <= each.start < one.start + one.frames
                    )  # fmt: skip
                    assert each.start + each.frames <= owner.start + owner.frames
                    assert each.granules == owner.granules
                    assert (each.order is None) == bool(owner.granules)
            assert at == FRAMES
        json.dumps(trace.trace().as_dict())


def test_histograms_count_every_residual(plain):
    data, _ = plain
    with open_trace(data) as trace:
        found = trace.histogram()
        assert found.counts.sum() == 2 * FRAMES
        assert found.expected.sum() == pytest.approx(2 * FRAMES, rel=0.01)
        # where there are granules only, what is met is what was expected
        part = trace.histogram(12_000, 18_000)
        assert np.abs(part.expected - part.counts).sum() < 0.05 * part.counts.sum()
        assert part.counts.sum(axis=1).tolist() == [6000, 6000]


def test_expectations_of_other_sections_keep_their_scale():
    """Sections between granules: their pieces are cut anew, and count as before."""
    stretches = [Lossy(0, 4000), Lossy(7000, 11_000, seed=2), Lossy(13_500, 18_000, seed=3)]
    data, samples = lossy_stream(20_000, stretches, coder="range")
    with check(data, samples) as trace:
        assert sum(not each.granules for each in trace.blocks[0].sections) >= 3
        found = trace.histogram(4500, 6500)
        assert found.expected.sum() == pytest.approx(4000, rel=0.02)
        near = np.abs(found.edges[:-1]) < 200
        assert found.expected[:, near].sum() > 3900


def test_granules_of_loud_music_take_more_bits():
    quiet, loud = Lossy(0, 12_000, lines=40), Lossy(12_000, 24_000, lines=560)
    data, samples = lossy_stream(24_000, [quiet, loud], block=24_000)
    with check(data, samples) as trace:
        curve = trace.trace(step=1000).bits.mean(axis=0)
        assert curve[2:10].max() < curve[14:22].min()


def test_phases(plain):
    """Two phases of one channel are two coded channels."""
    with open_trace(plain[0]) as trace:
        payload, header = trace._reader.block(0).payload, trace.header
    header = replace(header, channels=1, num_frames=20_000, block_length=20_000)
    writer, digest = StreamWriter(header), PcmDigest(16)
    samples = plain[1][:10_000].reshape(-1, 1).astype(np.int16)
    digest.update(samples)
    data = writer.begin() + writer.block(bytes([3]) + write_phases(2, 0) + payload[1:], 20_000)
    data += writer.end(digest.digest())
    with check(data, samples) as trace:
        (block,) = trace.blocks
        assert [(each.start, each.frames) for each in block.sections] == [
            (0, 12_000),
            (12_000, 8000),
        ]
        granules = [each for each in trace.segments() if each.granules]
        assert [(each.start, each.frames, each.phase) for each in granules] == [
            (12_000, 8000, 0), (12_000, 8000, 1),
        ]  # fmt: skip
        (part,) = trace.trace().origin
        assert (part.start, part.stop, part.grid) == (12_000, 20_000, (12_000 - 2 * 700) % 1152)


def test_payloads_of_strangers(plain):
    """Damage that checksums do not show is refused, or decodes as the decoder does it."""
    data, _ = plain
    random = np.random.default_rng(3)
    with open_trace(data) as trace:
        for index in (0, 1):
            block = trace._reader.block(index)
            refused = sum(not _survives(block, trace.header, random, trial) for trial in range(40))
            assert refused > 10


def _survives(
    block: CodedBlock, header: StreamHeader, random: np.random.Generator, trial: int
) -> bool:
    payload = bytearray(block.payload)
    for place in random.integers(0, 40 if trial % 2 else len(payload), 2):
        payload[place] ^= 1 << int(random.integers(8))
    spoilt = replace(block, payload=bytes(payload))
    try:
        expected = decode_block(bytes(payload), block.header.num_frames, header)
    except nlac.CorruptStream:
        with pytest.raises(nlac.CorruptStream):
            trace_block(parse_block(spoilt, header))
        return False
    found = trace_block(parse_block(spoilt, header))
    np.testing.assert_array_equal(found.samples, expected)
    assert np.isfinite(found.coded_bits)
    return True
