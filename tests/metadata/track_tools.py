"""A recording of three tracks, for the tests of splitting, joining and gains."""

from __future__ import annotations

import hashlib

import numpy as np

from nlac.bitstream.items import Picture

RATE = 44_100
SHEET = """\
REM DATE 1999
TITLE "Album"
PERFORMER "Band"
FILE "a.wav" WAVE
  TRACK 01 AUDIO
    TITLE "One/../../etc"
    INDEX 00 00:00:00
    INDEX 01 00:00:30
  TRACK 02 AUDIO
    TITLE "con"
    INDEX 00 00:01:00
    INDEX 01 00:01:10
  TRACK 03 AUDIO
    TITLE "con"
    INDEX 01 00:02:01
"""
PICTURE = Picture(3, "image/png", "", 1, 1, 24, 0, b"\x89PNG and so on")


def music(frames: int, channels: int = 2, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    wave = 9000 * np.sin(np.arange(frames) / 30)[:, None] * np.ones(channels)
    return (wave + rng.normal(0, 30, (frames, channels))).astype(np.int16)


SAMPLES = music(3 * RATE + 100)


def md5(samples: np.ndarray) -> str:
    return hashlib.md5(samples.astype("<i2").tobytes()).hexdigest()
