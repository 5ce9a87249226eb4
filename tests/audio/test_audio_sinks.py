"""What is written: libsndfile and our own walkers read the same samples in it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sndfile_tools import made_by_libsndfile, read_by_libsndfile, values
from wavmaker import OutPipe, Pipe, bytes_of, float_bits, noise, restore

from nlac._errors import UnsupportedAudio, UsageError
from nlac.audio.flac import encoders
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import open_sink
from nlac.audio.sinks.original import RestoreSink
from nlac.audio.sinks.suffixes import container_for
from nlac.audio.source import open_source

OWN = ["wav", "rf64", "bw64", "w64", "aiff", "aifc"]


def written(fmt: AudioFormat, container: str, samples: np.ndarray[Any, Any], **how: Any) -> bytes:
    file = io.BytesIO()
    with open_sink(file, fmt, container, **how) as sink:
        for start in range(0, len(samples), 29):
            sink.write(samples[start : start + 29])
        sink.finish()
    return file.getvalue()


@pytest.mark.parametrize("container", OWN)
@pytest.mark.parametrize("is_float", [False, True])
@pytest.mark.parametrize("frames", [0, 1, 101])
@pytest.mark.parametrize("known", [True, False])
def test_canonical_files_are_read_by_libsndfile_and_by_us(
    container: str, is_float: bool, frames: int, known: bool
) -> None:
    for channels, bits in ((1, 8), (2, 16), (1, 24), (3, 24), (2, 32)):
        fmt = AudioFormat(44100, channels, 32 if is_float else bits, is_float=is_float)
        samples = values(fmt, frames)
        data = written(fmt, container, samples, num_frames=frames if known else None)
        got = restore(data)
        assert not got.source.warnings
        assert got.source.format == fmt
        assert got.samples.tobytes() == samples.tobytes()
        expected = "aifc" if container == "aiff" and is_float else container
        assert got.source.container == expected
        # libsndfile does not know BW64; it differs from RF64 in its name only
        oracle = data.replace(b"BW64", b"RF64", 1) if container == "bw64" else data
        seen = read_by_libsndfile(oracle, fmt)
        if container == "aiff":
            # libsndfile takes the pad byte after the samples for a sample
            assert len(seen) - frames in range(2)
            seen = seen[:frames]
        assert seen.tobytes() == samples.tobytes()


def test_nothing_follows_the_samples_of_w64() -> None:
    # readers take padding up to a multiple of 8 bytes for samples
    samples = noise(5001, 1, 24)
    data = written(AudioFormat(44100, 1, 24), "w64", samples, num_frames=5001)
    assert data.endswith(bytes_of(samples[-1:], 3))
    assert int.from_bytes(data[16:24], "little") == len(data)


@settings(max_examples=60, deadline=None)
@given(
    container=st.sampled_from([*OWN, "raw"]),
    bits=st.integers(1, 32),
    channels=st.integers(1, 255),
    rate=st.integers(1, 2**32 - 1),
    mask=st.integers(0, 2**32 - 1),
    frames=st.integers(0, 40),
    known=st.booleans(),
    pipe=st.booleans(),
)
def test_every_format_survives_every_own_container(
    container: str,
    bits: int,
    channels: int,
    rate: int,
    mask: int,
    frames: int,
    known: bool,
    pipe: bool,
) -> None:
    if container in ("aiff", "aifc", "raw"):
        mask = 0
    fmt = AudioFormat(rate, channels, bits, channel_mask=mask)
    samples = noise(frames, channels, bits)
    file: Any = OutPipe() if pipe else io.BytesIO()
    sink = open_sink(file, fmt, container, frames if known else None)
    sink.write(samples)
    sink.finish()
    data = bytes(file.data) if pipe else file.getvalue()
    if container == "raw":
        assert len(data) == samples.size * ((bits + 7) // 8)
        return
    got = restore(data, pipe=pipe)
    assert got.source.format == fmt
    if frames or known or not pipe:
        assert np.array_equal(got.samples, samples)


@pytest.mark.parametrize(
    ("container", "bits"), [("flac", 16), ("flac", 12), ("flac", 24), ("caf", 32), ("au", 8)]
)
@pytest.mark.parametrize("pipe", [False, True])
def test_libsndfile_writes_other_containers_exactly(
    container: str, bits: int, pipe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoders, "_PROGRAM", "no such program")
    fmt = AudioFormat(48000, 2, bits)
    samples = noise(500, 2, bits)
    file: Any = OutPipe() if pipe else io.BytesIO()
    with open_sink(file, fmt, container) as sink:
        sink.write(samples[:123])
        sink.write(samples[123:])
        sink.finish()
    data = bytes(file.data) if pipe else file.getvalue()
    assert np.array_equal(read_by_libsndfile(data, fmt), samples)
    with open_source(io.BytesIO(data)) as source:
        assert source.container == container
        # such containers know whole bytes only
        extra = source.format.bits_per_sample - bits
        assert np.array_equal(source.read(501) >> extra, samples)


def test_libsndfile_writes_floats_exactly() -> None:
    fmt = AudioFormat(48000, 2, 32, is_float=True)
    data = written(fmt, "caf", float_bits())
    assert read_by_libsndfile(data, fmt).tobytes() == float_bits().tobytes()


@pytest.mark.parametrize(
    ("container", "fmt", "reason"),
    [
        ("flac", AudioFormat(2**31, 2, 16), "cannot hold 2 channels at"),
        ("flac", AudioFormat(44100, 2, 32, is_float=True), "32-bit float"),
        ("flac", AudioFormat(44100, 9, 16), "cannot hold 9 channels"),
        ("ogg", AudioFormat(44100, 2, 16), "exactly"),
        ("au", AudioFormat(2**32 - 1, 2, 16), "cannot hold 2 channels at"),
    ],
)
def test_containers_that_lose_something_are_refused(
    container: str, fmt: AudioFormat, reason: str
) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        open_sink(io.BytesIO(), fmt, container)


def test_unknown_containers_are_refused() -> None:
    for name in ("nothing", "WAV", ""):
        with pytest.raises(UsageError, match="unknown audio format"):
            open_sink(io.BytesIO(), AudioFormat(44100, 2, 16), name)


@pytest.mark.parametrize("container", OWN)
def test_a_wrong_announcement_is_corrected_or_told(container: str) -> None:
    fmt = AudioFormat(44100, 1, 8)
    samples = noise(7, 1, 8)
    assert np.array_equal(restore(written(fmt, container, samples, num_frames=9)).samples, samples)
    sink = open_sink(OutPipe(), fmt, container, 9)  # type: ignore[arg-type]
    sink.write(samples)
    with pytest.raises(UsageError, match="9 frames were announced but 7"):
        sink.finish()


@pytest.mark.parametrize("container", ["wav", "flac"])
def test_samples_of_another_shape_or_type_are_refused(container: str) -> None:
    sink = open_sink(io.BytesIO(), AudioFormat(44100, 2, 16), container)
    for bad in (np.zeros(4, np.int32), np.zeros((4, 3), np.int32), np.zeros((4, 2))):
        with pytest.raises(UnsupportedAudio):
            sink.write(bad)  # type: ignore[arg-type]
    sink.close()
    sink = open_sink(io.BytesIO(), AudioFormat(44100, 2, 32, is_float=True), "caf")
    with pytest.raises(UnsupportedAudio, match="float32"):
        sink.write(np.zeros((4, 2)))  # type: ignore[arg-type]
    sink.close()


class Sparse(io.RawIOBase):
    """A seekable output that counts what it is given and keeps its first bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = bytearray()
        self._place = 0

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0) -> int:
        assert whence == 0
        self._place = offset
        return offset

    def write(self, data: Any) -> int:
        if self._place < 200:
            self.kept[self._place : self._place + len(data)] = bytes(data)
            del self.kept[200:]
        self._place += len(data)
        return len(data)


