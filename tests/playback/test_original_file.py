"""`OriginalFile`: whatever is read of it equals that part of the file that was encoded."""

from __future__ import annotations

import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from original_files import NAMES, RATE, original
from sndfile_tools import read_by_libsndfile
from wavmaker import noise

import nlac
from nlac.audio.format import AudioFormat
from nlac.codec.decoder import parts
from nlac.codec.decoder.access import SpanCache
from nlac.playback.original import OriginalFile


@pytest.fixture
def counted(monkeypatch):
    """Parts of blocks that were decoded: block, first frame, frame after the last."""
    found = []
    decode = parts.decode_part

    def counting(block, stream, start, stop):
        span = decode(block, stream, start, stop)
        found.append((block.header.block_index, span.start, span.start + len(span.samples)))
        return span

    monkeypatch.setattr(parts, "decode_part", counting)
    return found


def _decoded(stream: bytes, container: str | None = None) -> bytes:
    output = io.BytesIO()
    nlac.decode(stream, output, container=container)
    return output.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_all_of_it_is_the_file_that_was_encoded(name):
    data, stream = original(name)
    with OriginalFile(stream) as file:
        assert file.exact
        assert file.size == len(data)
        assert file.read_at(0, file.size) == data == _decoded(stream)
        step = 1001
        parts = [file.read_at(at, step) for at in range(0, len(data) + step, step)]
        assert b"".join(parts) == data


@given(st.data())
@pytest.mark.parametrize("name", NAMES)
def test_any_part_is_that_slice_of_the_file(name, data):
    whole, stream = original(name)
    with OriginalFile(stream, cache_bytes=data.draw(st.sampled_from([None, 0, 3000]))) as file:
        for _ in range(4):
            offset = data.draw(st.integers(0, len(whole) + 10))
            count = data.draw(st.one_of(st.integers(0, 9), st.integers(0, len(whole))))
            assert file.read_at(offset, count) == whole[offset : offset + count]


@pytest.mark.parametrize("name", NAMES)
def test_as_wav_it_is_what_decode_writes(name):
    _data, stream = original(name)
    expected = _decoded(stream, "wav") if not name.endswith("wav") else None
    with OriginalFile(stream) as file:
        view = file.wav()
        got = view.read_at(0, view.size)
        assert view.name == "audio.wav"
        assert not view.exact
        assert len(got) == view.size
        assert got[:4] == b"RIFF"
        assert struct.unpack_from("<I", got, 4)[0] == len(got) - 8
        if expected is not None:
            assert got == expected
        info = nlac.info(stream)
        form = AudioFormat(
            info.sample_rate, info.channels, info.bits_per_sample, info.is_float, info.channel_mask
        )
        samples = nlac.read(stream, always_2d=True)[0]
        assert read_by_libsndfile(got, form).astype(samples.dtype).tobytes() == samples.tobytes()


def test_a_stream_of_samples_alone_is_a_wav_file(tmp_path):
    samples = noise(1000, 2, 24)
    nlac.write(tmp_path / "some.nlac", samples, RATE, bits_per_sample=24)
    with OriginalFile(tmp_path / "some.nlac") as file:
        assert (file.name, file.exact) == ("some.wav", False)
        assert file.read_at(0, file.size) == _decoded((tmp_path / "some.nlac").read_bytes(), "wav")


def test_a_flac_file_is_shown_as_wav(tmp_path):
    samples = noise(5000, 2, 16).astype(np.int16)
    soundfile.write(tmp_path / "some.flac", samples, RATE)
    nlac.encode(tmp_path / "some.flac", tmp_path / "some.nlac", preset="fast")
    with OriginalFile(tmp_path / "some.nlac") as file:
        assert (file.name, file.exact) == ("some.wav", False)
        got = file.read_at(0, file.size)
    np.testing.assert_array_equal(soundfile.read(io.BytesIO(got), dtype="int16")[0], samples)


@pytest.mark.parametrize(
    ("source", "suffix"),
    [("16.wav", ".wav"), ("24.aiff", ".aif"), ("some.w64", ".w64"), ("8.wav", ".WAV")],
)
def test_name_has_the_suffix_of_the_original(source, suffix, tmp_path):
    (tmp_path / f"x{suffix}").write_bytes(original(source)[0])
    nlac.encode(tmp_path / f"x{suffix}", tmp_path / "a take.1.nlac", preset="fast")
    with OriginalFile(tmp_path / "a take.1.nlac") as file:
        assert file.name == f"a take.1{suffix}"


