"""FLAC input: every depth, unknown lengths, Ogg, pipes; and nothing that is damaged."""

from __future__ import annotations

import contextlib
import io
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flac_tools import block, comments, flac, frames, ogg_flac, page
from sndfile_tools import made_by_libsndfile
from wavmaker import Pipe, noise

import nlac
from nlac._errors import NlacError, UnsupportedAudio
from nlac.audio.flac.blocks import Block
from nlac.audio.format import AudioFormat
from nlac.audio.sinks.choice import open_sink
from nlac.audio.source import open_source

BITS = 20
SAMPLES = noise(70, 2, BITS)
SHORT = noise(70, 2, 16)
NO_LENGTH, NO_MD5 = {"total": 0}, {"md5": bytes(16)}
TOLD: list[dict[str, Any]] = [{}, NO_LENGTH, NO_MD5, NO_LENGTH | NO_MD5]
needs_flac = pytest.mark.skipif(shutil.which("flac") is None, reason="the program flac is not here")


def read(data: bytes, *, pipe: bool = False) -> tuple[Any, Any]:
    """Samples and source of a file that is read to its end."""
    stream: Any = Pipe(data) if pipe else io.BytesIO(data)
    parts = []
    with open_source(stream) as source:
        while len(part := source.read(33)):
            parts.append(part)
        parts.append(part)
        assert source.read(5).shape == (0, source.format.channels)
        assert not list(source.tail())
    return np.concatenate(parts), source


@pytest.mark.parametrize("bits", [4, 5, 7, 8, 12, 15, 16, 20, 23, 24, 32])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_depth(bits: int, channels: int) -> None:
    # an odd number of odd samples: WAV pads them, which must not come back
    samples = noise(67, channels, bits)
    for told in TOLD:
        data = flac(samples, bits, **told)
        for file in (data, b"".join(ogg_flac(samples, bits, **told)), tag(11) + data):
            for pipe in (False, True):
                got, source = read(file, pipe=pipe)
                assert np.array_equal(got, samples)
                assert source.container == ("oga" if file.startswith(b"Ogg") else "flac")
                assert source.format.bits_per_sample == bits
                assert source.format.channel_mask == (0x3F if channels == 6 else 0)
                assert source.num_frames == (None if "total" in told else 67)
                assert any("no MD5" in w for w in source.warnings) == ("md5" in told)


def test_no_frames() -> None:
    assert read(flac(SHORT[:0], 16, md5=bytes(16)))[0].shape == (0, 2)


@pytest.mark.parametrize(
    "told",
    [
        {"md5": b"x" * 16},
        {"md5": b"x" * 16, "total": 60},
        {"total": 60} | NO_MD5,
        {"total": 80} | NO_MD5,
        {"total": 16} | NO_MD5,
    ],
)
def test_a_header_that_does_not_fit_the_samples_is_an_error(told: dict[str, Any]) -> None:
    for samples, bits in [(SHORT, 16), (SAMPLES, BITS)]:
        for file in (flac(samples, bits, **told), b"".join(ogg_flac(samples, bits, **told))):
            with pytest.raises(UnsupportedAudio, match=r"MD5|damaged|frames"):
                read(file)


@pytest.mark.parametrize("total", [16, 60, 80])
def test_a_wrong_length_is_told_where_the_md5_is_right(total: int) -> None:
    got, source = read(flac(SHORT, 16, total=total))
    assert np.array_equal(got, SHORT)
    expected = f"decodes to 70 frames, but by its header it has {total}; its MD5 proves the former"
    assert source.warnings[-1].endswith(expected)


def test_streaminfo_may_stand_behind_other_blocks() -> None:
    """Files 7 and 3 of the faulty ones in the FLAC decoder testbench."""
    data = flac(SHORT, 16, blocks=[(4, comments("A=b"))])
    info, tags = data[4:42], data[42 : 42 + 4 + int.from_bytes(data[43:46], "big")]
    swapped = data[:4] + bytes([4]) + tags[1:] + bytes([0x80]) + info[1:] + data[42 + len(tags) :]
    got, source = read(swapped)
    assert np.array_equal(got, SHORT)
    assert source.warnings[1:] == ["not kept: tags (A)"]
    with pytest.raises(UnsupportedAudio, match="another depth or other channels"):
        read(flac(noise(70, 1, 16), 16, body=frames(SHORT, 16)))


