"""Files: ways to give them, results, facts, chunks, restoration; open files and writers."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from stream_tools import BLOCK, RATE, Pipe, PipeEnd

import nlac

SECONDS = BLOCK / RATE


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


def test_raw_input(samples, tmp_path):
    out = io.BytesIO()
    nlac.encode(io.BytesIO(samples.tobytes() + b"x"), out, raw=f"{RATE},s16le,2")
    np.testing.assert_array_equal(nlac.read(out)[0], samples)
    result = nlac.decode(out, tmp_path / "b.wav")
    assert result.container == "raw"
    assert (tmp_path / "b.wav").read_bytes() == samples.tobytes() + b"x"


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