def test_size_and_head_decode_nothing(counted):
    data, stream = original("chunks.wav")
    with OriginalFile(stream) as file:
        assert file.size == len(data)
        assert file.read_at(0, 44) == data[:44]
        assert file.read_at(file.size - 5, 5) == data[-5:]
    assert counted == []


def test_a_request_decodes_the_block_that_it_touches(counted):
    _data, stream = original("16.wav")
    with OriginalFile(stream) as file:
        file.read_at(44 + 4 * 650, 8)
        assert counted == [(2, 0, 300)]
        file.read_at(44 + 4 * 620, 100)
        assert len(counted) == 1


def test_a_request_decodes_the_slice_that_it_touches(counted):
    data, stream = original("slices.wav")
    with OriginalFile(stream) as file:
        assert file.read_at(100_000, 4096) == data[100_000:104_096]
    [(block, start, stop)] = counted
    assert block == 0
    assert stop - start < 90_000


def test_files_may_share_a_cache(counted):
    shared = SpanCache(1 << 20)
    (one, first), (two, second) = original("16.wav"), original("24.wav")
    with OriginalFile(first, shared=shared) as a, OriginalFile(second, shared=shared) as b:
        for _ in range(2):
            assert a.read_at(500, 100) == one[500:600]
            assert b.read_at(500, 100) == two[500:600]
    assert len(counted) == 2
    assert 0 < shared.num_bytes <= 1 << 20


def test_an_open_file_stays_open():
    data, stream = original("16.wav")
    with nlac.open(stream) as opened:
        with OriginalFile(opened) as file:
            assert file.read_at(1000, 50) == data[1000:1050]
        assert opened.read(1).shape == (1, 2)


def test_several_threads_read_one_file():
    data, stream = original("long tail.wav")
    places = [(at * 7919) % len(data) for at in range(300)]
    with OriginalFile(stream, cache_bytes=5000) as file, ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda at: file.read_at(at, 3000), places))
    assert found == [data[at : at + 3000] for at in places]


@pytest.mark.parametrize(("offset", "count"), [(-1, 1), (1, -1), (0.5, 1)])
def test_wrong_places_are_refused(offset, count):
    with OriginalFile(original("16.wav")[1]) as file, pytest.raises(nlac.UsageError):
        file.read_at(offset, count)


def test_what_is_no_stream_is_told(tmp_path):
    (tmp_path / "x.nlac").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(nlac.BadMagic):
        OriginalFile(tmp_path / "x.nlac")


def _readable(file: OriginalFile, data: bytes, step: int = 4096) -> list[bool]:
    """Which pieces can be read; they are what they should be."""
    found = []
    for at in range(0, len(data), step):
        try:
            assert file.read_at(at, step) == data[at : at + step]
        except nlac.CorruptStream:
            found.append(False)
        else:
            found.append(True)
    return found


def test_of_a_damaged_block_its_intact_slices_are_read():
    data, stream = original("slices.wav")
    bad = bytearray(stream)
    bad[len(bad) // 2] ^= 1
    with OriginalFile(bytes(bad)) as file:
        good = _readable(file, data)
        lost = good.count(False)
        assert 0 < lost < len(good) // 2
        first = good.index(False)
        assert good[first : first + lost] == [False] * lost
        with pytest.raises(nlac.CorruptStream, match="block 0"):
            file.read_at(0, len(data))


def test_blocks_behind_a_damaged_one_are_read():
    data, stream = original("16.wav")
    bad = bytearray(stream)
    bad[len(bad) // 2] ^= 1
    with OriginalFile(bytes(bad)) as file:
        good = _readable(file, data, 100)
        assert 0 < good.count(False) <= 14
        assert good[0]
        assert good[-1]


def test_a_damaged_tail_leaves_the_samples():
    data, stream = original("chunks.wav")
    bad = bytearray(stream)
    bad[stream.index(b"INFOINAM")] ^= 1
    with OriginalFile(bytes(bad)) as file:
        assert file.read_at(0, 6044) == data[:6044]
        with pytest.raises(nlac.CorruptStream):
            file.read_at(file.size - 4, 4)


def test_a_block_larger_than_the_shared_cache_is_decoded_once(counted):
    shared = SpanCache(1000)
    data, stream = original("16.wav")
    with OriginalFile(stream, shared=shared) as file:
        for at in range(44, 1000, 100):
            assert file.read_at(at, 100) == data[at : at + 100]
    assert len(counted) == 1
