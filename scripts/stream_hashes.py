"""Print the SHA-256 of every stream of a fixed, varied set, to compare two states of the code.

    python scripts/stream_hashes.py [--quick] > before
    python scripts/stream_hashes.py [--quick] | diff before -

The set has every preset, coder and shipped model; mono, stereo and five channels; 8 to 32 bits and
floats; grids, value lists, silence, dither and repetition; recordings of `tests/data` and signals
made of integers alone. Each stream is decoded and compared, too. ``--quick`` leaves out the presets
`max` and `neural`, and the models. Between kinds of processors streams may differ (choices of
encoders are made in floating point); on one machine they may not.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/golden"))

import golden_signals as golden  # noqa: E402

RATE = 44_100
QUICK: list[dict[str, Any]] = [
    {"preset": "fast"},
    {"preset": "standard"},
    {"preset": "standard", "coder": "rice"},
    {"preset": "standard", "coder": "range"},
    {"preset": "standard", "long_term": False, "block_seconds": 0.5},
    {"preset": "high"},
]
SLOW: list[dict[str, Any]] = [
    {"preset": "max"},
    {"preset": "high", "effort": 1},
    {"preset": "high", "predictor": "lpc"},
    {"preset": "max", "predictor": "lpc"},
    {"preset": "neural"},
    {"predictor": "cnn"},
    {"predictor": "gru"},
    {"model": "cnn-rls"},
    {"model": "gru-rls"},
]


def recording(name: str, begin: int, frames: int) -> np.ndarray:
    """Integers as in the file, (frames, channels)."""
    path = ROOT / "tests/data" / name
    bits = {"PCM_16": 16, "PCM_24": 24}[soundfile.info(path).subtype]
    samples, _rate = soundfile.read(path, frames, begin, dtype="int32", always_2d=True)
    return samples >> (32 - bits)


def signals() -> Iterator[tuple[str, np.ndarray, int]]:
    """Name, samples of shape (frames, channels), and bits of each signal."""
    music, speech = recording("music.flac", 20_000, 60_000), recording("speech.flac", 0, 40_000)
    yield "music", music, 16
    yield "speech", speech, 16
    yield "hires", recording("hires.flac", 0, 30_000), 24
    yield "loop", recording("loop.wav", 0, 60_000), 16
    yield "repeated", np.tile(music[:9_000], (4, 1)), 16
    yield "five-channels", np.concatenate([golden.tones(6_000, 3, 16), music[:6_000]], 1), 16
    yield "equal-channels", np.repeat(speech[:20_000, :1], 2, 1) * np.array([1, -1]), 16
    yield "eight-bits", golden.tones(9_000, 2, 8), 8
    yield "twelve-bits", golden.tones(9_000, 1, 12), 12
    yield "thirty-two-bits", golden.tones(5_000, 2, 32), 32
    yield "grid", np.floor((music[:20_000] // 8) * 2.153).astype(np.int64), 16
    yield "low-bits", (music[:20_000] >> 6) << 6, 16
    yield "list", np.sort(golden.hashed(40, 3) % 20_000)[golden.hashed(9_000, 1) % 40, None], 16
    yield "clipped", (music[:20_000] * 6).clip(-32768, 32767), 16
    yield "silence", np.zeros((20_000, 2), np.int64), 16
    yield "dither", golden.noise(20_000, 2, 1), 16
    half = recording("music.flac", 0, 12_000) / np.float32(32768)
    yield "float", half.astype(np.float32), 32
    yield "float-gain", (half * np.float32(0.7071)).astype(np.float32), 32


def streams(quick: bool) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each stream."""
    import nlac

    for options in QUICK if quick else QUICK + SLOW:
        words = [str(value) if key in ("preset", "predictor", "model") else f"{key}={value}"
                 for key, value in options.items()]  # fmt: skip
        for name, samples, bits in signals():
            out = io.BytesIO()
            chosen = samples if samples.dtype == np.float32 else samples.astype(np.int32)
            nlac.write(out, chosen, RATE, bits_per_sample=bits, verify=False, **options)
            back, _rate = nlac.read(out.getvalue(), always_2d=True)
            assert np.array_equal(back, chosen), (name, options)
            yield f"{name}: {' '.join(words)}", out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="without what is slow")
    for name, data in streams(parser.parse_args().quick):
        print(f"{hashlib.sha256(data).hexdigest()} {len(data):7d} {name}", flush=True)


if __name__ == "__main__":
    main()
