"""Files: restoration, containers, outputs that appear whole, facts, metadata."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from stream_tools import BLOCK, RATE, Pipe, PipeEnd, make_wav

import nlac
from nlac.api.render import carried
from nlac.audio.flac import encoders
from nlac.audio.format import AudioFormat
from nlac.audio.source import open_source
from nlac.bitstream import constants as c
from nlac.bitstream.items import Tags
from nlac.bitstream.metadata import MetadataItem

SECONDS = BLOCK / RATE


@pytest.fixture
def samples():
    return np.random.default_rng(5).integers(-32768, 32768, (3 * BLOCK + 2, 2)).astype(np.int16)


@pytest.fixture
def wav(samples, tmp_path):
    path = tmp_path / "in.wav"
    path.write_bytes(make_wav(samples, b"bext\x03\0\0\0abc\0", b"cue \x02\0\0\0xy"))
    return path


@pytest.fixture
def coded(wav, tmp_path):
    path = tmp_path / "a.nlac"
    nlac.encode(wav, path, block_seconds=SECONDS, tags={"Title": "T", "Artist": ["A", "B"]})
    return path


@pytest.mark.parametrize("way", ["str", "path", "object", "bytes", "pipe"])
def test_every_way_to_give_a_file(way, coded, samples, wav, tmp_path):
    given = {
        "str": lambda: str(coded),
        "path": lambda: coded,
        "object": lambda: Path(coded).open("rb"),  # noqa: SIM115 - closed by `use`
        "bytes": coded.read_bytes,
        "pipe": lambda: Pipe(coded.read_bytes()),
    }[way]

    def use(function, *arguments, **named):
        file = given()
        result = function(file, *arguments, **named)
        if hasattr(file, "close"):
            assert not file.closed
            file.close()
        return result

    np.testing.assert_array_equal(use(nlac.read)[0], samples)
    assert use(nlac.info).num_frames == len(samples)
    assert use(lambda file: len(list(nlac.blocks(file, 10)))) == 5
    assert use(nlac.decode, tmp_path / "back.wav").restored
    assert (tmp_path / "back.wav").read_bytes() == wav.read_bytes()


def test_things_that_are_no_files():
    for bad in (3, None, io.StringIO("x")):
        with pytest.raises(nlac.UsageError):
            nlac.read(bad)
    with pytest.raises(nlac.UsageError):
        nlac.write(io.StringIO(), np.zeros(3, np.int16), RATE)
    with pytest.raises(FileNotFoundError):
        nlac.read("no such file.nlac")
    with pytest.raises(nlac.BadMagic):
        nlac.info(b"RIFF" + bytes(100))


def test_results(wav, coded, samples, tmp_path):
    seen = []
    result = nlac.encode(
        wav, tmp_path / "b.nlac", block_seconds=SECONDS, progress=lambda *a: seen.append(a)
    )
    assert seen[0] == (0, len(samples))
    assert seen[-1] == (len(samples), len(samples))
    assert seen == sorted(set(seen))
    md5 = hashlib.md5(samples.tobytes()).hexdigest()
    assert result.md5 == md5
    assert result.frames == len(samples)
    assert result.bytes_in == wav.stat().st_size
    assert result.bytes_out == (tmp_path / "b.nlac").stat().st_size
    assert result.restorable
    assert result.verified
    assert json.loads(json.dumps(result.to_dict()))["md5"] == md5
    seen.clear()
    decoded = nlac.decode(coded, tmp_path / "b.wav", progress=lambda *a: seen.append(a))
    assert seen[-1] == (len(samples), len(samples))
    assert decoded.md5 == md5
    assert decoded.bytes_out == wav.stat().st_size
    assert json.loads(json.dumps(decoded.to_dict()))["restored"]


def test_info(coded, wav, samples):
    info = nlac.info(coded)
    assert info.num_frames == len(samples)
    assert info.seconds == len(samples) / RATE
    assert (info.num_blocks, info.block_length) == (4, BLOCK)
    assert info.predictor == "lpc"
    assert info.container == "wav"
    assert info.original_md5 == hashlib.md5(wav.read_bytes()).hexdigest()
    assert info.original_bytes == wav.stat().st_size
    assert info.num_bytes == coded.stat().st_size
    assert info.ratio == coded.stat().st_size / wav.stat().st_size
    assert info.md5 == hashlib.md5(samples.tobytes()).hexdigest()
    assert info.tags == {"TITLE": ["T"], "ARTIST": ["A", "B"]}
    assert [m.name for m in info.metadata] == ["recipe", "foreign head", "tags", "foreign tail"]
    json.dumps(info.to_dict())


def test_chunks_of_the_original(coded):
    with nlac.open(coded) as file:
        chunks = [(chunk.name, chunk.data) for chunk in file.chunks]
    assert [name for name, _data in chunks] == ["fmt ", "bext", "cue "]
    assert chunks[1:] == [("bext", b"abc"), ("cue ", b"xy")]


def test_chunks_after_an_odd_length(tmp_path):
    fmt = struct.pack("<HHIIHH", 1, 1, RATE, RATE, 1, 8)
    for pad in (b"\0", b""):
        body = b"WAVEfmt \x10\0\0\0" + fmt + b"data\x03\0\0\0abc" + pad + b"note\x01\0\0\0z"
        path = tmp_path / "odd.wav"
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
        out = io.BytesIO()
        nlac.encode(path, out)
        with nlac.open(out) as file:
            assert [chunk.name for chunk in file.chunks] == ["fmt ", "note"]
        back = io.BytesIO()
        nlac.decode(out, back)
        assert back.getvalue() == path.read_bytes()


def test_pictures(samples):
    picture = nlac.Picture(3, "image/png", "front", 1, 1, 24, 0, b"png")
    out = io.BytesIO()
    nlac.write(out, samples, RATE, pictures=[picture])
    with nlac.open(out) as file:
        assert file.pictures == [picture]
        assert file.chunks == []


def test_strip_chunks_writes_a_fresh_file(wav, samples, tmp_path):
    result = nlac.encode(wav, tmp_path / "s.nlac", strip_chunks=True)
    assert not result.restorable
    assert nlac.info(tmp_path / "s.nlac").container is None
    decoded = nlac.decode(tmp_path / "s.nlac", tmp_path / "s.wav")
    assert not decoded.restored
    assert decoded.container == "wav"
    back, rate = soundfile.read(tmp_path / "s.wav", dtype="int16")
    np.testing.assert_array_equal(back, samples)
    assert rate == RATE
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(tmp_path / "s.nlac", io.BytesIO(), container="original")


@pytest.mark.parametrize("suffix", ["flac", "aiff", "w64", "caf", "wav"])
def test_suffix_chooses_the_container(coded, samples, suffix, tmp_path):
    result = nlac.decode(coded, tmp_path / f"b.{suffix}")
    assert result.container == suffix
    assert result.restored == (suffix == "wav")
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / f"b.{suffix}", dtype="int16")[0], samples
    )


def test_container_chosen_by_name(coded, wav, tmp_path):
    result = nlac.decode(coded, tmp_path / "b.flac", container="original")
    assert result.restored
    assert (tmp_path / "b.flac").read_bytes() == wav.read_bytes()
    assert nlac.decode(coded, tmp_path / "noname").restored
    assert nlac.decode(coded, io.BytesIO()).restored
    assert nlac.decode(coded, tmp_path / "b.wav", container="rf64").container == "rf64"
    # a name may ask for it, too
    for name in ("rf64", "bw64"):
        assert nlac.decode(coded, tmp_path / f"c.{name}").container == name
        assert (tmp_path / f"c.{name}").read_bytes()[:4] == name.upper().encode()
    with pytest.raises(nlac.NotRestorable):
        nlac.decode(coded, io.BytesIO(), container="original", start=1)


def test_a_part_is_a_fresh_file(coded, samples, tmp_path):
    result = nlac.decode(coded, tmp_path / "p.wav", start=5, stop=-5)
    assert not result.restored
    assert result.md5 is None
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "p.wav", dtype="int16")[0], samples[5:-5]
    )


def test_audio_only_sources_are_refused_unless_accepted(samples, tmp_path):
    soundfile.write(tmp_path / "a.caf", samples, RATE)
    with pytest.raises(nlac.NotRestorable, match="audio_only"):
        nlac.encode(tmp_path / "a.caf", tmp_path / "a.nlac")
    assert [p.name for p in tmp_path.iterdir()] == ["a.caf"]
    result = nlac.encode(tmp_path / "a.caf", tmp_path / "a.nlac", audio_only=True)
    assert not result.restorable
    assert result.container == "caf"
    np.testing.assert_array_equal(nlac.read(tmp_path / "a.nlac")[0], samples)


def test_declared_depth_that_is_too_small():
    """12 declared bits, of which the file uses 16: all are kept."""
    values = np.random.default_rng(0).integers(-32768, 32768, 3 * BLOCK).astype("<i2").tobytes()
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, 2 * RATE, 2, 16, 22, 12, 4) + guid
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", len(values)) + values
    wav = b"RIFF" + struct.pack("<I", len(body)) + body
    out = io.BytesIO(b"before")
    out.seek(6)
    nlac.encode(io.BytesIO(wav), out, block_seconds=SECONDS)
    data = out.getvalue()[6:]
    assert nlac.info(data).bits_per_sample == 16
    back = io.BytesIO()
    nlac.decode(data, back)
    assert back.getvalue() == wav
    with pytest.raises(nlac.NotRestorable):
        nlac.encode(Pipe(wav), PipeEnd(), block_seconds=SECONDS)


def test_a_restoration_that_fails_leaves_nothing(wav, monkeypatch, tmp_path):
    from nlac.audio.source import RestorableSource

    monkeypatch.setattr(RestorableSource, "digest", property(lambda self: bytes(16)))
    with pytest.raises(nlac.NotRestorable):
        nlac.encode(wav, tmp_path / "a.nlac")
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]


def test_raw_input(samples, tmp_path):
    out = io.BytesIO()
    nlac.encode(io.BytesIO(samples.tobytes() + b"x"), out, raw=f"{RATE},s16le,2")
    np.testing.assert_array_equal(nlac.read(out)[0], samples)
    result = nlac.decode(out, tmp_path / "b.wav")
    assert result.container == "raw"
    assert (tmp_path / "b.wav").read_bytes() == samples.tobytes() + b"x"


def test_existing_outputs_are_refused(coded, wav, tmp_path):
    target = tmp_path / "there"
    target.write_bytes(b"old")
    for call in (
        lambda **force: nlac.encode(wav, target, **force),
        lambda **force: nlac.decode(coded, target, **force),
        lambda **force: nlac.write(target, np.zeros(3, np.int16), RATE, **force),
    ):
        with pytest.raises(nlac.OutputExists, match="force"):
            call()
        assert target.read_bytes() == b"old"
        call(force=True)
        assert target.read_bytes() != b"old"
        target.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        nlac.open(target, "w", sample_rate=RATE, channels=1, bits_per_sample=16)


def test_failures_keep_the_old_file(coded, tmp_path):
    target = tmp_path / "there.wav"
    target.write_bytes(b"old")
    bad = bytearray(coded.read_bytes())
    bad[-300] ^= 1
    before = sorted(tmp_path.iterdir())
    with pytest.raises(nlac.FormatError):
        nlac.decode(bytes(bad), target, force=True)
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == before


def test_input_and_output_must_differ(wav, coded, tmp_path):
    before = wav.read_bytes()
    os.link(wav, tmp_path / "link.wav")
    for target in (wav, tmp_path / "link.wav"):
        with pytest.raises(nlac.UsageError, match="same file"):
            nlac.encode(wav, target, force=True)
    with pytest.raises(nlac.UsageError, match="same file"):
        nlac.decode(coded, coded, force=True)
    assert wav.read_bytes() == before


def test_outputs_have_usual_permissions_and_follow_links(wav, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (tmp_path / "link.nlac").symlink_to(folder / "real.nlac")
    nlac.encode(wav, tmp_path / "link.nlac")
    assert (tmp_path / "link.nlac").is_symlink()
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((folder / "real.nlac").stat().st_mode) == 0o666 & ~mask
    nlac.encode(wav, os.devnull)


def test_nlac_file(coded, samples):
    with nlac.open(coded, threads=1) as file:
        assert len(file) == file.frames == len(samples)
        assert (file.sample_rate, file.channels, file.bits_per_sample) == (RATE, 2, 16)
        assert (file.is_float, file.channel_mask, file.closed) == (False, 0, False)
        assert file.tags["TITLE"] == ["T"]
        assert file.info == nlac.info(coded)
        assert repr(file).startswith("<NlacFile: 50 frames")
        rng = np.random.default_rng(8)
        for _ in range(100):
            position = int(rng.integers(0, len(samples) + 1))
            count = int(rng.integers(-1, 40))
            assert file.seek(position) == position == file.tell()
            stop = None if count < 0 else position + count
            np.testing.assert_array_equal(file.read(count), samples[position:stop])
        assert file.seek(-3, io.SEEK_END) == len(samples) - 3
        assert file.seek(-3, io.SEEK_CUR) == len(samples) - 6
        for bad in (-1, len(samples) + 1):
            with pytest.raises(nlac.UsageError):
                file.seek(bad)
        with pytest.raises(nlac.UsageError):
            file.seek(0, 3)
    assert file.closed
    file.close()
    with pytest.raises(nlac.UsageError, match="closed"):
        file.seek(0)
    with pytest.raises(nlac.UsageError, match="closed"):
        file.read(1)


def test_nlac_writer(samples, tmp_path):
    path = tmp_path / "w.nlac"
    form = {"sample_rate": RATE, "channels": 2, "bits_per_sample": 16}
    with nlac.open(path, "w", **form, tags={"A": "b"}, block_seconds=SECONDS) as file:
        file.write(samples[:20])
        assert len(file) == file.tell() == 20
        assert not path.exists()
        file.write(samples[20:])
    assert file.closed
    with pytest.raises(nlac.UsageError):
        file.write(samples)
    np.testing.assert_array_equal(nlac.read(path)[0], samples)
    assert nlac.info(path).tags == {"A": ["b"]}

    def fail():
        with nlac.open(tmp_path / "x.nlac", "w", **form) as file:
            file.write(samples)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.nlac"]
    with pytest.raises(nlac.UsageError):
        nlac.open(path, "a")


def test_names_of_the_greatest_length(tmp_path):
    # 83 characters, but 249 bytes of the 255 that a name may have
    path = tmp_path / ("音" * 83 + ".nlac")
    nlac.write(path, np.zeros(9, np.int16), RATE)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


PICTURE = nlac.Picture(3, "image/png", "front", 1, 1, 24, 0, b"png")


def flac_facts(data):
    """What a FLAC file holds besides audio, as the encoder names it."""
    with open_source(io.BytesIO(data)) as source:
        while len(source.read(1000)):
            pass
        return source.warnings[1:]


def test_tags_and_pictures_reach_flac(samples, wav, tmp_path):
    path = tmp_path / "a.nlac"
    tags = {"Title": "Ä", "Artist": ["A", "B"]}
    nlac.encode(wav, path, tags=tags, pictures=[PICTURE, PICTURE])
    for out in (tmp_path / "b.flac", PipeEnd(), io.BytesIO()):
        container = None if isinstance(out, Path) else "flac"
        result = nlac.decode(path, out, container=container)
        assert result.warnings == ()
        if isinstance(out, Path):
            data = out.read_bytes()
        else:
            data = out.data if isinstance(out, PipeEnd) else out.getvalue()
        assert flac_facts(data) == ["not kept: tags (TITLE, ARTIST), 2 pictures"]
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            assert file.title == "Ä"
            np.testing.assert_array_equal(file.read(dtype="int16"), samples)


def test_what_a_fresh_file_lacks_is_named(wav, coded, tmp_path):
    result = nlac.decode(coded, tmp_path / "b.w64")
    assert result.warnings == ("not in the w64 file: tags (TITLE, ARTIST)",)
    result = nlac.decode(coded, tmp_path / "c.wav", start=3)
    assert result.warnings == (
        "not in the wav file: tags (TITLE, ARTIST)",
        "not in a part of the file: chunks (bext, cue)",
    )
    result = nlac.decode(coded, tmp_path / "d.w64", recover=True)
    assert result.warnings == ("not in the w64 file: tags (TITLE, ARTIST)",)
    assert nlac.decode(coded, tmp_path / "e.wav").warnings == ()
    assert nlac.decode(coded, None).warnings == ()


def test_items_of_all_kinds_are_carried_or_named():
    tags = Tags.from_mapping({"A": "b"}).to_item()
    items = [
        MetadataItem(c.ITEM_PADDING, bytes(9)),
        tags,
        Tags.from_mapping({"second": "b"}).to_item(),
        PICTURE.to_item(),
        MetadataItem(c.ITEM_PICTURE, b"bad"),
        MetadataItem(c.ITEM_CUE_SHEET, b"FILE"),
        MetadataItem(c.ITEM_APPLICATION, b"riffdata"),
        MetadataItem(200, b"private"),
    ]
    blocks, lost = carried(items, "flac", AudioFormat(RATE, 2, 16))
    assert [(b.kind, b.data) for b in blocks] == [
        (4, tags.data), (6, PICTURE.to_item().data), (2, b"riffdata")
    ]  # fmt: skip
    assert lost == ["1 damaged item of type picture", "1 cue sheet"]
    blocks, lost = carried(items, "wav", AudioFormat(RATE, 2, 16))
    assert blocks == []
    assert sorted(lost, key=lambda text: "damaged" in text) == [
        "tags (A)",
        "1 cue sheet",
        "1 picture",
        "1 application",
        "1 damaged item of type picture",
    ]


@pytest.mark.parametrize(
    ("bits", "container", "depth"),
    [(20, "flac", 24), (20, "caf", 24), (2, "au", 8), (12, "raw", 16), (20, "wav", 20)],
)
def test_a_depth_that_the_container_does_not_have_is_told(bits, container, depth, monkeypatch):
    monkeypatch.setattr(encoders, "_PROGRAM", "no such program")
    stream = io.BytesIO()
    nlac.write(stream, np.ones((9, 1), np.int32), RATE, bits_per_sample=bits)
    result = nlac.decode(stream, io.BytesIO(), container=container)
    told = f"samples of {depth} bits, {1 << (depth - bits)} times those of {bits} bits"
    assert [told in warning for warning in result.warnings] == [True] * (depth != bits)


def test_a_recovered_part_has_no_md5_of_the_whole(coded):
    whole = nlac.decode(coded, None, recover=True)
    assert whole.md5 == nlac.info(coded).md5
    assert nlac.decode(coded, None, recover=True, start=10).md5 is None
