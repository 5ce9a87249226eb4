"""Make the frozen streams of this folder and their manifest.

    PYTHONPATH=tests:tests/origin python tests/golden/make_golden.py

Run it only for a new version of the format, into a new folder: streams that were written
once must decode for ever, so what lies here must not change.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from golden_origin import origin
from golden_signals import (
    clustered,
    dithered,
    escapes,
    grid,
    hashed,
    in_part,
    ints,
    kinds,
    loop,
    mixed_floats,
    patterns,
    raised,
    sparse,
    steps_of_a_gain,
    tones,
    widths,
)
from golden_streams import (
    cascade,
    cascade_alone,
    flac_metadata,
    in_slices,
    late_channel,
    original_of,
    prefiltered,
    protected,
    restoring,
    unknown_length,
    with_extension,
    with_network,
    write,
)

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
PLUGIN = FOLDER.parent / "predictors" / "plugin"
FORMAT_VERSION = 1

# Encoders may write other bytes for the same samples. These cases are chosen by integers
# and sums that are exact, so that their bytes are the same on every machine; of the others
# (searches by Fourier transform, more than 22 bits, floats) only the samples are.
EXACT_BITS = 22
NOT_EXACT = {"grid", "long-term", "long-term-rice", "repeated-blocks"}


CASES: dict[str, Callable[[], bytes]] = {
    "bits-01": lambda: write(ints(-(hashed(800, 1) % 11 // 10))[:, None], 1),
    "bits-04": lambda: write(ints(tones(600, 1, 4)), 4),
    "bits-08": lambda: write(ints(tones(900, 2, 8)), 8),
    "bits-12": lambda: write(ints(tones(700, 1, 12)), 12),
    "bits-16": lambda: write(ints(tones(1500, 2, 16)), 16),
    "bits-20": lambda: write(ints(tones(700, 2, 20)), 20),
    "bits-24": lambda: write(ints(tones(900, 2, 24)), 24),
    "bits-32": lambda: write(ints(tones(400, 2, 32)), 32),
    "range": lambda: write(ints(tones(1200, 2, 16)), 16, preset="fast", coder="range"),
    "rice": lambda: write(ints(tones(1200, 2, 16)), 16, preset="fast", coder="rice"),
    "prefilter": lambda: prefiltered(tones(1400, 3, 24), 24, 34, 24),
    "prefilter-cascade": lambda: prefiltered(tones(1300, 2, 16), 16, 4, 12, preset="high"),
    "sliced": lambda: in_slices(lambda: late_channel(2700, entry_seconds=0.14)),
    "sliced-rice": lambda: in_slices(
        lambda: write(loop(1), 16, preset="fast", coder="rice", entry_seconds=0.15)
    ),
    "sliced-prefilter": lambda: in_slices(
        lambda: prefiltered(tones(2200, 3, 12), 12, 18, 20, entry_seconds=0.13)
    ),
    "phases-held": lambda: write(ints(raised(tones(500, 2, 16), 3, "held")), 16),
    "phases-linear": lambda: write(ints(raised(tones(1000, 3, 12), 2, "linear")), 12),
    "float-phases": lambda: write(
        (raised(tones(700, 1, 16), 2, "zeros") / 32768).astype(np.float32), preset="fast"
    ),
    "soft-set": lambda: write(ints(clustered(16400)), 16),
    "small-residuals": lambda: write(ints(dithered(1800)), 16),
    "small-residuals-cascade": lambda: cascade_alone(dithered(1500), 16, "high"),
    "preset-high": lambda: cascade_alone(tones(1300, 2, 16), 16, "high"),
    "preset-max": lambda: cascade_alone(tones(1200, 1, 16), 16, "max"),
    "cascade-tuned": lambda: cascade_alone(tones(1300, 2, 16), 16, "high", effort=2),
    "cascade-widths": lambda: cascade_alone(widths(), 22, "high"),
    "cascade-online": lambda: cascade(tones(1300, 2, 16), "online"),
    "cascade-two-finals": lambda: cascade(tones(1200, 1, 16), "two-finals"),
    "network-cnn": lambda: with_network("cnn", "rls"),
    "network-gru": lambda: with_network("gru", "high"),
    "network-alone": lambda: with_network("cnn", "high", alone=True),
    "network-windows": lambda: with_network("cnn", "lpc"),
    "grid": lambda: write(grid(), 16),
    "list": lambda: write(sparse(), 16),
    "list-rice": lambda: write(sparse(), 16, coder="rice"),
    "low-bits": lambda: write(ints(tones(800, 2, 10) * 64), 16),
    "grid-in-part": lambda: write(in_part(), 16),
    "clipped": lambda: write(ints(tones(1500, 1, 16).clip(-5000, 5000)), 16),
    "extremes": lambda: write(ints((hashed(300, 4) % 2 * 65535 - 32768)[:, None]), 16),
    "escapes": lambda: write(escapes(), 16),
    "verbatim": lambda: write(ints(hashed(256, 5).reshape(128, 2) % 65536 - 32768), 16),
    "silence": lambda: write(np.zeros((5000, 2), np.int32), 16, block_seconds=0.25),
    "no-frames": lambda: write(np.zeros((0, 2), np.int32), 16),
    "one-frame": lambda: write(np.array([[-32768, 32767]], np.int32), 16),
    "long-term": lambda: write(loop(), 16, preset="fast", coder="range"),
    "long-term-rice": lambda: write(loop(1), 16, preset="fast", coder="rice"),
    "repeated-blocks": lambda: write(loop(), 16, block_seconds=0.3),
    "late-channel": late_channel,
    "channel-kinds": lambda: write(kinds(), 16),
    "surround": lambda: write(ints(tones(500, 6, 16)), 16, channel_mask=0x3F),
    # presets have shorter blocks for so many channels
    "channels-255": lambda: write(ints(np.tile(tones(60, 5, 16), (1, 51))), 16, block_seconds=30),
    "tags": lambda: write(
        ints(tones(300, 1, 16)), 16, tags={"TITLE": "Größe", "ARTIST": ["a", "b"]}
    ),
    "parity": lambda: protected(write(ints(tones(700, 2, 16)), 16, preset="fast")),
    "unknown-length": unknown_length,
    "wav-with-chunks": lambda: restoring("wav-with-chunks"),
    "wav-cut-off": lambda: restoring("wav-cut-off"),
    "aiff": lambda: restoring("aiff"),
    "wav-extension": with_extension,
    "flac": lambda: restoring("flac"),
    "flac-ogg": lambda: restoring("flac-ogg"),
    "flac-metadata": flac_metadata,
    "float-16": lambda: write((tones(800, 2, 16) / 32768).astype(np.float32)),
    "float-gain": lambda: write(steps_of_a_gain()),
    "float-mixed": lambda: write(mixed_floats()),
    "float-patterns": lambda: write(patterns()),
    "generic": lambda: write(ints(tones(250, 2, 16)), 16, predictor="example-sign"),
    "generic-taps": lambda: write(
        ints(tones(200, 1, 16)), 16, predictor="example-sign", predictor_options={"taps": 3}
    ),
    "lpc-high": lambda: write(ints(tones(2600, 2, 16)), 16, predictor="lpc", preset="high"),
    "lpc-max": lambda: write(ints(tones(2600, 1, 16)), 16, predictor="lpc", preset="max"),
    "lpc-in-cascade": lambda: write(ints(tones(2400, 2, 16)), 16, preset="high"),
    "origin": lambda: origin("origin"),
    "origin-24": lambda: origin("origin-24"),
    "origin-clipped": lambda: origin("origin-clipped"),
    "origin-aac": lambda: origin("origin-aac"),
}


def pcm_md5(samples: np.ndarray, bits: int) -> str:
    """MD5 as spec 9 has it, written out again here."""
    if samples.dtype == np.float32:
        return hashlib.md5(samples.astype("<f4").tobytes()).hexdigest()
    width = (bits + 7) // 8
    data = samples.astype("<i4").tobytes()
    each = np.frombuffer(data, np.uint8).reshape(-1, 4)[:, :width]
    return hashlib.md5(each.tobytes()).hexdigest()


def describe(name: str, data: bytes) -> dict[str, Any]:
    """A line of the manifest."""
    import nlac

    info = nlac.info(data)
    samples, _rate = nlac.read(data, always_2d=True)
    original = original_of(name)
    return {
        "name": name,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "exact": name not in NOT_EXACT and not info.is_float and info.bits_per_sample <= EXACT_BITS,
        "frames": len(samples),
        "channels": samples.shape[1],
        "bits": info.bits_per_sample,
        "float": info.is_float,
        "pcm_md5": pcm_md5(samples, info.bits_per_sample),
        "original_sha256": hashlib.sha256(original).hexdigest() if original else None,
    }


def main() -> None:
    rows = []
    for old in FOLDER.glob(f"v{FORMAT_VERSION}/*.nlac"):
        old.unlink()
    folder = FOLDER / f"v{FORMAT_VERSION}"
    folder.mkdir(exist_ok=True)
    for name, work in CASES.items():
        data = work()
        (folder / f"{name}.nlac").write_bytes(data)
        rows.append(describe(name, data))
    lines = ",\n".join("  " + json.dumps(row) for row in rows)
    (folder / "manifest.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(rows)} streams, {sum(row['bytes'] for row in rows)} bytes")


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(PLUGIN), str(FOLDER), str(FOLDER.parent)]
    main()
