"""The walkers of WAV and its 64-bit forms: RF64, BW64 and W64."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from wavmaker import (
    BIG,
    BOTH,
    DATA,
    SAMPLES,
    UNKNOWN,
    bytes_of,
    chunk,
    extensible,
    float_bits,
    fmt,
    noise,
    restore,
    rf64,
    w64,
    wav,
)

from nlac._errors import NotRestorable, UnsupportedAudio
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing

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
    assert np.array_equal(got.samples, SAMPLES)
    assert ("as programs write to pipes" in got.warnings) == (size == UNKNOWN and not pipe)
    assert ("size is 0 and no chunk follows" in got.warnings) == (size == 0 and not pipe)


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


@BOTH
@pytest.mark.parametrize("long_size", [99, 0, 2**63, 2**40])
def test_rf64_own_data_size_counts_if_ds64_cannot_be_right(long_size: int, pipe: bool) -> None:
    after = chunk(b"LIST", b"INFO")
    data = rf64(fmt(), DATA, after=after, data_size=400, sizes=(480 + len(after), long_size))
    got = restore(data, pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail == after
    assert "400 is used" in got.warnings


@BOTH
@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("size", [0, 4, 0x3000, UNKNOWN - 1])
def test_rf64_data_size_of_ds64_counts_else(size: int, magic: bytes, pipe: bool) -> None:
    after = chunk(b"LIST", b"INFO")
    got = restore(rf64(fmt(), DATA, magic=magic, after=after, data_size=size), pipe=pipe)
    assert np.array_equal(got.samples, SAMPLES)
    assert got.tail == after
    assert "400 is used" in got.warnings


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


@BOTH
@pytest.mark.parametrize("size", [2**63 - 1, 2**64 - 1, 0, 23, 2**50])
def test_w64_as_pipes_write_it(size: int, pipe: bool) -> None:
    data = w64(fmt(), DATA, data_size=size, riff_size=0)
    assert np.array_equal(restore(data, pipe=pipe).samples, SAMPLES)
