"""How the frozen streams are written: with options, from files, or as encoders are forced to."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from golden_signals import hashed, ints, noise, tones

RATE = 8000


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


def late_channel(frames: int = 900, **options: Any) -> bytes:
    """The second channel goes first, and the other eight frames behind it."""
    from unittest.mock import patch

    from nlac.codec.encoder import analysis as preparation
    from nlac.codec.encoder.inter_channel import InterChannelOrder

    order = np.array([1, 0])
    chosen = InterChannelOrder(order, order.copy(), np.array([0, 8]))
    with patch.object(preparation, "choose_order", lambda *_arguments: chosen):
        return write(ints(tones(frames, 2, 16)), 16, threads=1, **options)


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
        counts = tuple(len(each.coefficients) for each in filters)
        return prefilter.Prefiltered(head, errors, wide=True, taps=counts)

    with (
        patch.object(block, "choose_prefilters", chosen),
        patch.object(cascade, "choose_prefilters", chosen),
        patch.object(fallback, "worth_trying", lambda *_arguments: False),
    ):
        return write(ints(samples), bits, **options)


def in_slices(work: Callable[[], bytes]) -> bytes:
    """Cut short blocks too, for which slices cost much, and where LTP loses much."""
    from unittest.mock import patch

    from nlac.codec.encoder.lpc import slicing

    with patch.object(slicing, "_ONE_IN", 1), patch.object(slicing, "_LOST_BYTES", 1e9):
        return work()


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


def with_network(kind: str, front: str, alone: bool = False) -> bytes:
    """A stream that carries its model; with `alone`, a cascade without the network is smaller."""
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
