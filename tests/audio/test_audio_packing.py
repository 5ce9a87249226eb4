from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavmaker import bytes_of, float_bits, noise

from nlac._errors import CorruptStream, NotRestorable, UnsupportedAudio, UsageError
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing, packing_for


@st.composite
def packings(draw: st.DrawFn) -> Packing:
    if draw(st.booleans()):
        return Packing(4, big_endian=draw(st.booleans()), is_float=True)
    width = draw(st.integers(1, 4))
    return Packing(
        width,
        big_endian=draw(st.booleans()),
        unsigned=draw(st.booleans()),
        shift=draw(st.integers(0, 8 * width - 1)),
    )


@given(packings(), st.integers(1, 9), st.integers(0, 50), st.integers(0, 2**32 - 1))
def test_unpack_undoes_pack(packing: Packing, channels: int, frames: int, seed: int) -> None:
    samples = noise(frames, channels, packing.bits_per_sample, seed)
    if packing.is_float:
        samples = samples.view(np.float32)
    data = packing.pack(samples)
    assert len(data) == frames * channels * packing.bytes_per_sample
    back = packing.unpack(data, channels)
    assert back.dtype == samples.dtype
    assert back.tobytes() == samples.tobytes()
    assert back.flags.writeable
    assert back.flags.c_contiguous


@given(packings(), st.binary(max_size=240))
def test_pack_undoes_unpack_or_it_is_refused(packing: Packing, data: bytes) -> None:
    data = data[: len(data) // 12 * 12]
    try:
        samples = packing.unpack(data, 1)
    except NotRestorable:
        assert packing.shift
    else:
        assert packing.pack(samples) == data


@given(packings())
def test_bytes_round_trip(packing: Packing) -> None:
    assert len(packing.to_bytes()) == 3
    assert Packing.from_bytes(packing.to_bytes()) == packing


@given(st.binary(max_size=5))
def test_from_bytes_refuses_what_is_no_packing(data: bytes) -> None:
    try:
        packing = Packing.from_bytes(data)
    except CorruptStream:
        return
    assert packing.to_bytes() == data


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("order", ["little", "big"])
def test_signed_integers_lie_as_python_lays_them(width: int, order: str) -> None:
    samples = noise(20, 3, 8 * width)
    packing = Packing(width, big_endian=order == "big")
    assert packing.pack(samples) == bytes_of(samples, width, order)


def test_eight_bit_wav_is_offset_binary() -> None:
    packing = Packing(1, unsigned=True)
    assert packing.unpack(b"\x00\x7f\x80\xff", 1).ravel().tolist() == [-128, -1, 0, 127]
    assert packing.pack(np.array([[-128], [0], [127]], np.int32)) == b"\x00\x80\xff"


def test_valid_bits_lie_at_the_top() -> None:
    packing = Packing(2, shift=4)
    assert packing.unpack(b"\xf0\xff\x10\x00\xf0\x7f", 1).ravel().tolist() == [-1, 1, 2047]
    assert Packing(2, shift=15).unpack(b"\x00\x80", 1).ravel().tolist() == [-1]
    assert Packing(4, shift=31).unpack(bytes(4), 1).ravel().tolist() == [0]


def test_bits_below_the_valid_ones_are_noticed_with_their_frame() -> None:
    packing = Packing(2, shift=4)
    data = bytes(2 * 2 * 3) + b"\0\0\x01\0" + bytes(4)
    with pytest.raises(NotRestorable, match=r"frame 103, channel 1: .* 12 valid bits"):
        packing.unpack(data, 2, first_frame=100)


@pytest.mark.parametrize("big_endian", [False, True])
def test_floats_keep_every_bit(big_endian: bool) -> None:
    packing = Packing(4, big_endian=big_endian, is_float=True)
    samples = float_bits()
    data = packing.pack(samples)
    assert data == samples.view(np.uint32).astype(">u4" if big_endian else "<u4").tobytes()
    assert packing.unpack(data, 2).tobytes() == samples.tobytes()


def test_views_and_small_types_pack_alike() -> None:
    packing = Packing(2)
    samples = noise(9, 4, 16)
    expected = packing.pack(samples)
    assert packing.pack(samples.astype(np.int16)) == expected
    assert packing.pack(np.asfortranarray(samples)) == expected
    assert packing.pack(np.repeat(samples, 2, axis=0)[::2]) == expected


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UnsupportedAudio, match="do not fit 12 bits"):
        Packing(2, shift=4).pack(np.array([[2048]], np.int32))
    with pytest.raises(UnsupportedAudio, match="do not fit 8 bits"):
        Packing(1).pack(np.array([[-129]], np.int32))
    with pytest.raises(UnsupportedAudio, match="int64"):
        Packing(4).pack(np.zeros((1, 1), np.int64))
    with pytest.raises(UnsupportedAudio, match="float32"):
        Packing(4).pack(np.zeros((1, 1), np.float32))
    with pytest.raises(UnsupportedAudio, match="float64"):
        Packing(4, is_float=True).pack(np.zeros((1, 1), np.float64))
    with pytest.raises(UsageError, match="no whole frames"):
        Packing(2).unpack(bytes(6), 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"bytes_per_sample": 0},
        {"bytes_per_sample": 5},
        {"bytes_per_sample": 2, "shift": 16},
        {"bytes_per_sample": 2, "shift": -1},
        {"bytes_per_sample": 3, "is_float": True},
        {"bytes_per_sample": 4, "is_float": True, "unsigned": True},
    ],
)
def test_impossible_packings_are_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"bytes|shift"):
        Packing(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", range(1, 33))
def test_every_depth_has_a_packing(bits: int) -> None:
    packing = packing_for(AudioFormat(8000, 1, bits), unsigned_8_bit=True)
    assert packing.bits_per_sample == bits
    assert packing.unsigned == (bits <= 8)
    samples = noise(11, 1, bits)
    assert np.array_equal(packing.unpack(packing.pack(samples), 1), samples)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((0, 2, 16), "sample rate of 0"),
        ((2**32, 2, 16), "sample rate"),
        ((44100, 0, 16), "0 channels"),
        ((44100, 256, 16), "256 channels"),
        ((44100, 2, 0), "0 bits"),
        ((44100, 2, 33), "33 bits"),
        ((44100, 2, 24, True), "float samples of 24 bits"),
        ((44100, 2, 16, False, 2**32), "mask"),
    ],
)
def test_impossible_formats_are_refused(values: tuple[int, ...], reason: str) -> None:
    with pytest.raises(UnsupportedAudio, match=reason):
        AudioFormat(*values)  # type: ignore[arg-type]
