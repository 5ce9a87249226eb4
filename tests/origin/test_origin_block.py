"""Origin blocks that break a rule each: all are refused, and it is told where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lossy_signals import random_granules
from origin_blocks import Part, granules_of, write_origin

from nlac._errors import CorruptStream, TruncatedStream
from nlac.bitstream.header import StreamHeader
from nlac.entropy.varint import fold, write_varint
from nlac.predictors.methods import METHODS
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.granules import LINES, MAX_STEP, MAX_VALUE, MIN_STEP, Granules
from nlac.predictors.origin.head import Section, read_head, write_head
from nlac.predictors.origin.kinds import KINDS, LAYER3, UNITY_GAIN
from nlac.predictors.origin.lossy import LAYER3 as GRANULES

LPC = METHODS[0]
MIN_SECTION, MAX_SHIFT = LAYER3.least_frames, LAYER3.most_shift
STREAM = StreamHeader(8000, 1, 16, False, 0, 9000, 9000, 1, b"", 0, b"")
SOUND = Section(MIN_SECTION + 100, 30)
PLAIN = Section(50)


def decode(block: bytes, frames: int, stream: StreamHeader = STREAM) -> np.ndarray:
    pieces = LPC.decode(block, 0, frames, stream.channels, stream)
    return np.concatenate([piece.copy() for piece in pieces], axis=1)


def encode(rows: np.ndarray) -> bytes:
    from nlac.codec.encoder.options import EncodeOptions

    return LPC.encode(rows.astype(np.int32), STREAM, EncodeOptions(preset="fast"))


def part(section: Section, seed: int = 1, channels: int = 1) -> Part:
    granules = random_granules(seed, granules_of(section), channels)
    rng = np.random.default_rng(seed)
    return Part(section, granules, rng.integers(-1, 2, (channels, section.frames), np.int32))


def good_block(*order: Section) -> tuple[bytes, np.ndarray]:
    """A block of sections, and its samples."""
    parts = [Part(each) if each.shift is None else part(each) for each in order]
    head, made = write_origin(parts, 0, 16)
    rows, others = [], []
    for number, each in enumerate(order):
        if each.shift is None:
            others.append(np.arange(each.frames)[None] * (number + 3) % 91)
        rows.append(others[-1] if each.shift is None else made.pop(0))
    return head + (encode(np.concatenate(others, axis=1)) if others else b""), np.hstack(rows)


def head(
    *sections: tuple[int, ...], kind: int = 0, table: int = 0, count: int | None = None,
    words: int = 0,
) -> bytes:  # fmt: skip
    """The fields of a block before its words."""
    fields = [7, kind, table, len(sections) if count is None else count]
    fields += [value for section in sections for value in section]
    return b"".join(map(write_varint, [*fields, words]))


@pytest.mark.parametrize(
    "order",
    [
        [SOUND],
        [PLAIN],
        [PLAIN, SOUND, PLAIN],
        [SOUND, SOUND._replace(shift=MAX_SHIFT, gain=UNITY_GAIN * 2)],
        [SOUND._replace(frames=MIN_SECTION, shift=0, gain=UNITY_GAIN // 2), Section(1), SOUND],
    ],
)
def test_sections_come_in_their_order(order):
    block, samples = good_block(*order)
    assert np.array_equal(decode(block, samples.shape[1]), samples)
    # where it begins within a payload does not matter
    pieces = LPC.decode(b"anything" + block, 8, samples.shape[1], 1, STREAM)
    assert np.array_equal(np.hstack([piece.copy() for piece in pieces]), samples)


N = SOUND.frames
UNITY = fold(0)
GOOD = (N, 1, UNITY, 0)


@pytest.mark.parametrize(
    ("block", "path"),
    [
        (head(GOOD, kind=len(KINDS)), "origin.kind"),
        (head(GOOD, table=7), "origin.table"),
        (head(), "origin.sections"),
        (head(GOOD, (0, 0)), "origin.sections[1]"),
        (head((N - 1, 1, UNITY, 0)), "origin.sections"),
        (head((N + 1, 1, UNITY, 0)), "origin.sections"),
        (head((2**64 - 1, 0)), "origin.sections"),
        (head((9, 0), (N - 9, 0)), "origin.sections"),
        (head(GOOD, (1, 0)), "origin.sections"),
        (head((N, MAX_SHIFT + 2, UNITY, 0)), "origin.sections[0]"),
        (head((N, 1, fold(UNITY_GAIN // 2 - 1 - UNITY_GAIN), 0)), "origin.sections[0]"),
        (head((N, 1, fold(UNITY_GAIN + 1), 0)), "origin.sections[0]"),
        (head((N, 1, UNITY, 3)), "origin.sections[0]"),
        (head((MIN_SECTION - 1, 1, UNITY, 0), (N - MIN_SECTION + 1, 0)), "origin.sections[0]"),
        (head(GOOD, words=1) + b"abc", "origin.words"),
        (head(GOOD, words=2**62), "origin.words"),
        (head((N, 0)) + head(GOOD), "origin.block"),
    ],
)
def test_fields_out_of_bounds(block, path):
    with pytest.raises(CorruptStream) as caught:
        decode(block, N)
    assert caught.value.path == path


def test_every_truncation_and_bytes_too_many():
    block, samples = good_block(PLAIN, SOUND)
    for length in (*range(40), *range(40, len(block), 37)):
        with pytest.raises(CorruptStream):
            decode(block[:length], samples.shape[1])
    # varints that end amid
    with pytest.raises(TruncatedStream):
        decode(block[:5], samples.shape[1])
    alone, samples = good_block(SOUND)
    with pytest.raises(CorruptStream) as caught:
        decode(alone + b"\0", samples.shape[1])
    assert caught.value.path == "origin"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"bits_per_sample": 15}, "origin"),
        ({"bits_per_sample": 25}, "origin"),
        ({"bits_per_sample": 32, "is_float": True}, "origin"),
        ({"channels": 3}, "origin"),
        ({"coder_id": 2}, "origin.coder"),
    ],
)
def test_streams_that_have_no_such_blocks(changes, path):
    block, samples = good_block(SOUND)
    with pytest.raises(CorruptStream) as caught:
        decode(block, samples.shape[1], replace(STREAM, **changes))
    assert caught.value.path == path


@pytest.mark.parametrize("method", METHODS[:2], ids=lambda method: method.name)
def test_no_prefiltered_block_holds_one(method):
    block, samples = good_block(SOUND)
    stream = replace(STREAM, predictor_id=method.predictor_id)
    with pytest.raises(CorruptStream):
        list(method.decode(bytes([4, 0]) + block, 0, samples.shape[1], 1, stream))


def wrong_words(change: Callable[[Granules], Any]) -> bytes:
    """A block of granules that are out of bounds."""
    granules = random_granules(1, granules_of(SOUND), 1)
    granules.types[:] = 0
    change(granules)
    coder = SectionCoder.encoder(GRANULES, 9 * LINES)
    assert not coder.units(granules, 0)
    coder.residuals(np.zeros((1, N), np.int32), np.zeros((1, N), np.uint8))
    return write_head(LAYER3, 0, [SOUND], coder.words)


@pytest.mark.parametrize("step", [MIN_STEP - 1, MAX_STEP + 1, -127, 127])
def test_exponents_out_of_bounds(step):
    def change(granules: Granules) -> None:
        granules.steps[0, 0] = -128
        granules.steps[0, 0, 3] = step

    with pytest.raises(CorruptStream) as caught:
        decode(wrong_words(change), N)
    assert caught.value.path == "origin.units"


@pytest.mark.parametrize("value", [MAX_VALUE + 1, -MAX_VALUE - 1])
def test_lines_out_of_bounds(value):
    def change(granules: Granules) -> None:
        granules.steps[1, 0, :] = -40
        granules.values[1, 0, 5] = value

    with pytest.raises(CorruptStream) as caught:
        decode(wrong_words(change), N)
    assert caught.value.path == "origin.units"


def test_number_of_words():
    block, _ = good_block(SOUND)
    words = read_head(block, 0, N, 1, 16).words
    assert write_head(LAYER3, 0, [SOUND], words) == block
    for changed in (words[:-3], np.append(words, np.zeros(2, np.uint32)), words[:0]):
        with pytest.raises(CorruptStream):
            decode(write_head(LAYER3, 0, [SOUND], changed), N)
    # ones alone are beyond all that decides
    with pytest.raises(CorruptStream):
        decode(write_head(LAYER3, 0, [SOUND], np.full(99, 2**32 - 1, np.uint32)), N)
