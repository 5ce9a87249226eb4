"""libsndfile, an independent reader and writer, must see the same samples as we do."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from sndfile_tools import BITS, made_by_libsndfile, values
from wavmaker import Pipe, noise, restore

from nlac._errors import MissingDependency, UnsupportedAudio
from nlac.audio import other
from nlac.audio.format import AudioFormat
from nlac.audio.sinks import other as other_sink
from nlac.audio.sinks.choice import open_sink
from nlac.audio.source import open_source


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(
    ("container", "subtype", "endian"),
    [
        ("WAV", "PCM_U8", "FILE"),
        ("WAV", "PCM_16", "FILE"),
        ("WAV", "PCM_24", "FILE"),
        ("WAV", "PCM_32", "FILE"),
        ("WAV", "FLOAT", "FILE"),
        ("WAV", "PCM_16", "BIG"),
        ("WAVEX", "PCM_24", "FILE"),
        ("WAVEX", "FLOAT", "FILE"),
        ("RF64", "PCM_16", "FILE"),
        ("RF64", "PCM_24", "FILE"),
        ("RF64", "FLOAT", "FILE"),
        ("W64", "PCM_U8", "FILE"),
        ("W64", "PCM_24", "FILE"),
        ("W64", "FLOAT", "FILE"),
        ("AIFF", "PCM_S8", "FILE"),
        ("AIFF", "PCM_U8", "FILE"),
        ("AIFF", "PCM_16", "FILE"),
        ("AIFF", "PCM_24", "FILE"),
        ("AIFF", "PCM_32", "FILE"),
        ("AIFF", "PCM_16", "LITTLE"),
        ("AIFF", "PCM_24", "LITTLE"),
        ("AIFF", "FLOAT", "FILE"),
    ],
)
def test_own_walkers_read_what_libsndfile_writes(
    container: str, subtype: str, endian: str, channels: int
) -> None:
    fmt = AudioFormat(44100, channels, BITS[subtype], is_float=subtype == "FLOAT")
    # an even number: libsndfile counts the pad byte of AIFF as a sample
    samples = values(fmt, 332)
    data = made_by_libsndfile(samples, container, subtype, endian)
    for pipe in (False, True):
        got = restore(data, pipe=pipe)
        assert got.samples.tobytes() == samples.tobytes()
        assert got.source.format.bits_per_sample == fmt.bits_per_sample
        assert got.source.format.is_float == fmt.is_float
        assert not got.source.warnings


@pytest.mark.parametrize("pipe", [False, True])
@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("FLAC", "PCM_S8"),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
        ("CAF", "PCM_S8"),
        ("CAF", "PCM_16"),
        ("CAF", "PCM_24"),
        ("CAF", "PCM_32"),
        ("CAF", "FLOAT"),
        ("AU", "PCM_16"),
        ("AU", "PCM_32"),
        ("AU", "FLOAT"),
        ("NIST", "PCM_16"),
        ("VOC", "PCM_16"),
    ],
)
def test_other_formats_give_the_same_samples(container: str, subtype: str, pipe: bool) -> None:
    fmt = AudioFormat(44100, 2, BITS[subtype], is_float=subtype == "FLOAT")
    samples = values(fmt, 331)
    data = made_by_libsndfile(samples, container, subtype)
    with open_source(Pipe(data) if pipe else io.BytesIO(data)) as source:  # type: ignore[arg-type]
        assert source.container == container.lower()
        assert not source.restorable
        assert source.packing is None
        assert "audio only" in source.warnings[0]
        assert source.format == fmt
        assert source.num_frames == 331
        parts = []
        while len(part := source.read(100)):
            parts.append(part)
        assert np.concatenate(parts).tobytes() == samples.tobytes()
        assert parts[0].dtype == samples.dtype
        assert list(source.tail()) == []
        assert source.digest == b""


def test_lossy_formats_give_what_their_decoder_gives() -> None:
    sine = np.sin(np.arange(9000) / 20).astype(np.float32)
    file = io.BytesIO()
    soundfile.write(file, sine, 44100, format="OGG", subtype="VORBIS")
    expected = soundfile.read(io.BytesIO(file.getvalue()), dtype="float32", always_2d=True)[0]
    with open_source(io.BytesIO(file.getvalue())) as source:
        assert source.format.is_float
        assert source.num_frames is None
        assert any("lossy" in warning for warning in source.warnings)
        assert np.array_equal(source.read(10000), expected)


@pytest.mark.parametrize(
    ("container", "subtype"), [("AU", "ULAW"), ("AU", "DOUBLE"), ("CAF", "ALAW"), ("WAV", "ULAW")]
)
def test_codings_that_cannot_be_kept_are_refused(container: str, subtype: str) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(10), 44100, subtype, format=container)
    with pytest.raises(UnsupportedAudio, match="convert the file"):
        open_source(io.BytesIO(file.getvalue()))


def test_errors_of_the_file_come_through_libsndfile() -> None:
    class Broken(io.BytesIO):
        fails = False

        def read(self, size: int | None = -1) -> bytes:
            if self.fails:
                raise OSError("the disk is gone")
            return super().read(size)

        def write(self, data: Any) -> int:
            if self.fails:
                raise OSError("the disk is gone")
            return super().write(data)

    for container in ("FLAC", "CAF"):
        stream = Broken(made_by_libsndfile(noise(200000, 2, 16), container, "PCM_16"))
        source = open_source(stream)
        stream.fails = True
        with pytest.raises(OSError, match="the disk is gone"):
            source.read(200000)
    stream = Broken()
    sink = open_sink(stream, AudioFormat(44100, 2, 16), "flac", 200000)
    stream.fails = True
    with pytest.raises(OSError, match="the disk is gone"):
        sink.write(noise(200000, 2, 16))


def test_a_missing_soundfile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise MissingDependency("this format needs the package soundfile")

    monkeypatch.setattr(other, "load_soundfile", missing)
    monkeypatch.setattr(other_sink, "load_soundfile", missing)
    with pytest.raises(MissingDependency):
        open_source(io.BytesIO(b"caff" + bytes(100)))
    with pytest.raises(MissingDependency):
        open_sink(io.BytesIO(), AudioFormat(44100, 2, 16), "flac")
