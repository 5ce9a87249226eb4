"""Slices made of random words, and slices that the encoder cut anywhere, in both decoders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lpc_blocks import decode_lpc as decode_product
from strategies import joined

from nlac._errors import CorruptStream
from nlac.codec.encoder import prefilter
from nlac.codec.encoder.lpc.block import code_lpc, settings_of
from nlac.codec.encoder.lpc.slicing import Slicer
from nlac.codec.encoder.options import EncodeOptions
from nlac.entropy.varint import write_varint
from nlac.predictors.lpc.block import open_sliced
from nlac.predictors.lpc.slices import MIN_SLICE_FRAMES, write_slices
from nlac.predictors.prefilter import PREFILTERED, residual, write_prefilters
from oracle.coding import BitString, RangeDecoder
from oracle.container import Reader, SpecError
from oracle.decoder import attached_tables
from oracle.lpc import decode_slice_times, read_plan, sample_decoders
from oracle.random_plans import random_block, random_words
from oracle.slices import decode_sliced

LEAST = MIN_SLICE_FRAMES
BLOCKS = 12
Samples = list[list[int]]


def random_starts(rng: np.random.Generator, frames: int) -> list[int]:
    """First frames of slices that are long enough."""
    starts = [0, int(rng.integers(LEAST, frames - LEAST + 1))]
    if frames - starts[1] >= 2 * LEAST:
        starts.append(int(rng.integers(starts[1] + LEAST, frames - LEAST + 1)))
    return starts


def random_slices(seed: int) -> tuple[bytes, int, int, Samples | None]:
    """A sliced block, its frames and channels, and the samples if there are any."""
    rng = np.random.default_rng([seed, 3])
    side, frames, channels = random_block(seed, 3 * LEAST + 200, least=2 * LEAST)
    tables = attached_tables()
    plan = read_plan(Reader(side), frames, channels, tables)
    starts, warm_up = random_starts(rng, frames), int(rng.choice([0, 1, 2, 3, 32, 64]))
    samples: Samples | None = [[] for _ in range(channels)]
    bodies = []
    for start, stop in zip(starts, [*starts[1:], frames], strict=True):
        initials, body = [place.initial for place in plan.places], b""
        if start:
            initials = rng.integers(0, 14, channels).tolist()
            body = b"".join(map(write_varint, initials))
        count = 3 * (stop - start) * channels + 1000
        words = random_words(rng, count)
        share = rng.choice([0, 0.003]) if plan.coder else 0.5
        bits = np.packbits(rng.random(32 * count) < share).view(np.uint32)
        coder, string = RangeDecoder(words.tolist()), BitString(bits.tobytes())
        states = sample_decoders(plan, initials, tables, coder, string)
        taken = used = count
        try:
            rows = decode_slice_times(plan, start, stop, warm_up if start else 0, states)
            taken, used = coder.taken, -(-string.used // 32)
            if samples is not None:
                samples = [a + b for a, b in zip(samples, rows, strict=True)]
        except SpecError:
            samples = None
        if plan.coder == 0:
            body += write_varint(taken) + words[:taken].astype("<u4").tobytes()
        bodies.append(body + bits[:used].astype("<u4").tobytes())
    return write_slices(b"", b"", warm_up, starts, side, bodies), frames, channels, samples


def test_random_slices():
    decoded = set()
    for seed in range(BLOCKS):
        block, frames, channels, told = random_slices(seed)
        if told is None:
            with pytest.raises(CorruptStream):
                decode_product(block, 0, frames, channels)
            continue
        assert decode_product(block, 0, frames, channels).tolist() == told
        opened = open_sliced(block, 0, frames, channels, 0)
        assert opened is not None
        decoded.add(opened.coder)
        for number, each in enumerate(opened.table.slices):
            (part,) = opened.pieces(range(number, number + 1))
            assert part.tolist() == [row[each.start : each.stop] for row in told]
        for changed in (block[:-4], block + bytes(4)):
            with pytest.raises(CorruptStream):
                decode_product(changed, 0, frames, channels)
    assert decoded == {0, 1}


def test_changed_tables():
    """Both refuse a block whose side information changed, by its checksum or before."""
    block, frames, channels, _ = random_slices(1)
    rng = np.random.default_rng(4)
    opened = open_sliced(block, 0, frames, channels, 0)
    assert opened is not None
    for _ in range(40):
        changed = bytearray(block)
        changed[int(rng.integers(opened.table.side_end + 4))] ^= 1 << int(rng.integers(8))
        with pytest.raises(CorruptStream):
            decode_product(bytes(changed), 0, frames, channels)
        reader = Reader(bytes(changed))
        try:
            told = decode_sliced(reader, frames, channels, 0, attached_tables())
        except SpecError:
            continue
        # of another kind
        assert told is None


@pytest.mark.parametrize(
    ("kinds", "channels", "coder", "taps"),
    [
        (("music", "sine"), 2, "range", 0),
        (("repeated_loop", "music"), 1, "rice", 0),
        (("repeated_loop", "fractional_grid"), 2, "auto", 0),
        (("music", "quiet_noise"), 2, "range", 4),
        (("sine", "music"), 1, "rice", 18),
    ],
)
def test_encoder_cuts_anywhere(kinds, channels, coder, taps):
    x = np.ascontiguousarray(joined(kinds, 3 * LEAST + 500, channels, 16).T)
    settings = settings_of(EncodeOptions(preset="standard", coder=coder))
    settings = replace(settings, prefilter=False)
    coded = code_lpc(x, settings)
    if taps:
        filters = prefilter.design(x, taps, 12)
        errors = residual(filters, x)
        assert errors is not None
        head = bytes([PREFILTERED]) + write_prefilters(filters, x)
        chosen = prefilter.Prefiltered(head, errors, False, (taps,) * channels)
        coded = code_lpc(errors, settings)._replace(filtered=chosen)
    slicer, rng = Slicer(coded, x), np.random.default_rng(taps)
    before = b"anything"
    for trial in range(4):
        starts = random_starts(rng, x.shape[1])
        block = before + slicer.encode(starts, before)
        np.testing.assert_array_equal(decode_product(block, len(before), x.shape[1], channels), x)
        if trial == 0:
            reader = Reader(block, len(before))
            told = decode_sliced(reader, x.shape[1], channels, 0, attached_tables())
            assert told == x.tolist()