def over_4_gib(container: str, *, announced: bool) -> bytes:
    """Return the first bytes of a file of 2**30 32-bit frames, of which none is packed."""
    file: Any = Sparse()
    fmt = AudioFormat(44100, 1, 32)
    sink: Any = open_sink(file, fmt, container, 2**30 if announced else None)
    sink._check_room(2**30)
    sink._frames = 2**30
    file.seek(file.tell() + 2**32)
    sink.finish()
    return bytes(file.kept)


def test_wav_over_4_gib_becomes_rf64() -> None:
    for announced in (True, False):
        data = over_4_gib("wav", announced=announced)
        assert data[:4] == b"RF64"
        assert data[12:16] == b"ds64"
        with open_source(Pipe(data)) as source:  # type: ignore[arg-type]
            assert source.expected_frames == 2**30
    data = over_4_gib("w64", announced=False)
    with open_source(Pipe(data)) as source:  # type: ignore[arg-type]
        assert source.expected_frames == 2**30


def test_what_cannot_pass_4_gib_says_so() -> None:
    fmt = AudioFormat(44100, 1, 32)
    with pytest.raises(UnsupportedAudio, match="AIFF cannot hold"):
        open_sink(io.BytesIO(), fmt, "aiff", 2**30)
    sink: Any = open_sink(io.BytesIO(), fmt, "aiff")
    with pytest.raises(UnsupportedAudio, match="AIFF cannot hold"):
        sink._check_room(2**30)
    sink = open_sink(io.BytesIO(), fmt, "wav", 5)
    with pytest.raises(UnsupportedAudio, match="begun for 5 frames"):
        sink._check_room(2**30)


@pytest.mark.parametrize("pipe", [False, True])
def test_restore_sink_gives_the_file_back(pipe: bool) -> None:
    original = made_by_libsndfile(noise(1000, 2, 24), "WAV", "PCM_24") + b"and a tail"
    file: Any = OutPipe() if pipe else io.BytesIO()
    with open_source(io.BytesIO(original)) as source:
        assert source.packing is not None
        sink = RestoreSink(file, source.head, source.packing.packer())
        while len(samples := source.read(77)):
            sink.write(samples)
        sink.finish(source.tail())
        assert sink.digest == source.digest
    assert (bytes(file.data) if pipe else file.getvalue()) == original


def test_containers_are_known_by_their_suffix() -> None:
    names = {"a.wav": "wav", "B.AIF": "aiff", "c.tar.flac": "flac", "d": None, "e.xyz": None}
    assert {name: container_for(name) for name in names} == names
    assert container_for(Path("x/y.w64")) == "w64"