@pytest.mark.parametrize("told", TOLD)
def test_damage_is_never_silent(told: dict[str, Any]) -> None:
    for samples, bits in [(SHORT, 16), (SAMPLES, BITS)]:
        good = frames(samples, bits)
        broken = bytearray(good[2])
        broken[30] ^= 4
        for body in (
            [*good[:2], bytes(broken), *good[3:]],
            [*good[:2], *good[3:]],
            [*good[:1], *good[4:]],
            [*good[:3], good[2], *good[3:]],
            [*good[:-1], good[-1][:-1]],
            [*good[:-1], good[-1][:20]],
            [*good, b"some more"],
            [good[0][:-1] + b"?"],
        ):
            # what is proved to be all of the samples may come; nothing else
            with contextlib.suppress(UnsupportedAudio):
                got = read(flac(samples, bits, body=body, **told))[0]
                assert np.array_equal(got, samples)
                assert len(body) > len(good)


def test_a_stream_that_begins_later_is_told() -> None:
    body = frames(SHORT, 16)[1:]
    data = flac(SHORT, 16, body=body, total=0, md5=bytes(16))
    got, source = read(data)
    assert np.array_equal(got, SHORT[16:])
    assert any("begins with frame 16" in warning for warning in source.warnings)
    with pytest.raises(UnsupportedAudio):
        read(flac(SHORT, 16, body=body))


def test_damaged_headers_are_errors() -> None:
    whole = flac(SHORT, 16, blocks=[(4, comments("A=b"))])
    for length in range(len(whole) - sum(map(len, frames(SHORT, 16)))):
        with pytest.raises(UnsupportedAudio):
            open_source(io.BytesIO(whole[:length]))
    with pytest.raises(UnsupportedAudio, match="has no STREAMINFO"):
        open_source(io.BytesIO(b"fLaC" + block(4, b"", last=True)))


def test_damaged_pages_are_errors() -> None:
    pages = ogg_flac(SHORT, 16)
    assert np.array_equal(read(b"".join(pages))[0], SHORT)
    flipped = bytearray(b"".join(pages))
    flipped[-5] ^= 1
    for file, reason in (
        (b"".join(pages[:-1]), "without its last page"),
        (b"".join([*pages[:3], *pages[4:]]), "is missing"),
        (bytes(flipped), "checksum"),
        (b"".join(pages)[:-5], "checksum"),
        (b"".join(pages) * 2, "one after the other"),
        (b"".join(pages) + b"junk", "no Ogg page"),
        (b"".join([*pages[:3], page(b"x" * 255, 3, 1), *pages[4:]]), "does not go on"),
    ):
        with pytest.raises(UnsupportedAudio, match=reason):
            read(file)
    # another stream beside it does not matter
    beside = [pages[0], page(b"video", 0, 2, serial=9), *pages[1:], page(b"more", 1, 4, serial=9)]
    assert np.array_equal(read(b"".join(beside))[0], SHORT)


