from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from wavmaker import (
    UNKNOWN,
    Pipe,
    aiff,
    bytes_of,
    chunk,
    comm,
    extensible,
    float_bits,
    fmt,
    noise,
    restore,
    rf64,
    w64,
    wav,
)

from nlac._errors import NotRestorable, UnsupportedAudio, UsageError
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing
from nlac.audio.raw import RawSpec
from nlac.audio.source import open_source

BOTH = pytest.mark.parametrize("pipe", [False, True])
SAMPLES = noise(100, 2, 16)
DATA = bytes_of(SAMPLES, 2)
BIG = bytes_of(SAMPLES, 2, "big")


# ---- WAV -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("size", [14, 16, 18, 20, 40, 50])
def test_wav_fmt_of_any_length(size: int, pipe: bool) -> None:
    got = restore(wav(fmt(size=size, cb_size=max(0, size - 18)), DATA), pipe=pipe)
    assert got.source.container == "wav"
    assert got.source.format == AudioFormat(44100, 2, 16)
    assert np.array_equal(got.samples, SAMPLES)
    assert not got.source.warnings


def test_wav_cb_size_that_lies() -> None:
    got = restore(wav(fmt(size=18, cb_size=22), DATA))
    assert "cbSize" in got.warnings
    got = restore(wav(extensible(cb_size=0), DATA))
    assert "cbSize" in got.warnings
    assert np.array_equal(got.samples, SAMPLES)


@BOTH
@pytest.mark.parametrize(
    ("bits", "width"), [(8, 1), (16, 2), (24, 3), (32, 4), (12, 2), (20, 3), (4, 1), (1, 1)]
)
def test_wav_depths(bits: int, width: int, pipe: bool) -> None:
    samples = noise(101, 1, bits)
    shifted = samples.astype(np.int64) << (8 * width - bits)
    data = bytes_of(shifted, width)
    if width == 1:
        data = bytes(byte ^ 0x80 for byte in data)
    got = restore(wav(fmt(channels=1, bits=bits), data), pipe=pipe)
    assert got.source.format.bits_per_sample == bits
    assert got.source.packing == Packing(width, unsigned=width == 1, shift=8 * width - bits)
    assert np.array_equal(got.samples, samples)


def test_wav_24_bits_in_4_bytes() -> None:
    samples = noise(50, 2, 24)
    data = bytes_of(samples.astype(np.int64) << 8, 4)
    for contents in (fmt(bits=24, block_align=8), extensible(bits=32, valid=24)):
        got = restore(wav(contents, data))
        assert got.source.packing == Packing(4, shift=8)
        assert np.array_equal(got.samples, samples)


def test_wav_frame_size_that_makes_no_sense_yields_to_the_depth() -> None:
    for frame in (0, 1, 3, 5, 8, 2000):
        got = restore(wav(fmt(block_align=frame), DATA))
        assert np.array_equal(got.samples, SAMPLES)
        assert "frames of" in got.warnings


def test_wav_without_depth_takes_it_from_the_frame_size() -> None:
    assert np.array_equal(restore(wav(fmt(bits=0, block_align=4), DATA)).samples, SAMPLES)
    with pytest.raises(UnsupportedAudio, match="no depth"):
        restore(wav(fmt(bits=0, block_align=3), DATA))


@BOTH
def test_wav_extensible_with_valid_bits_and_mask(pipe: bool) -> None:
    samples = noise(40, 6, 20)
    data = bytes_of(samples << 4, 3)
    got = restore(wav(extensible(6, bits=24, valid=20, mask=0x3F), data), pipe=pipe)
    assert got.source.format == AudioFormat(48000, 6, 20, channel_mask=0x3F)
    assert np.array_equal(got.samples, samples)


@pytest.mark.parametrize("valid", [0, 16, 17, 200])
def test_wav_extensible_valid_bits_that_make_no_sense(valid: int) -> None:
    got = restore(wav(extensible(valid=valid), DATA))
    assert got.source.format.bits_per_sample == 16
    assert ("valid bits" in got.warnings) == (valid > 16)


