"""Encode a block by what a lossy stream held (spec, section "Origin block")."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.codec.encoder.origin.sections import CodedSection, Run, cut
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.head import Section, write_head


def encode_runs(
    channels: NDArray[np.int32],
    runs: Sequence[Run],
    encode: Callable[[NDArray[np.int32]], bytes],
) -> bytes | None:
    """Code a block whose samples granules explain, at least in part.

    Parameters
    ----------
    channels : (C, frames) int32
    runs : sequence of Run
        In order; all of the same table of bands.
    encode : callable
        Codes samples, (C, some frames) int32, as a block of the stream's own predictor.

    Returns
    -------
    bytes or None
        The coded channels; None where granules bring nothing.
    """
    parts = _parts(channels, runs)
    coded = [each for each in parts if isinstance(each, CodedSection)]
    if not coded:
        return None
    coder = SectionCoder.encoder(channels.size)
    for each in coded:
        steps = each.granules.steps.copy()
        if not coder.granules(each.granules, each.table):
            return None
        if not np.array_equal(steps, each.granules.steps):
            raise AssertionError("steps of a granule are neither all even nor all odd")
        coder.residuals(each.residuals, each.places)
    if coder.is_full:
        return None
    sections = [Section(each) if isinstance(each, int) else each.section for each in parts]
    out = write_head(coded[0].table, sections, coder.words)
    begin, others = 0, []
    for section in sections:
        if section.shift is None:
            others.append(channels[:, begin : begin + section.frames])
        begin += section.frames
    return out + (encode(np.ascontiguousarray(np.concatenate(others, axis=1))) if others else b"")


def _parts(channels: NDArray[np.int32], runs: Sequence[Run]) -> list[CodedSection | int]:
    """Sections of a block in order; a number stands for frames without granules."""
    parts: list[CodedSection | int] = []
    done = 0
    for run in runs:
        for part in (run.begin - done, *cut(run, channels)):
            if isinstance(part, int) and parts and isinstance(parts[-1], int):
                parts[-1] += part
            elif part != 0:
                parts.append(part)
        done = run.end
    rest = channels.shape[1] - done
    if parts and isinstance(parts[-1], int):
        parts[-1] += rest
    elif rest:
        parts.append(rest)
    return parts
