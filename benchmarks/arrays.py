"""Size and speed of array codecs on recordings of many channels; makes the table of docs/arrays.md.

    pip install -e '.[zarr]' flac-numcodecs wavpack-numcodecs
    python benchmarks/arrays.py [FILE ...] [--seconds 1] [--codec nlac ...] [--fill]

The arrays are made from a seed: a probe of 384 electrodes at 30 kHz (raw, high-pass filtered, and
scaled to microvolts in float32), and 64 electrodes of the scalp in 24 bits. FILEs that soundfile
reads are further arrays. Every codec gets the whole array as one chunk of shape (frames,
channels), on one thread, and gives it back; what differs ends the run. Speeds are megabytes of
samples a second of CPU time. Packages that are missing are left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PAGE = Path(__file__).resolve().parents[1] / "docs" / "arrays.md"
RATE, CHANNELS = 30_000, 384
MICROVOLTS = np.float32(2.34375)  # a step


def coloured(generator: np.random.Generator, shape: tuple[int, int], slope: float) -> NDArray[Any]:
    """Noise whose spectrum falls as frequency to the minus `slope`, of variance 1."""
    spectrum = np.fft.rfft(generator.standard_normal(shape), axis=0)
    frequency = np.fft.rfftfreq(shape[0], 1 / RATE)[:, None]
    spectrum /= np.maximum(frequency, 3.0) ** slope
    spectrum[0] = 0
    wave = np.fft.irfft(spectrum, shape[0], axis=0)
    return np.asarray(wave / wave.std(axis=0))


def probe(frames: int, seed: int = 1) -> NDArray[np.int16]:
    """A probe of two columns of electrodes, 20 micrometres apart: (frames, 384), steps of 2.3 uV.

    Each electrode has a noise of its own (2.4 steps) and hears the slow field of 24 sources
    along the probe, noise and hum that all have in common, and the spikes of 250 cells, which
    fall off with distance.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    depth = 20.0 * (np.arange(CHANNELS) // 2)
    side = 32.0 * (np.arange(CHANNELS) % 2)
    wave = generator.standard_normal((frames, CHANNELS), np.float32) * np.float32(2.4)
    centres = np.linspace(0, depth[-1], 24)
    spread = np.exp(-0.5 * ((depth - centres[:, None]) / 300) ** 2)
    wave += coloured(generator, (frames, 24), 1.0) * 8 @ spread
    wave += coloured(generator, (frames, 1), 0.0) * 0.8
    wave += 3 * np.sin(2 * np.pi * 50 / RATE * np.arange(frames))[:, None]
    milliseconds = np.arange(-15, 45) * 1000 / RATE
    for _ in range(250):
        down, across = generator.uniform(0, depth[-1]), generator.uniform(0, 32)
        far = (depth - down) ** 2 + (side - across) ** 2
        heard = generator.lognormal(3.0, 0.6) / (1 + far / generator.uniform(20, 45) ** 2)
        near = np.flatnonzero(heard > 0.3)
        width = generator.uniform(0.12, 0.3)
        spike = 0.4 * np.exp(-0.5 * (milliseconds / (2 * width) - 1.25) ** 2)
        spike -= np.exp(-0.5 * (milliseconds / width) ** 2)
        shape = np.outer(spike, heard[near]).astype(np.float32)
        count = generator.poisson(generator.uniform(1, 15) * frames / RATE)
        for at in generator.integers(15, frames - 45, count):
            wave[at - 15 : at + 45, near] += shape
    return np.clip(np.rint(wave), -512, 511).astype(np.int16)


def filtered(array: NDArray[np.int16]) -> NDArray[np.int16]:
    """Without what is slower than 300 Hz, as the band of spikes is stored."""
    spectrum = np.fft.rfft(array, axis=0)
    frequency = np.fft.rfftfreq(len(array), 1 / RATE)[:, None]
    spectrum *= frequency**2 / (frequency**2 + 300.0**2)
    return np.rint(np.fft.irfft(spectrum, len(array), axis=0)).astype(np.int16)


def scalp(frames: int, seed: int = 2) -> NDArray[np.int32]:
    """64 electrodes of the scalp in 24 bits: 12 sources, hum, and noise of each electrode."""
    generator = np.random.Generator(np.random.PCG64(seed))
    wave = coloured(generator, (frames, 12), 1.0) * 9000 @ generator.normal(0, 1, (12, 64))
    wave += 4000 * np.sin(2 * np.pi * 50 / RATE * np.arange(frames))[:, None]
    wave += generator.normal(0, 300, (frames, 64))
    return np.rint(wave).astype(np.int32)


def arrays(frames: int, files: list[str]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and samples of each array."""
    raw = probe(frames)
    yield "probe, 384 channels, int16", raw
    yield "the same above 300 Hz, int16", filtered(raw)
    yield "the same in microvolts, float32", raw * MICROVOLTS
    yield "scalp, 64 channels, 24 bits in int32", scalp(frames)
    for name in files:
        import soundfile

        samples, _ = soundfile.read(name, dtype="int16", always_2d=True)
        yield f"{Path(name).stem}, {samples.shape[1]} channels, int16", samples


class Codec(NamedTuple):
    """A codec under test: its label, and its two directions."""

    label: str
    encode: Callable[[NDArray[Any]], Any]
    decode: Callable[[Any], Any]


def _of(label: str, codec: Any) -> Codec:
    return Codec(label, codec.encode, codec.decode)


def codecs() -> Iterator[Codec]:
    """All codecs whose packages are there, ours first."""
    from nlac.storage.numcodecs_codec import Nlac

    for preset in ("fast", "standard"):
        yield _of(f"nlac, {preset}", Nlac(preset=preset, threads=1, verify=False))
    import numcodecs

    numcodecs.blosc.set_nthreads(1)
    for name, shuffle in (("shuffle", 1), ("bitshuffle", 2)):
        yield _of(f"Blosc-zstd 9, {name}", numcodecs.Blosc("zstd", 9, shuffle))
    try:
        from wavpack_numcodecs.wavpack import WavPack
    except ImportError:
        pass
    else:
        for level in (1, 4):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of threads that this libwavpack does not have
                codec = WavPack(level=level, num_decoding_threads=1)
            yield _of(f"wavpack-numcodecs {level}", codec)
    try:
        from flac_numcodecs import Flac
    except ImportError:
        return
    flac = Flac(level=8)
    yield _of("flac-numcodecs 8", flac)

    # it flattens more than two channels to one; two by two it hears that they are alike
    def pairs(array: NDArray[Any]) -> list[Any]:
        return [
            flac.encode(np.ascontiguousarray(array[:, at : at + 2]))
            for at in range(0, array.shape[1], 2)
        ]

    def joined(parts: list[Any]) -> NDArray[Any]:
        return np.hstack([np.asarray(flac.decode(p)).reshape(-1, 2) for p in parts])

    yield Codec("flac-numcodecs 8, two by two", pairs, joined)


class Row(NamedTuple):
    """Figures of a codec on an array; None where it does not take the array."""

    array: str
    codec: str
    ratio: float | None
    encode_speed: float
    decode_speed: float


def measure(name: str, array: NDArray[Any], codec: Codec) -> Row:
    """Encode, decode and compare."""
    # compiled loops are loaded
    warm = np.ascontiguousarray(array[:2000])
    try:
        codec.decode(codec.encode(warm))
    except Exception as error:
        print(f"{name}: {codec.label} refuses: {error}")
        return Row(name, codec.label, None, 0, 0)
    begin = time.process_time()
    data = codec.encode(array)
    middle = time.process_time()
    back = codec.decode(data)
    end = time.process_time()
    if np.asarray(back).tobytes() != array.tobytes():
        print(f"{name}: {codec.label} gives back another array")
        return Row(name, codec.label, None, 0, 0)
    size = sum(map(len, data)) if isinstance(data, list) else len(data)
    speeds = (array.nbytes / 1e6 / max(each, 1e-6) for each in (middle - begin, end - middle))
    row = Row(name, codec.label, array.nbytes / size, *speeds)
    print(f"{name}: {codec.label} {row.ratio:.3f} {row[3]:.0f} {row[4]:.0f} MB/s", flush=True)
    return row


def table(rows: list[Row]) -> str:
    """The rows as Markdown, each array's smallest in bold."""
    names = list(dict.fromkeys(row.array for row in rows))
    lines = ["| Array | Codec | Ratio | Encode, MB/s | Decode, MB/s |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for name in names:
        best = max(row.ratio or 0 for row in rows if row.array == name)
        shown = name
        for row in (row for row in rows if row.array == name):
            if row.ratio is None:
                lines.append(f"| {shown} | {row.codec} | - | | |")
            else:
                ratio = f"**{row.ratio:.3f}**" if row.ratio == best else f"{row.ratio:.3f}"
                speeds = f"{row.encode_speed:.3g} | {row.decode_speed:.3g}"
                lines.append(f"| {shown} | {row.codec} | {ratio} | {speeds} |")
            shown = ""
    return "\n".join(lines)


def versions() -> str:
    """Versions of the packages that took part."""
    found = []
    for name in ("numcodecs", "zarr", "flac-numcodecs", "wavpack-numcodecs", "numpy"):
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return ", ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--codec", action="append", default=[], help="only labels that hold this")
    parser.add_argument("--fill", action="store_true", help="write the table into docs/arrays.md")
    options = parser.parse_args()
    rows = [
        measure(name, array, codec)
        for name, array in arrays(round(options.seconds * RATE), options.files)
        for codec in codecs()
        if not options.codec or any(each in codec.label for each in options.codec)
    ]
    text = f"{table(rows)}\n\n{versions()}; one run, one thread."
    print(text)
    if options.fill:
        page = PAGE.read_text("utf-8")
        marks = r"(<!-- table -->\n).*?(\n<!-- end -->)"
        PAGE.write_text(re.sub(marks, lambda m: m[1] + text + m[2], page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
