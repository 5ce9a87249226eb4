"""Tell whether samples were an MP3 or AAC before, without encoding them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlac.api.origin.parts import BlockPlace, OriginPart, place_parts, summarise
from nlac.api.results.origin import OriginInfo
from nlac.codec.encoder.origin.aac import grid as aac_grid
from nlac.codec.encoder.origin.aac import recover as aac
from nlac.codec.encoder.origin.block import code_sections
from nlac.codec.encoder.origin.layer3 import recover as layer3
from nlac.codec.encoder.origin.layer3.fine_grid import find_any_grid
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.predictors.origin.head import MAX_BITS, MAX_CHANNELS, MIN_BITS
from nlac.predictors.origin.kinds import AAC, LAYER3, LossyKind
from nlac.views.base import Recording

_PIECE_SECONDS = 10.0
_TRIED_SECONDS = 4.0  # of a piece, in which its spectra are looked for
_LEAST_SHARE = 0.5  # of what was tried that they must explain
_KINDS = ((LAYER3, find_any_grid, layer3.recover), (AAC, aac_grid.find_grid, aac.recover))


class _Found(NamedTuple):
    """A piece that was decoded from a lossy stream."""

    kind: LossyKind
    grid: int
    part: OriginPart


def find_origin(
    recording: Recording, progress: Callable[[int, int], None] | None = None
) -> OriginInfo | None:
    """Look for the lossy streams that a recording was decoded from.

    Pieces of ten seconds are looked at, one after the other; so are begins and ends told.

    Parameters
    ----------
    recording : Recording
    progress : callable, optional
        Called with the frames that are done, and those of all.

    Returns
    -------
    OriginInfo or None
        None where nothing was found, and of samples of other depths than 16 to 24 bits.
    """
    if recording.is_float or not MIN_BITS <= recording.bits_per_sample <= MAX_BITS:
        return None
    length = round(_PIECE_SECONDS * recording.sample_rate)
    parts: list[OriginPart] = []
    last: _Found | None = None
    # what is left at the end belongs to the piece before
    starts = [*range(0, max(recording.frames - length // 2, 1), length)]
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else recording.frames
        last = _look(_channels(recording.read(start, stop)), start, recording, last)
        if last is not None:
            parts.append(last.part)
        if progress is not None:
            progress(stop, recording.frames)
    return summarise(parts, recording.sample_rate, recording.frames)


def _channels(samples: NDArray[np.integer]) -> NDArray[np.int32]:
    """The channels that differ, (C, frames)."""
    rows = np.ascontiguousarray(samples.T, np.int32)
    if len(rows) == 2 and np.array_equal(rows[0], rows[1]):
        rows = rows[:1]
    return rows


def _look(
    channels: NDArray[np.int32], start: int, recording: Recording, before: _Found | None
) -> _Found | None:
    """Look at a piece; `before` is what the one before it was."""
    if not 1 <= len(channels) <= MAX_CHANNELS:
        return None
    rate, frames = recording.sample_rate, channels.shape[1]
    both: list[_Found] = []
    for kind, look, recover in _KINDS:
        found = look(channels, rate, recording.bits_per_sample)
        if found is None:
            continue
        grid = (start + found.offset) % kind.lines
        if before is not None and (before.kind, before.grid) == (kind, grid):
            share = frames / (before.part.stop - before.part.start)
            part = replace(
                before.part, start=start, stop=start + frames, bits=before.part.bits * share
            )
            return _Found(kind, grid, part)
        tried = _try(channels, start, recording, recover)
        if tried is not None:
            both.append(_Found(kind, grid, tried))
    # what was an AAC may have been an MP3 before that: the last one tells most
    return min(both, key=lambda each: each.part.bits, default=None)


def _try(
    channels: NDArray[np.int32],
    start: int,
    recording: Recording,
    recover: Callable[[NDArray[np.int32], int, int], list[Recovered]],
) -> OriginPart | None:
    """Find spectra in the middle of a piece; a part that stands for the piece."""
    rate, frames, bits = recording.sample_rate, channels.shape[1], recording.bits_per_sample
    tried = min(round(_TRIED_SECONDS * rate), frames)
    begin = (frames - tried) // 2
    middle = np.ascontiguousarray(channels[:, begin : begin + tried])
    runs = recover(middle, rate, bits)
    coded = code_sections(middle, runs, bits) if runs else None
    if coded is None:
        return None
    sections, words = coded
    covered = [each.frames for each in sections if each.shift is not None]
    if sum(covered) < _LEAST_SHARE * tried:
        return None
    share = 32 * len(words) / sum(covered)
    place = BlockPlace(start + begin, tried, 1, 0)
    parts = place_parts(
        runs[0].lossy.kind, runs[0].table, sections, [share * each for each in covered],
        len(channels), place, rate,
    )  # fmt: skip
    longest = max(parts, key=lambda each: each.stop - each.start)
    return replace(longest, start=start, stop=start + frames, bits=share * frames)
