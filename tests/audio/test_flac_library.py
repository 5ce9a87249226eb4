"""A library of FLAC files as programs write them: to nlac and back, whole and made anew."""

from __future__ import annotations

import io
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from wavmaker import Pipe, noise

import nlac
from nlac.audio.flac.kept import kept_blocks
from nlac.audio.flac.metadata import SEEK_TABLE, STREAMINFO, ogg_blocks, read_blocks
from nlac.audio.flac.ogg import ogg_packets
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import open_sink
from nlac.bitstream.reader import IndexedReader
from nlac.editing.editor import MetadataEditor

pytestmark = pytest.mark.skipif(
    shutil.which("flac") is None or shutil.which("metaflac") is None,
    reason="the programs flac and metaflac are not here",
)
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not here")
FRAMES = 6000
CUE = """CATALOG 1234567890123
FILE "x" WAVE
  TRACK 01 AUDIO
    ISRC USABC0012345
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    INDEX 00 00:00:04
    INDEX 01 00:00:06
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png() -> bytes:
    head = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" + bytes(6))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def music(channels: int, bits: int) -> np.ndarray:
    """A few tones and some noise, with a quiet and a silent part."""
    t = np.arange(FRAMES)[:, None] * (1 + np.arange(channels))
    wave = np.sin(t / 23) + 0.4 * np.sin(t / 7.1) + 0.05 * np.sin(t * 0.9)
    wave[2000:3000] *= 0.01
    samples = np.rint(wave / 1.5 * ((1 << bits - 1) - 1)).astype(np.int64)
    samples += noise(FRAMES, channels, max(2, bits - 6))
    samples[3000:3500] = 0
    top = 1 << bits - 1
    return samples.clip(-top, top - 1).astype(np.int32)


def wav(path: Path, channels: int, bits: int, rate: int = 44100) -> Path:
    if not path.exists():
        fmt = AudioFormat(rate, channels, bits)
        with path.open("wb") as file, open_sink(file, fmt, "wav") as sink:
            sink.write(music(channels, bits))
            sink.finish()
    return path


def run(*command: object, **options: object) -> bytes:
    done = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, **options
    )  # type: ignore[call-overload]
    return done.stdout


# name: channels, bits, rate, options of flac, options of metaflac
FILES: dict[str, tuple[int, int, int, str, str]] = {
    **{f"bits-{b}": (2, b, 44100, "--lax", "") for b in (4, 7, 8, 12, 16, 20, 23, 24, 27, 32)},
    **{f"channels-{c}": (c, 16, 48000, "--channel-map=none", "") for c in (1, 3, 5, 6, 8)},
    "odd-rate": (1, 16, 12345, "--lax", ""),
    "high-rate": (2, 24, 655350, "--lax", ""),
    "fast": (2, 16, 44100, "-0", ""),
    "best": (2, 16, 44100, "-8 -e -p", ""),
    "loose": (2, 16, 44100, "-5 -b 1000 --lax -l 32 -r 12", ""),
    "ogg": (2, 16, 44100, "--ogg -8", ""),
    "ogg-20": (2, 20, 44100, "--ogg --lax -T TITLE=x", ""),
    "seek-table": (2, 16, 44100, "-b 1152 -S 10x -S 1000 -S 5000 -S 99999", ""),
    "no-padding": (2, 16, 44100, "--no-padding --no-seektable", ""),
    "tags": (2, 16, 44100, "-T TITLE=Ä -T Artist=one -T ARTIST=two", ""),
    "pictures": (2, 16, 44100, "--picture 3||front||PNG --picture 4||back||PNG", ""),
    "cue-sheet": (2, 16, 44100, "--cuesheet CUE", ""),
    "application": (2, 16, 44100, "--keep-foreign-metadata", ""),
    "paddings": (2, 16, 44100, "-P 10", "--add-padding=100 --add-padding=3"),
    "bare": (2, 16, 44100, "", "--remove-all --dont-use-padding"),
    "mask": (2, 16, 44100, "-T WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x0600", ""),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("library")
    (path / "x.png").write_bytes(png())
    (path / "x.cue").write_text(CUE)
    return path


@pytest.fixture(scope="module")
def library(folder: Path) -> dict[str, Path]:
    paths = {}
    for name, (channels, bits, rate, options, more) in FILES.items():
        source = wav(folder / f"{channels}-{bits}-{rate}.wav", channels, bits, rate)
        text = options.replace("PNG", str(folder / "x.png")).replace("CUE", str(folder / "x.cue"))
        path = folder / (name + (".oga" if "--ogg" in text else ".flac"))
        run("flac", "--silent", "--force", *text.split(), source, "-o", path)
        if more:
            run("metaflac", *more.split(), path)
        paths[name] = path
    return paths


def listed(path: Path) -> list[str]:
    """What metaflac says of each block but STREAMINFO and seek points; the bytes they hold too."""
    text = run("metaflac", "--list", path).decode("latin-1")
    blocks = re.split(r"(?m)^METADATA block #\d+\n", text)[1:]
    return [
        re.sub(r"    point \d+:.*\n", "", block) for block in blocks if "STREAMINFO" not in block
    ]


def facts(path: Path) -> str:
    shown = ("md5sum", "min-blocksize", "max-blocksize", "total-samples", "bps", "sample-rate")
    return run("metaflac", *(f"--show-{name}" for name in shown), path).decode()


def points(path: Path) -> list[int]:
    """Samples of the seek points that are none of placeholders."""
    text = run("metaflac", "--list", "--block-type=SEEKTABLE", path).decode()
    return [int(number) for number in re.findall(r"sample_number=(\d+)", text)]


def blocks_of(path: Path) -> list[bytes]:
    """Metadata blocks, with what a seek table says of other frames taken out."""
    file = io.BytesIO(path.read_bytes())
    blocks = (
        ogg_blocks(ogg_packets(file.read))
        if path.suffix == ".oga"
        else read_blocks(lambda count, _what: file.read(count))
    )
    return [b[:4] + bytes(len(b) - 4) if b[0] & 127 == SEEK_TABLE else b for b in blocks]


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


@pytest.mark.parametrize("name", ["tags", "ogg-20", "pictures", "cue-sheet", "paddings"])
def test_metadata_without_the_file(name: str, library: dict[str, Path], folder: Path) -> None:
    path, coded = library[name], folder / "inexact.nlac"
    result = nlac.encode(path, coded, preset="fast", exact=False, force=True)
    assert not result.restorable
    assert len(result.warnings) == 1
    assert "audio only" in result.warnings[0]
    whole = nlac.encode(path, io.BytesIO(), preset="fast").bytes_out
    assert result.bytes_out < whole
    # no name, no format: what it was
    back = folder / "back.flac"
    assert nlac.decode(coded, back, force=True).container == "flac"
    if path.suffix == ".oga":
        assert blocks_of(back)[1:] == blocks_of(path)[1:]
    else:
        assert listed(back) == listed(path)
        assert facts(back) == facts(path)
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(coded, folder / "no.flac", container="original")


@needs_ffmpeg
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


def test_tags_and_pictures_show_without_being_stored_twice(
    library: dict[str, Path], folder: Path
) -> None:
    for name in ("tags", "pictures", "ogg-20"):
        for exact in (True, False):
            coded = folder / "shown.nlac"
            nlac.encode(library[name], coded, preset="fast", exact=exact, force=True)
            with nlac.open(coded) as file:
                tags, pictures = file.tags, file.pictures
            assert nlac.info(coded).tags == tags
            assert not {"tags", "picture"} & {item.name for item in nlac.info(coded).metadata}
            if name == "tags":
                assert tags == {"TITLE": ["Ä"], "ARTIST": ["one", "two"]}
            elif name == "pictures":
                assert [(p.picture_type, p.description) for p in pictures] == [
                    (3, "front"), (4, "back")
                ]  # fmt: skip
                assert pictures[0].data == png()
            else:
                assert tags["TITLE"] == ["x"]


def test_pictures_that_were_replaced_are_not_told_twice(
    library: dict[str, Path], folder: Path
) -> None:
    coded = folder / "replaced.nlac"
    nlac.encode(library["pictures"], coded, preset="fast")
    told = nlac.decode(coded, folder / "replaced.wav").warnings
    assert any("2 pictures" in warning for warning in told)
    with MetadataEditor(coded) as editor:
        editor.pictures = editor.pictures[:1]
        editor.save()
    told = nlac.decode(coded, folder / "replaced.wav", force=True).warnings
    assert any(warning.endswith("1 picture") for warning in told)


def test_own_tags_take_the_place_of_those_of_the_file(
    library: dict[str, Path], folder: Path
) -> None:
    coded, anew = folder / "own.nlac", folder / "own.flac"
    nlac.encode(library["tags"], coded, preset="fast", tags={"TITLE": "mine"})
    assert nlac.info(coded).tags == {"TITLE": ["mine"]}
    nlac.decode(coded, anew, container="flac")
    assert run("metaflac", "--export-tags-to=-", anew) == b"TITLE=mine\n"
    kinds = [re.search(r"type: \d+ \((\w+)\)", block)[1] for block in listed(anew)]  # type: ignore[index]
    assert kinds == [re.search(r"\((\w+)\)", b)[1] for b in listed(library["tags"])]  # type: ignore[index]
    # the file itself stays what it was
    nlac.decode(coded, folder / "same.flac")
    assert (folder / "same.flac").read_bytes() == library["tags"].read_bytes()


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


def test_a_part_has_no_cue_sheet_and_no_seek_table(
    library: dict[str, Path], folder: Path
) -> None:
    coded = folder / "part.nlac"
    for name, lost in (("cue-sheet", "the cue sheet"), ("seek-table", "the seek table")):
        nlac.encode(library[name], coded, preset="fast", force=True)
        result = nlac.decode(coded, folder / "part.flac", start=100, force=True)
        assert any(f"not in the flac file: {lost}" in text for text in result.warnings)
        assert not any("CUESHEET" in b or "SEEKTABLE" in b for b in listed(folder / "part.flac"))
    nlac.encode(library["ogg"], coded, preset="fast", force=True)
    assert nlac.decode(coded, folder / "part.flac", stop=100, force=True).container == "flac"


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


def test_kept_blocks_of_either_kind(library: dict[str, Path], folder: Path) -> None:
    """Also where they are only kept, blocks are those of the file, byte by byte."""
    found = []
    for exact in (True, False):
        coded = folder / "kept.nlac"
        nlac.encode(library["ogg-20"], coded, preset="fast", exact=exact, force=True)
        with coded.open("rb") as file:
            found.append(kept_blocks(IndexedReader(file).leading))
    assert found[0] == found[1]
    assert found[0][0].kind == STREAMINFO


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
