"""Make the frozen streams of this folder and their manifest.

    python tests/golden/make_golden.py

Run it only for a new version of the format, into a new folder: streams that were written
once must decode for ever, so what lies here must not change. All signals are made from
integers alone, so that any machine makes the same ones.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
PLUGIN = FOLDER.parent / "predictors" / "plugin"
FORMAT_VERSION = 1
RATE = 8000

# Encoders may write other bytes for the same samples. These cases are chosen by integers
# and sums that are exact, so that their bytes are the same on every machine; of the others
# (searches by Fourier transform, more than 22 bits, floats) only the samples are.
EXACT_BITS = 22
NOT_EXACT = {"grid", "long-term", "long-term-rice", "repeated-blocks"}


def hashed(count: int, seed: int) -> np.ndarray:
    """Uniform 32-bit numbers, by SplitMix64."""
    x = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed << 20)) * np.uint64(
        0x9E3779B97F4A7C15
    )
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(32)).astype(np.int64)


def noise(frames: int, channels: int, amplitude: int, seed: int = 1) -> np.ndarray:
    """About normal: sums of four uniform numbers, within +-amplitude."""
    x = hashed(4 * frames * channels, seed).reshape(4, frames, channels) % (2 * amplitude + 1)
    return (x.sum(axis=0) - 4 * amplitude) // 4


def tones(frames: int, channels: int, bits: int, seed: int = 1) -> np.ndarray:
    """Three resonators in integers, one of them fading, and a little noise."""
    out = np.zeros((frames, channels), np.int64)
    top = 1 << (bits - 1)
    for c in range(channels):
        for k, turn in enumerate((64000 - 900 * c, 55000, 31000 - 3000 * c)):  # Q15, 2 cos w
            now, before = 0, (top << 12) // (9 + 5 * k + c)
            for t in range(frames):
                now, before = ((turn * now) >> 15) - before, now
                if k == 1:
                    now -= now >> 11
                out[t, c] += now >> 12
    out += noise(frames, channels, max(1, top >> 9), seed)
    return out.clip(-top, top - 1)


def ints(values: np.ndarray) -> np.ndarray:
    return values.astype(np.int32)


def write(samples: np.ndarray, bits: int | None = None, **options: Any) -> bytes:
    import nlac

    out = io.BytesIO()
    nlac.write(out, samples, RATE, bits_per_sample=bits, **options)
    return out.getvalue()


def wav(samples: np.ndarray, chunks: bytes = b"", tail: bytes = b"") -> bytes:
    """16-bit WAV."""
    data = samples.astype("<i2").tobytes()
    channels = samples.shape[1]
    fmt = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + chunks
    body += b"data" + struct.pack("<I", len(data)) + data + tail
    return b"RIFF" + struct.pack("<I", len(body)) + body


def aiff(samples: np.ndarray) -> bytes:
    """16-bit AIFF with a chunk that no one knows."""
    data = samples.astype(">i2").tobytes()
    rate = struct.pack(">HQ", 16383 + 12, RATE << 51)  # 80-bit float
    comm = b"COMM" + struct.pack(">IhIh", 18, samples.shape[1], len(samples), 16) + rate
    sound = b"SSND" + struct.pack(">III", 8 + len(data), 0, 0) + data
    body = b"AIFF" + comm + b"ABCD" + struct.pack(">I", 3) + b"xyz\0" + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def original_of(name: str) -> bytes | None:
    """The file that a stream restores, where it restores one."""
    samples = tones(500, 2, 16)
    if name == "wav-with-chunks":
        return wav(samples, b"LIST\x04\0\0\0INFO", b"note\x03\0\0\0abc\0" + b"rest")
    if name == "wav-cut-off":
        return wav(samples)[:-3]
    if name == "aiff":
        return aiff(samples)
    if name == "wav-extension":
        return wav(samples[:100])
    if name.startswith("flac"):
        from flac_frames import in_ogg, random_file

        file = random_file(19, 16, 2, 40, 48)
        if name == "flac-ogg":
            return in_ogg(file.data, file.frames, file.lengths, 5)
        return file.data if name == "flac" else None
    return None


def restoring(name: str) -> bytes:
    import nlac

    out = io.BytesIO()
    nlac.encode(io.BytesIO(original_of(name) or b""), out, preset="fast")
    return out.getvalue()


def flac_metadata() -> bytes:
    """The metadata blocks of a FLAC file without the file."""
    from flac_frames import random_file, with_blocks

    import nlac

    blocks = [(4, bytes(8)), (2, b"test" + bytes(70)), (3, bytes(18)), (1, bytes(100))]
    data = with_blocks(random_file(7, 12, 1).data, blocks)
    out = io.BytesIO()
    nlac.encode(io.BytesIO(data), out, preset="fast", exact=False)
    return out.getvalue()


def with_extension() -> bytes:
    import nlac

    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "TAKE.WAV")
        path.write_bytes(original_of("wav-extension") or b"")
        nlac.encode(path, out, preset="fast")
    return out.getvalue()


def protected(stream: bytes) -> bytes:
    import nlac

    out = io.BytesIO()
    nlac.protect(stream, out, amount=0.2)
    return out.getvalue()


def unknown_length() -> bytes:
    import nlac

    samples = ints(tones(700, 1, 16))
    out = io.BytesIO()
    with nlac.open(
        out, "w", sample_rate=RATE, channels=1, bits_per_sample=16, preset="fast"
    ) as file:
        for begin in range(0, 700, 230):
            file.write(samples[begin : begin + 230, 0])
    return out.getvalue()


def grid() -> np.ndarray:
    return ints(2153 * noise(5000, 1, 260) // 1000)


def sparse() -> np.ndarray:
    """Companded: values farther apart the larger they are."""
    k = noise(4000, 1, 60)
    return ints(np.sign(k) * (np.abs(k) + k * k // 9))


def in_part() -> np.ndarray:
    """Whole steps of 6 in the middle of a block."""
    k = noise(12288, 1, 40)
    k[4096:8192] *= 6
    return ints(k)


def loop(channels: int = 2) -> np.ndarray:
    return ints(np.tile(tones(900, channels, 14) + noise(900, channels, 900, 3), (6, 1)))


def kinds() -> np.ndarray:
    """Constant, copied, negated and coarse channels."""
    x = tones(600, 1, 12)
    other = tones(600, 1, 12, 5)[::-1]
    return ints(np.concatenate([x, x * 0 + 7, x + 5, -x - 1, 16 * other + 3, other], axis=1))


def escapes() -> np.ndarray:
    """Quiet, with a few samples far out."""
    far = np.where(hashed(900, 6) % 50, 0, 1)[:, None] * noise(900, 1, 30000)
    return ints(far + noise(900, 1, 2))


def late_channel() -> bytes:
    """The second channel goes first, and the other eight frames behind it."""
    from unittest.mock import patch

    from nlac.codec.encoder import analysis as preparation
    from nlac.codec.encoder.inter_channel import InterChannelOrder

    order = np.array([1, 0])
    chosen = InterChannelOrder(order, order.copy(), np.array([0, 8]))
    with patch.object(preparation, "choose_order", lambda *_arguments: chosen):
        return write(ints(tones(900, 2, 16)), 16, threads=1)


def cascade_alone(samples: np.ndarray, bits: int, preset: str, effort: int = 0) -> bytes:
    """Code a block that no `lpc` block was compared with."""
    from unittest.mock import patch

    from nlac.codec.encoder.lpc import fallback

    with patch.object(fallback, "worth_trying", lambda *_arguments: False):
        return write(ints(samples), bits, preset=preset, effort=effort)


def prefiltered(samples: np.ndarray, bits: int, taps: int, shift: int, **options: Any) -> bytes:
    """Prefilters on all channels but the last."""
    from unittest.mock import patch

    from nlac.codec.encoder import cascade, prefilter
    from nlac.codec.encoder.lpc import block, fallback
    from nlac.predictors.prefilter import PREFILTERED, Prefilter, residual, write_prefilters

    def chosen(channels: np.ndarray, *_arguments: object, **_options: object) -> Any:
        filters = prefilter.design(channels[:-1], taps, shift)
        filters.append(Prefilter(0, np.zeros(0, np.int64)))
        errors = residual(filters, channels)
        assert errors is not None
        head = bytes([PREFILTERED]) + write_prefilters(filters, channels)
        return prefilter.Prefiltered(head, errors, wide=True)

    with (
        patch.object(block, "choose_prefilters", chosen),
        patch.object(cascade, "choose_prefilters", chosen),
        patch.object(fallback, "worth_trying", lambda *_arguments: False),
    ):
        return write(ints(samples), bits, **options)


def raised(samples: np.ndarray, factor: int, how: str) -> np.ndarray:
    """Samples at a higher rate; the first frames cut off, so that phases begin amid."""
    held = np.repeat(samples, factor, axis=0)
    if how == "linear":
        steps = (np.arange(len(held)) % factor)[:, None]
        after = np.roll(held, -factor, axis=0)
        held = (held * (factor - steps) + after * steps) // factor
    elif how == "zeros":
        held = held * (np.arange(len(held)) % factor == 0)[:, None]
    return held[1:]


def widths() -> np.ndarray:
    """Channels of one source and of widths around that of the cascade's products."""
    return ints(tones(400, 1, 22) >> np.array([0, 2, 9])) + ints(noise(400, 3, 1))


