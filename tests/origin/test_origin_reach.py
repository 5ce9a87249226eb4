"""Steps too far from those around them are left off, and their bands' samples are residuals."""

from __future__ import annotations

import numpy as np
import pytest
from aac_signals import music_frames

from nlac.codec.encoder.origin.block import code_sections
from nlac.codec.encoder.origin.reach import without_bands
from nlac.codec.encoder.origin.recovered import Recovered
from nlac.predictors.origin.aac.frames import LINES, LONG, NO_STEP, SHORT, bands_of, empty_frames
from nlac.predictors.origin.kinds import NEAREST, UNITY_GAIN
from nlac.predictors.origin.lossy import AAC
from nlac.predictors.origin.output import Output


def test_bands_of_long_and_short_windows_are_left_off():
    frames = music_frames(1, 24, 1)
    layout = bands_of(0)
    (long,) = np.flatnonzero(frames.sequences[:, 0] == LONG)[:1]
    (short,) = np.flatnonzero(frames.sequences[:, 0] == SHORT)[:1]
    frames.values[[long, short]] = 7
    frames.groups[short] = 0b1101111  # two groups: windows 0 to 2, and 3 to 7
    bands = np.zeros(frames.steps.shape, np.bool_)
    count = len(layout.short_starts) - 1
    bands[long, 0, 5] = bands[short, 0, count + 2] = True
    found = without_bands(frames, 0, bands)
    gone = np.flatnonzero(found.values[long, 0] == 0)
    assert np.array_equal(gone, np.arange(layout.long_starts[5], layout.long_starts[6]))
    line, window = np.divmod(np.flatnonzero(found.values[short, 0] == 0), 8)
    assert set(window) == {3, 4, 5, 6, 7}
    assert set(line) == set(range(layout.short_starts[2], layout.short_starts[3]))
    assert np.all(found.steps[bands] == NO_STEP)
    assert np.all(found.steps[~bands] == frames.steps[~bands])


@pytest.mark.parametrize("channels", [1, 2])
def test_steps_out_of_reach_are_no_fault(channels):
    frames = empty_frames(9, channels)
    frames.values[:, :, :8] = 1
    starts = bands_of(0).long_starts
    frames.steps[:, :, : np.searchsorted(starts, 8)] = 40
    # what was 60 above the band before is 90 below it in the next frame
    frames.steps[3, :, 1], frames.steps[4, :, 1] = 90, -60
    output = Output(UNITY_GAIN, NEAREST, 16)
    made, _ = AAC.synthesise(frames, 0, output, 0, 8 * LINES)
    samples = made.astype(np.int32)
    found = code_sections(samples, [Recovered(AAC, 0, 8 * LINES, 0, 1.0, 0, frames)], 16)
    assert found is not None
    sections, words = found
    assert sum(section.frames for section in sections) == 8 * LINES
    assert any(section.shift is not None for section in sections)
    assert len(words) > 0
