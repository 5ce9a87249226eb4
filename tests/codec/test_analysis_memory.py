"""What an encoder's kernels read lies in their arrays: pages around these may not be touched."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, mmap
import numpy as np
from nlac.codec.encoder.lpc.segmentation import analyse, long_window_gain
from nlac.codec.encoder.presets import SegmentationSettings
from nlac.predictors.lpc.parameters import PAD, SPAN

PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None)

def guarded(array, at_end):
    pages = -(-array.nbytes // PAGE)
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    offset = PAGE + (pages * PAGE - array.nbytes if at_end else 0)
    view = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    view[...] = array
    for page in (0, pages + 1):
        assert libc.mprotect(ctypes.c_void_p(start + page * PAGE), PAGE, 0) == 0
    return view

rng = np.random.default_rng(1)
frames = 2 * SPAN + 500
for channels, reference in ((1, [-1]), (2, [1, 0]), (2, [-1, 0])):
    samples = np.zeros((channels, PAD + frames))
    samples[:, PAD:] = np.rint(rng.normal(0, 500, (channels, frames)))
    reference, delay = np.array(reference), np.zeros(channels, np.int64)
    for at_end in (False, True):
        view = guarded(samples, at_end)
        # the second span's earlier occurrence begins with the array
        for before in (64, 72, 200, 319):
            lags = np.array([0, PAD + SPAN + 1024 - before, 0])
            for effort in ((66, 1024, 5, 16), (258, 4096, 3, 16, 1024)):
                settings = SegmentationSettings(*effort)
                analyse(view, frames, reference, delay, lags, settings)
        long_window_gain(view, frames, reference, 66, 258)
print("good")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="NOT TESTED: Windows has no mprotect")
def test_analysis_stays_within_its_samples():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "good\n"), done.stderr[-2000:]