def unusual_cascades() -> dict[str, Any]:
    """Cascades that no preset has, of four and five locations, an online network, small batches."""
    from nlac.predictors.cascade.parameters import (
        CascadeParameters,
        RlsParameters,
        StageParameters,
    )

    def stages(*rows: tuple[int, int, int]) -> tuple[StageParameters, ...]:
        return tuple(StageParameters(*row) for row in rows)

    one = (stages((512, 0, 42), (64, 0, 36), (32, 0, 29)),)
    three = (
        stages((1024, 0, 39), (256, 0, 33), (32, 0, 26)),
        stages((1024, 256, 45), (256, 0, 39), (32, 0, 32)),
        stages((1024, 0, 51), (256, 0, 45), (32, 0, 38)),
    )
    optional = RlsParameters(16, 8, 7, 2, 4, True, loading=37)
    few = (
        RlsParameters(16, 8, 8, 2, loading=37),
        RlsParameters(24, 16, 10, 8, 8, loading=35),
        optional,
    )
    many = (
        RlsParameters(16, 8, 8, 1, loading=36),
        RlsParameters(24, 16, 10, 2, 8, loading=33),
        RlsParameters(32, 32, 11, 8, 8, loading=39),
        optional,
    )
    return {
        "online": CascadeParameters(4, few, one, (9,), 4, (33,)),
        "two-finals": CascadeParameters(4, many, three, (8, 10), 2, (33,)),
    }


