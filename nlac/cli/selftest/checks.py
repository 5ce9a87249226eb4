"""The checks: each yields named cases, which raise if anything is not as it was."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import nlac
from nlac.cli.selftest import signals
from nlac.codec.encoder.presets import PRESETS

Case: TypeAlias = tuple[str, Callable[[], object]]


class Mismatch(nlac.NlacError):
    """Something else came back than was put in."""

    exit_code = 3


def coded(samples: NDArray[Any], bits: int | None = None, **options: Any) -> bytes:
    """A stream of samples, which were compared while encoding."""
    stream = io.BytesIO()
    nlac.write(stream, samples, signals.RATE, bits_per_sample=bits, **options)
    return stream.getvalue()


def round_trip(samples: NDArray[Any], bits: int | None = None, **options: Any) -> None:
    """Encode and decode samples."""
    back, rate = nlac.read(coded(samples, bits, **options), always_2d=True)
    require(rate == signals.RATE, "the sample rate differs")
    require_same(back, samples)


def require(good: bool, message: str) -> None:
    """Raise `Mismatch` unless something is so."""
    if not good:
        raise Mismatch(message)


def require_same(back: NDArray[Any], samples: NDArray[Any]) -> None:
    """Raise `Mismatch` unless two arrays agree in shape, type and every bit."""
    same = back.dtype == samples.dtype and back.shape == samples.shape
    require(same and back.tobytes() == samples.tobytes(), "the samples differ")


def depths() -> Iterator[Case]:
    """Integers of 1 to 32 bits."""
    for bits in range(1, 33):
        samples = signals.tones(500, 2, bits)
        yield f"{bits} bits", partial(round_trip, samples, bits, preset="fast")


def kinds() -> Iterator[Case]:
    """Signals that ask for every mode of a block."""
    for preset in ("fast", "standard"):
        for name, samples in signals.integers().items():
            yield f"{name}, {preset}", partial(round_trip, samples, preset=preset)


def floating() -> Iterator[Case]:
    """float32, with every bit of it."""
    for name, samples in signals.floats().items():
        yield name, partial(round_trip, samples, preset="standard")


def presets() -> Iterator[Case]:
    """Every preset, predictor, model and coder."""
    samples = signals.tones(1200, 2, 16)
    chosen: list[dict[str, Any]] = [{"preset": each} for each in PRESETS]
    chosen += [{"predictor": "lpc", "coder": "range"}, {"coder": "rice"}]
    chosen += [{"model": each} for each in ("cnn", "cnn-rls", "gru", "gru-rls")]
    chosen += [{"preset": "high", "effort": 1}, {"long_term": False}, {"block_seconds": 0.02}]
    for options in chosen:
        name = ", ".join(f"{key} {value}" for key, value in options.items())
        yield name, partial(round_trip, samples, **options)


def channels() -> Iterator[Case]:
    """Up to 255 channels."""
    for count in (1, 3, 6, 8, 40, 255):
        samples = signals.tones(6000 // count, count, 16)
        # references among so many sounding ones take a while to choose
        samples[:, 40:] = 0
        yield f"{count} channels", partial(round_trip, samples, preset="fast")


# container and, where it has some, the depths that are tried
CONTAINERS = {
    "wav": (8, 12, 16, 20, 24, 32, None),
    "rf64": (16, 24),
    "bw64": (16,),
    "w64": (8, 16, 24, None),
    "aiff": (8, 16, 20, 24, 32),
    "aifc": (16, 24, None),
}


def containers() -> Iterator[Case]:
    """Audio files, byte for byte."""
    for container, depths_of in CONTAINERS.items():
        for bits in depths_of:
            name = f"{container}, {f'{bits} bits' if bits else 'float'}"
            yield name, partial(_file_comes_back, container, bits)


def _file_comes_back(container: str, bits: int | None) -> None:
    # 501 frames of 3 channels: chunks of an odd length too
    samples = signals.tones(501, 3, bits) if bits else signals.floats()["any values"][:501]
    original = io.BytesIO()
    nlac.decode(coded(samples, bits, preset="fast"), original, container=container)
    stream, back = io.BytesIO(), io.BytesIO()
    nlac.encode(io.BytesIO(original.getvalue()), stream, preset="fast")
    done = nlac.decode(stream.getvalue(), back)
    require(done.restored and back.getvalue() == original.getvalue(), "the file differs")
    require_same(nlac.read(stream.getvalue(), always_2d=True)[0], samples)


def access() -> Iterator[Case]:
    """Parts, pieces, and threads."""
    samples = signals.tones(8000, 2, 16)
    settings: dict[str, Any] = {"preset": "fast", "block_seconds": 0.1}
    stream = coded(samples, **settings)

    def parts() -> None:
        for start, stop in ((0, 1), (799, 801), (4321, 5678), (-5, None), (3, 3)):
            require_same(nlac.read(stream, start, stop)[0], samples[start:stop])

    def pieces() -> None:
        encoder = nlac.Encoder(signals.RATE, 2, 16, **settings)
        data = b"".join(encoder.push(samples[at : at + 333]) for at in range(0, 8000, 333))
        data += encoder.finish()
        decoder = nlac.Decoder()
        arrays = [a for at in range(0, len(data), 777) for a in decoder.feed(data[at : at + 777])]
        require_same(np.concatenate([*arrays, *decoder.finish()]), samples)

    def threads() -> None:
        many = coded(samples, threads=4, **settings)
        require(many == coded(samples, threads=1, **settings), "the bytes depend on the threads")

    yield from (("parts", parts), ("pieces", pieces), ("threads", threads))


def damage() -> Iterator[Case]:
    """Flipped bits and missing ends are found, and what is intact is saved."""
    samples = signals.tones(4000, 2, 16)
    stream = coded(samples, preset="fast", block_seconds=0.125, tags={"title": "self-test"})
    for at in np.linspace(0, len(stream) - 1, 25).astype(int).tolist():
        flipped = bytearray(stream)
        flipped[at] ^= 1 << at % 8
        yield f"byte {at} flipped", partial(_must_fail, bytes(flipped))
    for length in np.linspace(0, len(stream) - 1, 15).astype(int).tolist():
        yield f"cut at byte {length}", partial(_must_fail, stream[:length])
    yield "recovery", partial(_recovered, stream, samples)


def _must_fail(data: bytes) -> None:
    try:
        nlac.test(data)
    except nlac.FormatError:
        return
    raise Mismatch("the damage was not found")


def _recovered(stream: bytes, samples: NDArray[Any]) -> None:
    data = bytearray(stream)
    data[len(data) // 2] ^= 0x10
    saved = io.BytesIO()
    done = nlac.decode(bytes(data), saved, container="raw", recover=True)
    back = np.frombuffer(saved.getvalue(), samples.dtype).reshape(-1, samples.shape[1])
    expected = samples.copy()
    for lost in done.lost:
        expected[lost.start : lost.stop] = 0
    require(0 < sum(lost.stop - lost.start for lost in done.lost) <= 2000, "too much was lost")
    require_same(back, expected)


CHECKS: dict[str, Callable[[], Iterator[Case]]] = {
    "depths": depths,
    "signals": kinds,
    "floats": floating,
    "presets": presets,
    "channels": channels,
    "containers": containers,
    "access": access,
    "damage": damage,
}
