"""Encode a block by what a lossy stream held (spec, section "Origin block")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError
from nlac._typing import U32, AnyArray, IntSamples
from nlac.bitstream.constants import CODER_RICE
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder.channels import split_channels
from nlac.codec.encoder.lpc.block import quick_size
from nlac.codec.encoder.origin.aac import recover as aac
from nlac.codec.encoder.origin.layer3 import recover as layer3
from nlac.codec.encoder.origin.reach import without_bands
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.codec.encoder.origin.sections import CodedSection, cut
from nlac.predictors.origin.aac.frames import Frames
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.head import MAX_BITS, MAX_CHANNELS, MIN_BITS, Section, write_head
from nlac.predictors.origin.lossy import AAC
from nlac.predictors.origin.output import Output

# of the size of a quick block: no predictor reaches that with what a decoder wrote; only what
# repeats exactly gets as small, and a decoder does not repeat itself
_SURE_SHARE = 0.5
_ATTEMPTS = 4  # to leave off bands whose steps can't be told


def encode_origin(
    samples: IntSamples,
    stream: StreamHeader,
    encode: Callable[[NDArray[np.int32]], bytes],
    around: tuple[AnyArray, AnyArray] | None = None,
) -> tuple[bytes | None, bool]:
    """Look for the lossy stream that samples were decoded from, and code what it held.

    Parameters
    ----------
    samples : (frames, channels) int16 or int32
        At least one frame.
    stream : StreamHeader
        Header of the stream.
    encode : callable
        Codes samples, (C, some frames) int32, as a block of the stream's own predictor.
    around : tuple of arrays, optional
        Frames before the block and after it, of shape (some frames, channels): what reaches over
        the ends of the block is told by these too.

    Returns
    -------
    coded : bytes or None
        The channel map and the coded channels; None where no lossy stream was found.
    is_small : bool
        Whether nothing else can be smaller.
    """
    bits = stream.bits_per_sample
    if not MIN_BITS <= bits <= MAX_BITS or stream.coder_id == CODER_RICE:
        return None, False
    channel_map, channels = split_channels(samples, moved=False)
    if not 1 <= len(channels) <= MAX_CHANNELS:
        return None, False
    seen, begin = channels, 0
    if around is not None:
        seen, begin = _with_around(around, samples, channels, channel_map)
    best, enough = None, -1
    for found in find_runs(seen, stream.sample_rate, bits):
        within = [each.within(begin, begin + channels.shape[1]) for each in found]
        runs = [each for each in within if each is not None]
        coded = encode_runs(channels, runs, bits, encode) if runs else None
        if coded is None:
            continue
        best = coded if best is None else min(best, coded, key=len)
        if enough < 0:
            enough = int(_SURE_SHARE * quick_size(channels))
        if len(best) < enough:
            return channel_map + best, True
    return None if best is None else channel_map + best, False


def _with_around(
    around: tuple[AnyArray, AnyArray],
    samples: IntSamples,
    channels: NDArray[np.int32],
    channel_map: bytes,
) -> tuple[NDArray[np.int32], int]:
    """Return the coded channels with what is around them, and the place of the block in these."""
    before, after = around
    more_map, more = split_channels(np.concatenate([before, samples, after]), moved=False)
    # channels that the block leaves out may differ around it
    return (more, len(before)) if more_map == channel_map else (channels, 0)


def find_runs(
    channels: NDArray[np.int32], sample_rate: int, bits_per_sample: int
) -> Iterator[list[Recovered]]:
    """Find the stretches of samples that a lossy stream was decoded to, of one kind at a time.

    What was coded by one kind may have been decoded from another before.

    Parameters
    ----------
    channels : (C, frames) int32
    sample_rate : int
        In Hz.
    bits_per_sample : int
        Depth of the samples.

    Yields
    ------
    list of Recovered
        In order; nothing where nothing was found.
    """
    for kind in (layer3, aac):
        runs = kind.recover(channels, sample_rate, bits_per_sample)
        if runs:
            yield runs


def encode_runs(
    channels: NDArray[np.int32],
    runs: Sequence[Recovered],
    bits_per_sample: int,
    encode: Callable[[NDArray[np.int32]], bytes],
) -> bytes | None:
    """Code a block whose samples granules explain, at least in part.

    Parameters
    ----------
    channels : (C, frames) int32
    runs : sequence of Recovered
        In order; all of the same kind and table of bands.
    bits_per_sample : int
        Depth of the samples.
    encode : callable
        See `encode_origin`.

    Returns
    -------
    bytes or None
        The coded channels; None where granules bring nothing.
    """
    found = code_sections(channels, runs, bits_per_sample)
    if found is None:
        return None
    sections, words = found
    out = write_head(runs[0].lossy.kind, runs[0].table, sections, words)
    begin, others = 0, []
    for section in sections:
        if section.shift is None:
            others.append(channels[:, begin : begin + section.frames])
        begin += section.frames
    return out + (encode(np.concatenate(others, axis=1)) if others else b"")


def code_sections(
    channels: NDArray[np.int32], runs: Sequence[Recovered], bits_per_sample: int
) -> tuple[list[Section], U32] | None:
    """Cut a block into sections, and code those that have granules or frames.

    Parameters
    ----------
    channels, runs, bits_per_sample
        See `encode_runs`.

    Returns
    -------
    sections : list of Section
    words : (words,) uint32
        None in place of both where these bring nothing.
    """
    parts = _parts(channels, runs, bits_per_sample)
    for _ in range(_ATTEMPTS):
        coded = [each for each in parts if isinstance(each, CodedSection)]
        if not coded:
            return None
        lossy, table = runs[0].lossy, runs[0].table
        coder = SectionCoder.encoder(lossy, channels.size)
        changed = False
        for number, each in enumerate(parts):
            if isinstance(each, int):
                continue
            units = deepcopy(each.units)
            if not coder.units(units, table):
                return None
            # the same as a decoder reads
            wrong = each.units.steps != units.steps
            if wrong.any():
                parts[number] = _without(each, wrong, table, bits_per_sample)
                changed = True
            coder.residuals(each.residuals, each.places)
        if not changed:
            break
    else:
        return None
    if coder.is_full:
        return None
    sections = [Section(each) if isinstance(each, int) else each.section for each in parts]
    return sections, coder.words


def _without(
    coded: CodedSection, wrong: NDArray[np.bool_], table: int, bits_per_sample: int
) -> CodedSection:
    """Return a section without the bands whose steps a decoder does not read as they are."""
    if not isinstance(coded.units, Frames):
        raise NlacError(
            "encoder fault: steps of a granule are neither all even nor all odd; please report it"
        )
    units = without_bands(coded.units, table, wrong)
    section = coded.section
    assert section.shift is not None
    output = Output(section.gain, section.rounding, bits_per_sample)
    before, _ = AAC.synthesise(coded.units, table, output, section.shift, section.frames)
    made, near = AAC.synthesise(units, table, output, section.shift, section.frames)
    return CodedSection(section, units, near, coded.residuals + before - made)


def _parts(
    channels: NDArray[np.int32], runs: Sequence[Recovered], bits_per_sample: int
) -> list[CodedSection | int]:
    """Sections of a block in order; a number stands for frames without granules."""
    parts: list[CodedSection | int] = []
    done = 0
    for run in runs:
        _append(parts, run.begin - done)
        for part in cut(run, channels, bits_per_sample):
            if isinstance(part, int):
                _append(parts, part)
            else:
                parts.append(part)
        done = run.end
    _append(parts, channels.shape[1] - done)
    return parts


def _append(parts: list[CodedSection | int], frames: int) -> None:
    """Add frames without granules, together with those before them."""
    if frames:
        last = parts.pop() if parts and isinstance(parts[-1], int) else 0
        assert isinstance(last, int)
        parts.append(last + frames)