@BOTH
def test_wav_true_depth_that_does_not_fit_the_header(pipe: bool) -> None:
    samples = np.zeros((100, 2), np.int32)
    samples[77, 1] = 3
    data = wav(extensible(valid=12), bytes_of(samples, 2))
    with pytest.raises(NotRestorable, match="frame 77, channel 1"):
        restore(data, pipe=pipe)
    got = restore(data, pipe=pipe, full_depth=True)
    assert got.source.format.bits_per_sample == 16
    assert np.array_equal(got.samples, samples)


@BOTH
def test_wav_float_keeps_every_bit(pipe: bool) -> None:
    samples = float_bits()
    for contents in (fmt(3, bits=32), fmt(3, bits=32, size=18), extensible(bits=32, sub=3)):
        data = wav(contents, samples.tobytes(), before=chunk(b"fact", struct.pack("<I", 7)))
        got = restore(data, pipe=pipe)
        assert got.source.format.is_float
        assert got.samples.tobytes() == samples.tobytes()


@BOTH
@pytest.mark.parametrize("size", [UNKNOWN, 0])
def test_wav_as_pipes_write_it(size: int, pipe: bool) -> None:
    riff = size if size else 36
    data = wav(fmt(), DATA, data_size=size, riff_size=riff)
    got = restore(data, pipe=pipe)
    if size == 0 and not pipe:
        assert len(got.samples) == 0
        assert got.tail == DATA
        assert "size is 0 but 400 bytes follow" in got.warnings
        got = restore(data, ignore_sizes=True)
    assert np.array_equal(got.samples, SAMPLES)
    assert ("as programs write to pipes" in got.warnings) == (size == UNKNOWN and not pipe)


def test_wav_empty_on_a_pipe_with_chunks_after_it() -> None:
    got = restore(wav(fmt(), b"", after=chunk(b"LIST", b"INFO")), pipe=True)
    assert len(got.samples) == 0
    assert got.tail == chunk(b"LIST", b"INFO")


@BOTH
def test_wav_with_no_samples_at_all(pipe: bool) -> None:
    got = restore(wav(fmt(), b""), pipe=pipe)
    assert got.samples.shape == (0, 2)
    assert not got.source.warnings