def test_a_truncated_file_of_libsndfile_is_an_error() -> None:
    data = made_by_libsndfile(noise(50000, 2, 16), "FLAC", "PCM_16")
    with open_source(io.BytesIO(data[: len(data) // 2])) as source:
        source.read(1000)
        with pytest.raises(UnsupportedAudio, match="damaged"):
            source.read(50000)


def tag(length: int) -> bytes:
    return b"ID3\4\0\0\0\0" + bytes((length >> 7, length & 127)) + b"t" * length


def test_what_is_not_kept_is_named(tmp_path: Path) -> None:
    tags = comments("TITLE=One", "artist=Two", "ARTIST=Three")
    blocks = [(1, bytes(9)), (4, tags), (6, b"p"), (6, b"q"), (5, b"c"), (2, b"riffxy"), (9, b"")]
    expected = (
        "not kept: tags (TITLE, ARTIST), 2 pictures, 1 cue sheet, 1 application block 'riff', "
        "1 block of type 9"
    )
    data = flac(SHORT, 16, blocks=blocks)
    assert read(data)[1].warnings[1:] == [expected]
    for file in (tag(3) + data, data + b"TAG" + bytes(125), tag(3) + data + b"TAG" + bytes(125)):
        got, source = read(file)
        assert np.array_equal(got, SHORT)
        assert ("ID3v2" in source.warnings[1]) == file.startswith(b"ID3")
        assert ("ID3v1" in source.warnings[1]) == (b"TAG" in file)
    assert read(flac(SHORT, 16))[1].warnings[1:] == []
    assert "tags (TITLE)" in read(b"".join(ogg_flac(SHORT, 16)))[1].warnings[1]
    path = tmp_path / "a.flac"
    path.write_bytes(data)
    result = nlac.encode(path, tmp_path / "a.nlac", strip_chunks=True, preset="fast")
    assert expected in result.warnings


def test_many_tags_are_counted() -> None:
    data = flac(SHORT, 16, blocks=[(4, comments(*(f"N{i}=" for i in range(20))))])
    assert read(data)[1].warnings[1].endswith("N11, 8 more)")


def test_hostile_comments_are_read_as_far_as_they_go() -> None:
    for contents in (b"", b"\xff" * 40, comments("A=b")[:-2], b"\2\0\0\0me\xff\xff\xff\xff"):
        read(flac(SHORT, 16, blocks=[(4, contents)]))


@needs_flac
@pytest.mark.parametrize("bits", [4, 7, 12, 20, 23])
@pytest.mark.parametrize("channels", [1, 3, 8])
def test_the_program_keeps_the_depth_of_output(bits: int, channels: int) -> None:
    samples = noise(3001, channels, bits)
    for fmt in (AudioFormat(44100, channels, bits), AudioFormat(1000, channels, bits)):
        for blocks in ((), (Block(4, comments("A=b")),)):
            file = io.BytesIO()
            with open_sink(file, fmt, "flac", None, blocks) as sink:
                assert sink.bits_per_sample == bits
                sink.write(samples[:1000])
                sink.write(samples[1000:])
                sink.finish()
            got, source = read(file.getvalue())
            assert np.array_equal(got, samples)
            assert (source.format.bits_per_sample, source.num_frames) == (bits, 3001)
            assert ("tags (A" in "".join(source.warnings)) == bool(blocks)
            assert not any("no MD5" in warning for warning in source.warnings)


@needs_flac
def test_what_the_program_cannot_encode_is_an_error() -> None:
    for fmt in (AudioFormat(44100, 9, 20), AudioFormat(2**31, 1, 20)):
        with open_sink(io.BytesIO(), fmt, "flac") as sink:
            sink.write(noise(9, fmt.channels, 20))
            with pytest.raises(UnsupportedAudio, match="flac says"):
                sink.finish()


def mutated(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(4, len(out) if rng.random() < 0.6 else 120)
        kind = rng.randrange(4)
        if kind == 0:
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[place] = rng.choice((0, 0x7F, 0xF8, 0xFF))
        elif kind == 2:
            del out[place : place + rng.randrange(1, 40)]
        else:
            out[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(out)


def test_mutated_files_give_the_right_samples_or_an_error() -> None:
    rng = random.Random(5)
    unproved = NO_LENGTH | NO_MD5
    seeds = [(flac(SHORT, 16, **told), SHORT) for told in ({}, unproved)]
    seeds += [(b"".join(ogg_flac(SAMPLES, BITS, **told)), SAMPLES) for told in ({}, unproved)]
    for number in range(240):
        data, samples = seeds[number % len(seeds)]
        try:
            got = read(mutated(rng, data))[0]
        except NlacError:
            continue
        assert np.array_equal(got, samples)
