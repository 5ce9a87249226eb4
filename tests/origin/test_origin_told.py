"""What is told of the lossy stream that samples came from."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from lossy_streams import Lossy, lossy_stream

import nlac
from nlac.api.origin.parts import OriginPart, summarise
from nlac.api.origin.wording import origin_lines
from nlac.api.results.origin import OriginInfo, OriginStretch
from nlac.views.trace import open_trace

RATE = 44100
PART = OriginPart(
    0, 10 * RATE, 5, "MPEG-1 Layer III", 2, 1.0, "nearest", 765, 576, 10 * 128_000 * 0.86
)  # fmt: skip


def later(part: OriginPart, seconds: float, **changes: object) -> OriginPart:
    start = part.stop + round(seconds * RATE)
    return replace(part, start=start, stop=start + 10 * RATE, **changes)


def told(data: bytes) -> tuple[OriginInfo, OriginInfo]:
    """What heads tell, and what granules do."""
    with open_trace(data) as trace:
        found = summarise(trace.trace().origin, trace.header.sample_rate, trace.frames)
    heads = nlac.info(data).origin
    assert heads is not None
    assert found is not None
    return heads, found


def test_most_streams_were_nothing_else():
    data, _ = lossy_stream(5000, [])
    assert nlac.info(data).origin is None
    with open_trace(data) as trace:
        assert trace.trace().origin == []
        assert trace.trace().as_dict()["origin"] is None


def test_sections_of_several_blocks_are_one_stretch():
    data, _ = lossy_stream(60_000, [Lossy(15_000, 60_000)], block=10_000)
    heads, found = told(data)
    for each in (heads, found):
        (one,) = each.stretches
        assert (one.start, one.stop) == (15_000, 60_000)
        assert (one.start_seconds, one.seconds) == (15_000 / RATE, 45_000 / RATE)
        assert (one.kind, one.channels, one.rounding) == ("MPEG-1 Layer III", 2, "nearest")
        assert (one.gain_db, one.share, each.share) == (0, 1, 0.75)
        json.dumps(each.to_dict())
    assert (heads.stretches[0].stereo, heads.stretches[0].cutoff_hz) == (None, None)
    one = found.stretches[0]
    assert one.stereo == "joint stereo"
    assert one.cutoff_hz == 400 / 576 * RATE / 2
    assert one.exact == pytest.approx(0.999, abs=5e-4)
    # the words of all granules and residuals
    with open_trace(data) as trace:
        totals = trace.trace().totals
        bits = sum(each.samples for each in totals[2:])
    assert one.kbit_s == pytest.approx(bits * RATE / 40_000 / 860, rel=0.05)
    assert heads.stretches[0].kbit_s == pytest.approx(one.kbit_s, rel=0.02)
    assert heads.summary == (
        f"was an MP3: about {heads.stretches[0].standard_kbit_s} kbit/s, from 0:00.3 to the end",
    )
    assert "joint stereo, cut at 15.3 kHz, 99.9" in found.summary[0]


@pytest.mark.parametrize(
    ("rate", "kind"),
    [(44100, "MPEG-1"), (32000, "MPEG-1"), (22050, "MPEG-2"), (16000, "MPEG-2"),
     (11025, "MPEG-2.5"), (8000, "MPEG-2.5")],
)  # fmt: skip
def test_mono_gain_and_lower_rates(rate, kind):
    stretch = Lossy(0, 20_000, gain=10 ** (-3 / 20), rounding=1)
    data, _ = lossy_stream(20_000, [stretch], channels=1, sample_rate=rate)
    for found in told(data):
        (one,) = found.stretches
        assert one.kind == f"{kind} Layer III"
        assert one.gain_db == pytest.approx(-3, abs=1e-3)
        assert (one.channels, one.rounding) == (1, "down")
        assert "mono" in found.summary[0]
        assert "gain -3.00 dB" in found.summary[0]
        assert (f"{kind}," in found.summary[0]) == (kind != "MPEG-1")
        # all of it
        assert " from " not in found.summary[0]


def test_plain_stereo():
    data, _ = lossy_stream(20_000, [Lossy(0, 20_000, mid_side=False)], missed=0)
    _, found = told(data)
    assert (found.stretches[0].stereo, found.stretches[0].exact) == ("stereo", 1)
    assert "residual" not in found.summary[0]


def test_an_edit_begins_another_stretch():
    stretches = [Lossy(0, 10_000), Lossy(10_000, 20_000, shift=900), Lossy(24_000, 30_000)]
    data, _ = lossy_stream(30_000, stretches, block=30_000)
    for found in told(data):
        assert [(one.start, one.stop) for one in found.stretches] == [
            (each.begin, each.end) for each in stretches
        ]
        assert len(found.summary) == 3


@pytest.mark.parametrize(
    ("seconds", "changes", "count"),
    [
        (0, {}, 1), (9.9, {}, 1), (10.1, {}, 2), (1, {"grid": 6}, 2), (0, {"gain": 1.00005}, 1),
        (0, {"gain": 0.999}, 2), (0, {"rounding": "down"}, 1), (0, {"channels": 1}, 2),
        (0, {"kind": "MPEG-2 Layer III"}, 2),
    ],
)  # fmt: skip
def test_what_is_one_stream(seconds, changes, count):
    found = summarise([PART, later(PART, seconds, **changes)], RATE, 60 * RATE)
    assert found is not None
    assert len(found.stretches) == count
    assert found.share == pytest.approx(20 / 60)
    if count == 1:
        assert found.stretches[0].share == pytest.approx(20 / (20 + seconds), rel=1e-4)


@pytest.mark.parametrize(
    ("kbit_s", "standard"),
    [
        (128, 128), (125, 128), (137, 128), (139, None), (150, 160), (330, 320), (400, None),
        (12, None),
    ],
)  # fmt: skip
def test_bit_rates_of_the_standard(kbit_s, standard):
    found = summarise([replace(PART, bits=kbit_s * 10 * 860)], RATE, PART.stop)
    assert found is not None
    (one,) = found.stretches
    assert (one.kbit_s, one.standard_kbit_s) == (kbit_s, standard)
    assert found.summary == (f"was an MP3: about {standard or kbit_s} kbit/s",)


STRETCH = OriginStretch(
    "MPEG-1 Layer III", 0, 0, 0.0, 100.0, 2, 127.0, 128, 0.0, "nearest", 1.0
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "was an MP3: about 128 kbit/s"),
        ({"start_seconds": 12.34, "seconds": 87.7},
         "was an MP3: about 128 kbit/s, from 0:12.3 to the end"),
        ({"start_seconds": 59.97, "seconds": 5},
         "was an MP3: about 128 kbit/s, from 1:00.0 to 1:05.0"),
        ({"seconds": 65}, "was an MP3: about 128 kbit/s, from the start to 1:05.0"),
        ({"kbit_s": None, "standard_kbit_s": None}, "was an MP3"),
        ({"kbit_s": 138.6, "standard_kbit_s": None, "stereo": "joint stereo", "cutoff_hz": 16002.0},
         "was an MP3: about 139 kbit/s, joint stereo, cut at 16 kHz"),
        ({"channels": 1, "kind": "MPEG-2 Layer III"},
         "was an MP3: about 128 kbit/s, MPEG-2, mono"),
        ({"gain_db": 20 * np.log10(32767 / 32768), "exact": 0.99999},
         "was an MP3: about 128 kbit/s, 99.99 % of its samples without residual"),
        ({"kind": "AAC-LC", "stereo": "stereo"}, "was AAC: about 128 kbit/s, stereo"),
        ({"gain_db": 1.5, "exact": 1.0}, "was an MP3: about 128 kbit/s, gain +1.50 dB"),
    ],
)  # fmt: skip
def test_wording(changes, text):
    assert origin_lines([replace(STRETCH, **changes)], 100.0) == [text]


def test_many_stretches_are_told_in_few_lines():
    assert len(origin_lines([STRETCH] * 5, 100.0)) == 5
    lines = origin_lines([STRETCH] * 30, 100.0)
    assert len(lines) == 5
    assert lines[-1] == "and 26 more stretches"
    assert origin_lines([], 100.0) == []


def test_long_heads_are_read_on():
    stretches = [
        Lossy(at, at + 1200, seed=at, shift=600 + at % 500) for at in range(0, 200_000, 1600)
    ]
    data, _ = lossy_stream(200_000, stretches, block=200_000, channels=1)
    with open_trace(data) as trace, trace._parsed(0) as coded:
        payload = coded.block.payload
        assert coded.body.head.end - 4 * len(coded.body.head.words) > 512
        assert len(payload) > 512
        count = sum(each.shift is not None for each in coded.body.head.sections)
    found = nlac.info(data).origin
    assert found is not None
    assert len(found.stretches) == count


def test_damaged_heads_are_passed_over():
    data, _ = lossy_stream(40_000, [Lossy(0, 40_000)], block=10_000)
    with open_trace(data) as trace:
        place = trace._reader.block(2).offset + 28
    spoilt = bytearray(data)
    spoilt[place + 8] = 9  # kind of lossy stream
    found = nlac.info(bytes(spoilt)).origin
    assert found is not None
    assert found.share == 0.75
    random = np.random.default_rng(1)
    for _ in range(200):
        spoilt = bytearray(data)
        for at in random.integers(place, place + 30, 3):
            spoilt[at] = int(random.integers(256))
        nlac.info(bytes(spoilt))


def test_rounding_is_that_of_most_frames():
    long = replace(later(PART, 0, rounding="down"), stop=40 * RATE)
    found = summarise([PART, long, later(long, 0)], RATE, 60 * RATE)
    assert found is not None
    assert [each.rounding for each in found.stretches] == ["down"]


def test_facts_load_no_kernels(tmp_path):
    path = tmp_path / "was.nlac"
    path.write_bytes(lossy_stream(5000, [Lossy(0, 5000)])[0])
    program = f"import nlac, sys; print(nlac.info({str(path)!r}).origin is not None, *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert done[0] == "True"
    assert not {"numba", "nlac.predictors.origin.block", "nlac.entropy.binary_decisions"} & {*done}


class Far(io.BytesIO):
    """A file of which nobody knows what a range of bytes costs."""


def test_far_files_are_not_asked_for_every_block():
    data, _ = lossy_stream(5000, [Lossy(0, 5000)])
    assert nlac.info(io.BytesIO(data)).origin is not None
    assert nlac.info(Far(data)).origin is None