def cascade(samples: np.ndarray, name: str) -> bytes:
    """Code a block of a cascade with parameters that no preset has."""
    from unittest.mock import patch

    from nlac.codec.encoder.presets import CASCADES

    with patch.dict(CASCADES, high=unusual_cascades()[name]):
        return cascade_alone(samples, 16, "high")


def steps_of_a_gain() -> np.ndarray:
    # one product, rounded to float32 once: the same everywhere
    return (tones(800, 2, 16) / 32767).astype(np.float32)


def mixed_floats() -> np.ndarray:
    x = tones(700, 2, 24).astype(np.float32) * np.float32(2.0**-23)
    x[200:400] *= np.float32(2.0**-13)
    return x + noise(700, 2, 9).astype(np.float32) * np.float32(2.0**-34)


def patterns() -> np.ndarray:
    x = (tones(900, 1, 16) / 32768).astype(np.float32)
    x.view(np.uint32)[::225, 0] = [0x7FC12345, 0x80000001, 0x3DFCD6E9, 0x00012345]
    x[50:60] = -0.0
    x[60:63, 0] = [np.inf, -np.inf, np.nan]
    return x


def with_network(kind: str, front: str, alone: bool = False) -> bytes:
    """A stream that carries its model; with `alone`, a cascade without the network is smaller."""
    import tempfile
    from unittest.mock import patch

    from tiny_networks import tiny_network

    import nlac
    from nlac.codec.encoder.lpc import fallback
    from nlac.predictors.networks.models import Model

    model = Model(tiny_network(kind), {"name": f"tiny {kind}", "front": front})
    samples = tones(1300, 2, 16) + noise(1300, 2, 300, 7)
    if alone:
        # clicks in silence: networks have nothing to learn there
        samples = samples * (hashed(1300, 41) % 50 == 0)[:, None]
    out = io.BytesIO()
    worth = patch.object(fallback, "worth_trying", lambda *_arguments: False)
    with tempfile.TemporaryDirectory() as folder, worth:
        path = Path(folder, "tiny.nlacm")
        path.write_bytes(model.to_bytes())
        nlac.encode(
            wav(samples.clip(-32768, 32767)), out, strip_chunks=True, predictor=kind, model=path,
            embed_model=True, long_term=False, preset="max" if alone else "standard",
        )  # fmt: skip
    return out.getvalue()


def dithered(frames: int) -> np.ndarray:
    """A second channel that is the first but for dither; rare clicks in both escape."""
    first = tones(frames, 1, 9)[:, 0] // 40
    dither = hashed(2 * frames, 31).reshape(frames, 2) % 3 - 1
    both = np.stack([first, first], axis=1) + dither
    both[frames // 2] += 5000
    both[frames // 3 : frames // 3 + 2] -= 300
    return both


def clustered(frames: int) -> np.ndarray:
    """A quiet tone, amplified by 4.683 and dithered."""
    tone = tones(frames, 1, 8)[:, 0]
    return ((4683 * tone + hashed(frames, 33) % 1201 - 100) // 1000)[:, None]


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
    "prefilter-cascade": lambda: prefiltered(
        tones(1300, 2, 16), 16, 4, 12, preset="high"
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
    "channels-255": lambda: write(
        ints(np.tile(tones(60, 5, 16), (1, 51))), 16, block_seconds=30
    ),
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
        "exact": name not in NOT_EXACT
        and not info.is_float
        and info.bits_per_sample <= EXACT_BITS,
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
