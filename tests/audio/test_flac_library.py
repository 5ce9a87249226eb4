"""FLAC files as programs write them: to nlac and back, whole and made anew."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from flac_library import (
    FILES,
    FRAMES,
    blocks_of,
    facts,
    listed,
    music,
    needs_flac,
    points,
    run,
    wav,
)
from wavmaker import Pipe

import nlac
from nlac.bitstream.reader import IndexedReader

pytestmark = needs_flac


@pytest.mark.parametrize("name", FILES)
def test_files_come_back_whole_and_anew(name: str, library: dict[str, Path], folder: Path) -> None:
    """Complaints 2 and 22 of peers' users: what comes back is proved, and tags are not lost."""
    path, coded = library[name], folder / f"{name}.nlac"
    result = nlac.encode(path, coded, preset="fast")
    assert (result.restorable, result.warnings) == (True, ())
    back, anew = folder / f"back{path.suffix}", folder / "anew.flac"
    assert nlac.decode(coded, back, force=True).restored
    assert back.read_bytes() == path.read_bytes()
    decoded = nlac.decode(coded, anew, container="flac", force=True)
    assert not decoded.restored
    run("flac", "--test", "--silent", anew)
    assert decoded.md5 == run("metaflac", "--show-md5sum", anew).decode().strip() == result.md5
    if path.suffix == ".oga":
        # metaflac reads no Ogg: the second and later blocks, as bytes
        assert blocks_of(anew)[1:] == blocks_of(path)[1:]
        return
    assert facts(anew) == facts(path)
    assert listed(anew) == listed(path)
    ahead = points(path)
    assert points(anew) == ahead
    for sample in ahead:
        # the frames of the point hold its sample
        assert run("flac", "-d", "-s", "-c", f"--skip={sample}", anew)[-4:] == run(
            "flac", "-d", "-s", "-c", f"--skip={sample}", path
        )[-4:]  # fmt: skip


@pytest.mark.parametrize("level", [0, 5, 12])
@pytest.mark.parametrize("container", ["flac", "ogg"])
def test_files_of_ffmpeg(level: int, container: str, folder: Path) -> None:
    source = wav(folder / "2-16-44100.wav", 2, 16)
    command = f"ffmpeg -v error -i {source} -compression_level {level} -c:a flac -f {container} -"
    data = run(*command.split())
    coded, back = io.BytesIO(), io.BytesIO()
    assert nlac.encode(data, coded, preset="fast").restorable
    nlac.decode(coded.getvalue(), back)
    assert back.getvalue() == data


def test_from_and_to_pipes(library: dict[str, Path], folder: Path) -> None:
    """A pipe gets neither length nor MD5 from flac; complaint 17 of peers' users."""
    source = wav(folder / "2-16-44100.wav", 2, 16)
    data = run("flac", "--silent", "--stdout", "-", input=source.read_bytes())
    coded, back = io.BytesIO(), io.BytesIO()
    result = nlac.encode(data, coded, preset="fast")
    assert result.restorable
    assert any("no MD5" in warning for warning in result.warnings)
    nlac.decode(coded.getvalue(), back)
    assert back.getvalue() == data


def test_speaker_positions(library: dict[str, Path], folder: Path) -> None:
    coded = folder / "mask.nlac"
    nlac.encode(library["mask"], coded, preset="fast", force=True)
    assert nlac.info(coded).channel_mask == 0x600
    # from another file the tag is made
    out = io.BytesIO()
    nlac.write(out, music(2, 16), 44100, bits_per_sample=16, channel_mask=0x600, preset="fast")
    nlac.decode(out.getvalue(), folder / "masked.flac")
    shown = run("metaflac", "--show-tag=WAVEFORMATEXTENSIBLE_CHANNEL_MASK", folder / "masked.flac")
    assert shown.strip().endswith(b"=0x0600")


def test_another_format_names_what_it_lacks(library: dict[str, Path], folder: Path) -> None:
    coded = folder / "other.nlac"
    nlac.encode(library["pictures"], coded, preset="fast", force=True)
    result = nlac.decode(coded, folder / "other.wav")
    assert result.warnings == ("not in the wav file: 2 pictures",)


def test_what_is_left_of_a_damaged_stream_is_a_flac_file(
    library: dict[str, Path], folder: Path
) -> None:
    coded = folder / "damaged.nlac"
    nlac.encode(library["best"], coded, preset="fast", block_seconds=0.05, force=True)
    data = bytearray(coded.read_bytes())
    with coded.open("rb") as file:
        offsets = IndexedReader(file)._offsets
    data[offsets[1] + 100] ^= 1
    out = folder / "recovered.flac"
    result = nlac.decode(bytes(data), out, recover=True)
    assert (len(result.lost), result.container, result.restored) == (1, "flac", False)
    assert result.frames == FRAMES
    found = run("flac", "-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed",
                "-F", out)  # fmt: skip
    samples = np.frombuffer(found, "<i2").reshape(-1, 2).copy()
    expected = music(2, 16)
    lost = result.lost[0]
    expected[lost.start : lost.stop] = 0
    assert np.array_equal(samples, expected)


def test_max_output_holds_for_frames(library: dict[str, Path], folder: Path) -> None:
    coded = folder / "limit.nlac"
    nlac.encode(library["best"], coded, preset="fast", force=True)
    size = library["best"].stat().st_size
    nlac.decode(coded, io.BytesIO(), max_output=max(size, 4 * FRAMES))
    with pytest.raises(nlac.LimitExceeded):
        nlac.decode(coded, io.BytesIO(), max_output=size - 1)


@pytest.mark.parametrize("bits", [8, 16, 20, 24])
@pytest.mark.parametrize("known", [True, False])
def test_a_flac_file_of_no_samples(bits: int, known: bool) -> None:
    """Encoders write nothing then; the file has STREAMINFO all the same, and can be read."""
    stream, flac, again = io.BytesIO(), io.BytesIO(), io.BytesIO()
    samples = np.zeros((0, 2), np.int32)
    nlac.write(stream, samples, 44100, bits_per_sample=bits)
    source = stream.getvalue() if known else Pipe(stream.getvalue())
    nlac.decode(source, flac, container="flac")
    assert len(flac.getvalue()) >= 42
    found = nlac.encode(flac.getvalue(), again)
    assert (found.frames, found.restorable, found.channels) == (0, True, 2)
    assert nlac.info(again.getvalue()).bits_per_sample == bits