@BOTH
def test_wav_incomplete_last_frame_after_unknown_size(pipe: bool) -> None:
    got = restore(wav(fmt(), DATA + b"abc", data_size=UNKNOWN, pad=False), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail == b"abc"
    assert "incomplete frame of 3 bytes" in got.warnings


@BOTH
def test_wav_incomplete_last_frame_of_a_declared_size(pipe: bool) -> None:
    after = chunk(b"LIST", b"INFO")
    got = restore(wav(fmt(), DATA + b"abc", after=after), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail == b"abc\0" + after
    assert "incomplete frame of 3 bytes" in got.warnings


@BOTH
@pytest.mark.parametrize("cut", [1, 4, 399, 400])
def test_wav_truncated(cut: int, pipe: bool) -> None:
    whole = wav(fmt(), DATA)
    got = restore(whole[:-cut], pipe=pipe)
    assert len(got.samples) == (400 - cut) // 4
    assert np.array_equal(got.samples, SAMPLES[: len(got.samples)])
    assert "truncated" in got.warnings
    assert ("incomplete frame" in got.warnings) == (cut % 4 > 0)


def test_wav_riff_size_that_is_wrong_is_told() -> None:
    assert "ends at byte 1008" in restore(wav(fmt(), DATA, riff_size=1000)).warnings
    assert not restore(wav(fmt(), DATA, riff_size=UNKNOWN)).source.warnings
    got = restore(wav(fmt(), DATA) + b"some bytes more")
    assert got.tail == b"some bytes more"
    assert "ends at byte" in got.warnings


@BOTH
def test_wav_chunks_all_around(pipe: bool) -> None:
    before = chunk(b"bext", bytes(601)) + chunk(b"JUNK", b"x" * 28) + chunk(b"cue ", b"\1" * 4)
    after = chunk(b"LIST", b"INFOISFT\3\0\0\0ab\0") + chunk(b"junk", b"") + chunk(b"odd.", b"1")
    samples = noise(33, 1, 24)
    got = restore(
        wav(fmt(channels=1, bits=24), bytes_of(samples, 3), before=before, after=after), pipe=pipe
    )
    assert np.array_equal(got.samples, samples)
    assert got.tail == b"\0" + after
    assert not got.source.warnings


@BOTH
@pytest.mark.parametrize("name", [b"bext", b"abcd"])
def test_wav_odd_chunk_without_pad_byte(name: bytes, pipe: bool) -> None:
    before = chunk(name, b"abc", pad=False)
    got = restore(wav(fmt(), DATA, before=before), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert "no pad byte" in got.warnings


@pytest.mark.parametrize("pad", [b"\0", b"f", b"x", b"\xff"])
def test_wav_odd_chunk_with_any_pad_byte(pad: bytes) -> None:
    got = restore(wav(fmt(), DATA, before=chunk(b"abcd", b"abc", pad=False) + pad))
    assert np.array_equal(got.samples, SAMPLES)
    assert not got.source.warnings


def test_wav_second_fmt_chunk_is_not_used() -> None:
    data = wav(fmt(), DATA, before=chunk(b"fmt ", fmt(channels=1)))
    got = restore(data)
    assert got.source.format.channels == 1
    assert "second fmt" in got.warnings


def test_rifx_is_big_endian() -> None:
    got = restore(wav(fmt(order=">"), BIG, magic=b"RIFX"))
    assert got.source.packing == Packing(2, big_endian=True)
    assert np.array_equal(got.samples, SAMPLES)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (fmt(3, bits=64), "64-bit float"),
        (fmt(3, bits=16), "16-bit float"),
        (fmt(1, bits=64), "64-bit integer"),
        (fmt(1, bits=40), "40-bit integer"),
        (fmt(6, bits=8), "A-law"),
        (fmt(7, bits=8), "mu-law"),
        (fmt(2, bits=4), "Microsoft ADPCM"),
        (fmt(0x11, bits=4), "IMA ADPCM"),
        (fmt(0x55, bits=0), "MP3"),
        (fmt(0x1234), "unknown coding"),
        (extensible(sub=6), "A-law"),
        (extensible()[:-1] + b"?", "unknown sub-format"),
        (extensible()[:30], "30 of 40 bytes"),
        (fmt(channels=0), "0 channels"),
        (fmt(channels=256), "256 channels"),
        (fmt(rate=0), "sample rate of 0"),
        (fmt(size=12), "12 bytes"),
    ],
)
def test_wav_that_cannot_be_coded_says_why(contents: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        restore(wav(contents, DATA))


def test_wav_of_255_channels() -> None:
    samples = noise(3, 255, 32)
    got = restore(wav(fmt(channels=255, bits=32), bytes_of(samples, 4)))
    assert np.array_equal(got.samples, samples)


@BOTH
def test_every_cut_of_a_header_is_a_clear_error(pipe: bool) -> None:
    before = chunk(b"LIST", b"INFOab")
    for whole, length in (
        (wav(fmt(), DATA, before=before), 12 + 14 + 24 + 8),
        (rf64(fmt(), DATA), 12 + 36 + 24 + 8),
        (w64(fmt(), DATA), 40 + 40 + 24),
        (aiff(comm(frames=100), BIG), 12 + 26 + 16),
    ):
        assert len(whole) == length + 400
        for cut in range(16, length):
            stream = Pipe(whole[:cut]) if pipe else io.BytesIO(whole[:cut])
            with pytest.raises(UnsupportedAudio, match=r"ends at byte|size is|begins with"):
                open_source(stream)  # type: ignore[arg-type]


# ---- RF64, BW64, W64 -----------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_rf64_sizes_come_from_ds64(magic: bytes, pipe: bool) -> None:
    after = chunk(b"LIST", b"INFO")
    got = restore(rf64(fmt(), DATA, magic=magic, after=after), pipe=pipe)
    assert got.source.container == magic.decode().lower()
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail == after
    assert not got.source.warnings


def test_rf64_own_data_size_counts_if_it_is_there() -> None:
    after = chunk(b"LIST", b"INFO")
    got = restore(rf64(fmt(), DATA, after=after, data_size=400, sizes=(476, 99)))
    assert np.array_equal(got.samples, SAMPLES)


@pytest.mark.parametrize("sizes", [(0, 0), (2**64 - 1, 2**64 - 1)])
def test_rf64_as_pipes_write_it(sizes: tuple[int, int]) -> None:
    assert np.array_equal(restore(rf64(fmt(), DATA, sizes=sizes), pipe=True).samples, SAMPLES)


def test_rf64_that_claims_more_than_there_is() -> None:
    got = restore(rf64(fmt(), DATA, sizes=(2**40, 2**40)))
    assert np.array_equal(got.samples, SAMPLES)
    assert "truncated" in got.warnings


def test_rf64_without_ds64() -> None:
    got = restore(wav(fmt(), DATA, magic=b"RF64", data_size=UNKNOWN))
    assert np.array_equal(got.samples, SAMPLES)
    assert "without a ds64" in got.warnings


@BOTH
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_w64(bits: int, pipe: bool) -> None:
    samples = noise(41, 1, bits)
    data = bytes_of(samples, bits // 8)
    if bits == 8:
        data = bytes(byte ^ 0x80 for byte in data)
    got = restore(w64(fmt(channels=1, bits=bits), data, after=b"more of it"), pipe=pipe)
    assert got.source.container == "w64"
    assert np.array_equal(got.samples, samples)
    assert got.tail.endswith(b"more of it")


@pytest.mark.parametrize("size", [2**63 - 1, 2**64 - 1, 0, 23, 2**50])
def test_w64_as_pipes_write_it(size: int) -> None:
    data = w64(fmt(), DATA, data_size=size, riff_size=0)
    assert np.array_equal(restore(data, pipe=True).samples, SAMPLES)
    got = restore(data, ignore_sizes=size < 24)
    assert np.array_equal(got.samples, SAMPLES)


# ---- AIFF and AIFF-C -----------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(("bits", "width"), [(8, 1), (16, 2), (24, 3), (32, 4), (12, 2), (20, 3)])
def test_aiff_depths(bits: int, width: int, pipe: bool) -> None:
    samples = noise(31, 3, bits)
    data = bytes_of(samples.astype(np.int64) << (8 * width - bits), width, "big")
    got = restore(aiff(comm(3, 31, bits), data, after=chunk(b"MARK", b"ab", order=">")), pipe=pipe)
    assert got.source.container == "aiff"
    assert got.source.format == AudioFormat(44100, 3, bits)
    assert np.array_equal(got.samples, samples)
    assert not got.source.warnings


@BOTH
@pytest.mark.parametrize(
    ("compression", "bits", "packing"),
    [
        (b"NONE", 16, Packing(2, big_endian=True)),
        (b"twos", 24, Packing(3, big_endian=True)),
        (b"sowt", 16, Packing(2)),
        (b"sowt", 8, Packing(1)),
        (b"sowt", 24, Packing(3)),
        (b"sowt", 32, Packing(4)),
        (b"raw ", 8, Packing(1, big_endian=True, unsigned=True)),
        (b"in24", 24, Packing(3, big_endian=True)),
        (b"in32", 32, Packing(4, big_endian=True)),
        (b"42ni", 24, Packing(3)),
        (b"23ni", 32, Packing(4)),
        (b"fl32", 32, Packing(4, big_endian=True, is_float=True)),
        (b"FL32", 32, Packing(4, big_endian=True, is_float=True)),
    ],
)
def test_aifc_codings(compression: bytes, bits: int, packing: Packing, pipe: bool) -> None:
    samples = float_bits() if packing.is_float else noise(7, 2, bits)
    contents = comm(2, len(samples), bits, compression=compression)
    got = restore(aiff(contents, packing.pack(samples), form=b"AIFC"), pipe=pipe)
    assert got.source.container == "aifc"
    assert got.source.packing == packing
    assert got.samples.tobytes() == samples.tobytes()


@pytest.mark.parametrize(
    ("compression", "reason"),
    [(b"fl64", "64-bit float"), (b"ulaw", "mu-law"), (b"ima4", "ADPCM"), (b"Zzz\x01", "unknown")],
)
def test_aifc_that_cannot_be_coded_says_why(compression: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        restore(aiff(comm(frames=100, compression=compression), BIG, form=b"AIFC"))


@BOTH
@pytest.mark.parametrize("offset", [0, 1, 8, 512])
def test_aiff_offset_of_the_samples(offset: int, pipe: bool) -> None:
    got = restore(aiff(comm(frames=100), BIG, offset=offset), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert not got.source.warnings


def test_aiff_offset_beyond_the_chunk() -> None:
    with pytest.raises(UnsupportedAudio, match="begin 500 bytes in"):
        restore(aiff(comm(frames=100), b"", offset=500, ssnd_size=100))
    with pytest.raises(UnsupportedAudio, match="4 bytes; 8"):
        restore(aiff(comm(frames=100), BIG, ssnd_size=4))


@BOTH
@pytest.mark.parametrize(("frames", "read"), [(99, 99), (101, 100), (1, 1), (0, 100)])
def test_aiff_counts_that_disagree(frames: int, read: int, pipe: bool) -> None:
    got = restore(aiff(comm(frames=frames), BIG), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES[:read])
    assert ("smaller number" in got.warnings) == (frames > 0)


@pytest.mark.parametrize("size", [0, UNKNOWN])
@pytest.mark.parametrize("frames", [0, UNKNOWN, 100])
def test_aiff_as_pipes_write_it(size: int, frames: int) -> None:
    data = aiff(comm(frames=frames), BIG, ssnd_size=size, form_size=size)
    assert np.array_equal(restore(data, pipe=True).samples, SAMPLES)
    assert np.array_equal(restore(data, ignore_sizes=size == 0).samples, SAMPLES)


def test_aiff_size_0_in_a_file() -> None:
    got = restore(aiff(comm(frames=100), BIG, ssnd_size=0, form_size=0))
    assert len(got.samples) == 0
    assert "size is 0" in got.warnings


@BOTH
def test_aiff_common_chunk_after_the_samples(pipe: bool) -> None:
    got = restore(aiff(comm(frames=100), BIG, comm_last=True), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail[:4] == b"COMM"


def test_aiff_without_common_chunk() -> None:
    data = aiff(comm(frames=100), BIG).replace(b"COMM", b"COMX")
    with pytest.raises(UnsupportedAudio, match="no 'COMM' chunk"):
        restore(data)


@pytest.mark.parametrize("rate", [1, 8000, 44100, 192000, 2**31, 2**32 - 1])
def test_aiff_rates(rate: int) -> None:
    got = restore(aiff(comm(frames=100, rate=rate), BIG))
    assert got.source.format.sample_rate == rate
    assert not got.source.warnings


def test_aiff_rate_that_is_not_whole() -> None:
    got = restore(aiff(comm(frames=100, rate=22254.545454), BIG))
    assert got.source.format.sample_rate == 22255
    assert "22254.5455" in got.warnings


@pytest.mark.parametrize(
    "rate", [bytes(10), b"\xff" * 10, b"\x7f\xff" + bytes(8), b"\xc0\x0e\xac\x44" + bytes(6)]
)
def test_aiff_rates_that_are_none(rate: bytes) -> None:
    contents = comm(frames=100)[:8] + rate
    with pytest.raises(UnsupportedAudio, match="sample rate"):
        restore(aiff(contents, BIG))


# ---- raw -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("encoding", "packing"),
    [
        ("u8", Packing(1, unsigned=True)),
        ("s8", Packing(1)),
        ("s16le", Packing(2)),
        ("s16be", Packing(2, big_endian=True)),
        ("u16le", Packing(2, unsigned=True)),
        ("s24le", Packing(3)),
        ("s24be", Packing(3, big_endian=True)),
        ("s32le", Packing(4)),
        ("s32be", Packing(4, big_endian=True)),
        ("f32le", Packing(4, is_float=True)),
        ("f32be", Packing(4, big_endian=True, is_float=True)),
    ],
)
def test_raw_encodings(encoding: str, packing: Packing, pipe: bool) -> None:
    spec = RawSpec.parse(f"48000,{encoding},2")
    assert spec == RawSpec(48000, encoding, 2)
    samples = noise(55, 2, packing.bits_per_sample)
    if packing.is_float:
        samples = samples.view(np.float32)
    got = restore(packing.pack(samples) + b"\x01", pipe=pipe, raw=spec)
    assert got.source.container == "raw"
    assert got.source.head == b""
    assert got.source.packing == packing
    assert got.samples.tobytes() == samples.tobytes()
    assert got.tail == b"\x01"


@pytest.mark.parametrize(
    "text", ["", "44100", "44100,s16le", "44100,s16le,2,1", "x,s16le,2", "44100,s16,2", "1,s8,-1"]
)
def test_raw_specs_of_wrong_shape(text: str) -> None:
    with pytest.raises(UsageError, match="s16le"):
        RawSpec.parse(text)


@pytest.mark.parametrize("text", ["0,s16le,2", "8000,s16le,0", "8000,f64le,1", "8000,s8,256"])
def test_raw_that_cannot_be_coded(text: str) -> None:
    with pytest.raises(UnsupportedAudio, match="cannot be coded"):
        RawSpec.parse(text)


def test_raw_takes_any_bytes_even_none() -> None:
    assert len(restore(b"", raw=RawSpec.parse("8000,s16le,1")).samples) == 0
    got = restore(wav(fmt(), DATA), raw=RawSpec.parse("8000,u8,1"))
    assert len(got.samples) == 444


# ---- the source itself ---------------------------------------------------------------


def test_paths_are_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(fmt(), DATA))
    with open_source(path) as source:
        assert source.num_frames == source.expected_frames == 100
    with open_source(str(path)) as source:
        assert np.array_equal(source.read(1000), SAMPLES)
    path.write_bytes(b"RIFF")
    with pytest.raises(UnsupportedAudio):
        open_source(path)
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none.wav")


def test_a_file_object_is_read_from_where_it_stands_and_left_open() -> None:
    stream = io.BytesIO(b"before" + wav(fmt(), DATA))
    stream.seek(6)
    with open_source(stream) as source:
        assert source.num_frames == 100
        assert source.head.startswith(b"RIFF")
    assert not stream.closed


def test_the_tail_comes_once_and_last() -> None:
    source = open_source(io.BytesIO(wav(fmt(), DATA, after=chunk(b"LIST", b"INFO"))))
    with pytest.raises(UsageError, match="after all of its samples"):
        source.tail()
    source.read(99)
    with pytest.raises(UsageError, match="after all of its samples"):
        source.tail()
    source.read(1)
    assert b"".join(source.tail()) == chunk(b"LIST", b"INFO")
    with pytest.raises(UsageError, match="once"):
        source.tail()
    with pytest.raises(UsageError, match="cannot read"):
        source.read(-1)


def test_a_long_tail_comes_in_pieces() -> None:
    after = chunk(b"JUNK", bytes(3 << 20))
    source = open_source(io.BytesIO(wav(fmt(), DATA, after=after)))
    source.read(100)
    pieces = list(source.tail())
    assert b"".join(pieces) == after
    assert max(map(len, pieces)) <= 1 << 20


def test_a_pipe_tells_what_its_header_announces() -> None:
    source = open_source(Pipe(wav(fmt(), DATA)))  # type: ignore[arg-type]
    assert source.num_frames is None
    assert source.expected_frames == 100


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(8 << 20))
    with open_source(path, raw=RawSpec(8000, "s16le", 1)) as source:
        source.read(1)
        path.write_bytes(bytes(4 << 20))
        with pytest.raises(UnsupportedAudio, match="did another program change it"):
            source.read(8 << 20)


def test_a_header_that_claims_gigabytes_allocates_nothing() -> None:
    before = b"JUNK" + struct.pack("<I", 0xF0000000)
    with pytest.raises(UnsupportedAudio, match="over 64 MiB before the first sample"):
        restore(wav(fmt(), DATA, before=before), pipe=True)
    before = b"JUNK" + struct.pack("<I", 60 << 20)
    with pytest.raises(UnsupportedAudio, match="ends at byte 444 inside the chunk 'JUNK'"):
        restore(wav(fmt(), DATA, before=before)[:444], pipe=True)


def test_absurdly_many_chunks_end() -> None:
    with pytest.raises(UnsupportedAudio, match="65536 chunks"):
        restore(wav(fmt(), DATA, before=chunk(b"JUNK", b"") * 70000))


def test_inputs_that_are_no_audio() -> None:
    with pytest.raises(UnsupportedAudio, match="0 bytes"):
        open_source(io.BytesIO(b""))
    for junk in (b"x", b"hello, this is a text file\n" * 9, bytes(100)):
        with pytest.raises(UnsupportedAudio, match="unknown"):
            open_source(io.BytesIO(junk))
        with pytest.raises(UnsupportedAudio, match="unknown"):
            open_source(Pipe(junk))  # type: ignore[arg-type]
