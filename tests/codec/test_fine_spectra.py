"""Spectra with a wide range: what was resampled or low-passed in 24 bits stays small."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

import nlac

ROOT = Path(__file__).resolve().parents[2]

# bytes of ``flac -8 -e -p`` 1.4.2 for the second in the middle of tests/data/music.flac
FLAC = {"up24-88": 230195, "up24-192": 280509, "cliff24": 156077}


@pytest.fixture(scope="module")
def clips():
    """The clips of each kind, by name."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "benchmarks")
        from kinds import lossy_origin, read, upsampled

    source = read(ROOT / "tests/data/music.flac", 1.0)
    return {clip.kind: clip for clip in (*upsampled(source), *lossy_origin(source))}


@pytest.mark.parametrize("preset", ["fast", "standard"])
@pytest.mark.parametrize("kind", FLAC)
def test_band_limited_audio_of_24_bits_is_far_below_flac(kind, preset, clips):
    clip = clips[kind]
    out = io.BytesIO()
    nlac.write(out, clip.samples, clip.rate, bits_per_sample=24, preset=preset)
    np.testing.assert_array_equal(nlac.read(out.getvalue())[0], clip.samples)
    assert len(out.getvalue()) < {"fast": 0.97, "standard": 0.94}[preset] * FLAC[kind]
