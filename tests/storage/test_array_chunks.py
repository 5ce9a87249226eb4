"""Arrays as chunks of bytes: every type and shape comes back, and damage is found."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from storage_tools import electrodes, of_type

import nlac
from nlac.storage.chunks import decode, encode
from nlac.storage.container import unpack
from nlac.storage.settings import ArraySettings

FAST = ArraySettings("fast", threads=1)
TYPES = ["i1", "u1", "<i2", ">i2", "<u2", "<i4", "<u4", ">u4", "<f4", ">f4"]
SHAPES = [(), (0,), (5, 0), (1,), (700,), (300, 3), (3, 300), (2, 5, 40)]


@pytest.mark.parametrize("dtype", TYPES)
def test_every_type_and_shape_comes_back(dtype):
    for shape in SHAPES:
        array = of_type(dtype, shape)
        back = decode(encode(array, FAST))
        assert (back.shape, back.dtype, back.tobytes()) == (shape, array.dtype, array.tobytes())


def test_order_in_memory_is_kept():
    array = np.asfortranarray(electrodes(400, 3))
    back = decode(encode(array, FAST))
    assert back.flags.f_contiguous
    assert np.array_equal(back, array)
    assert np.array_equal(decode(encode(array[::2, ::-1], FAST)), array[::2, ::-1])


@pytest.mark.parametrize("layout", ["auto", "frames_first", "channels_first"])
def test_time_may_be_any_axis(layout):
    array = electrodes(60, 4)
    settings = ArraySettings("fast", layout=layout, threads=1)
    for each in (array, np.ascontiguousarray(array.T)):
        assert np.array_equal(decode(encode(each, settings)), each)


def test_longest_axis_is_time():
    array = electrodes(2000, 5)
    both = [unpack(encode(each, FAST)) for each in (array, np.ascontiguousarray(array.T))]
    assert [(chunk.frames, chunk.channels) for chunk in both] == [(2000, 5)] * 2
    assert both[0].banks[0].streams == both[1].banks[0].streams


def test_more_channels_than_a_stream_has():
    array = electrodes(40, 300)
    data = encode(array, ArraySettings("fast", layout="frames_first"))
    banks = [sum(channels for channels, _ in bank.streams) for bank in unpack(data).banks]
    assert banks == [255, 45]
    assert np.array_equal(decode(data), array)


def test_neighbours_make_electrodes_smaller():
    array = electrodes(12_000, 16)
    data = encode(array, ArraySettings("fast"))
    (bank,) = unpack(data).banks
    assert bank.neighbours.counts.max() > 1
    assert len(data) < 0.98 * len(encode(array, ArraySettings("fast", neighbours=0)))
    assert np.array_equal(decode(data), array)


def test_correlated_channels_come_together():
    # two sources, whose channels alternate: each group has one of them
    sources = np.cumsum(np.random.default_rng(2).normal(0, 30, (3000, 2)), axis=0)
    noise = np.random.default_rng(3).normal(0, 1, (3000, 8))
    array = np.rint(np.tile(sources, 4) + noise).astype(np.int16)
    data = encode(array, ArraySettings("fast", group=4))
    (bank,) = unpack(data).banks
    order = bank.order.tolist()
    assert sorted(order[:4]) in ([0, 2, 4, 6], [1, 3, 5, 7])
    assert np.array_equal(decode(data), array)


def test_extremes_wrap_and_come_back():
    generator = np.random.default_rng(4)
    shared = generator.choice([-(2**31), 2**31 - 1], (4000, 1))
    array = np.where(generator.random((4000, 6)) < 0.9, shared, 0).astype(np.int32)
    assert np.array_equal(decode(encode(array, FAST)), array)


def test_bytes_do_not_depend_on_threads():
    array = electrodes(3000, 20)
    one, many = (encode(array, ArraySettings("fast", threads=n)) for n in (1, 4))
    assert one == many == encode(array, ArraySettings("fast", verify=False))


def test_blocks_within_a_stream():
    array = electrodes(5000, 2)
    data = encode(array, ArraySettings("fast", block_frames=1000))
    ((_, stream),) = unpack(data).banks[0].streams
    assert nlac.info(stream).num_blocks == 5
    assert np.array_equal(decode(data), array)


@pytest.mark.parametrize("array", [np.zeros(3), np.zeros(3, np.int64), np.zeros(3, bool)])
def test_other_types_are_refused(array):
    with pytest.raises(nlac.UsageError, match=r"samples: the array codec takes integers"):
        encode(array, FAST)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"preset": "best"}, "unknown preset"),
        ({"layout": "C"}, "unknown layout 'C'; known: auto"),
        ({"group": 256}, "group 256 is not in 1 to 255"),
        ({"neighbours": 33}, "neighbours 33"),
        ({"block_frames": 0}, "block_frames 0"),
        ({"sample_rate": 0}, "sample_rate 0"),
        ({"verify": "yes"}, "verify 'yes'"),
    ],
)
def test_settings_are_checked(settings, told):
    with pytest.raises(nlac.UsageError, match=told):
        ArraySettings(**settings)


def test_a_wrong_codec_is_caught_by_verification(monkeypatch):
    monkeypatch.setattr("nlac.storage.neighbours.add", lambda rows, found, bits: rows)
    with pytest.raises(nlac.VerifyMismatch, match="does not decode to the same array"):
        encode(electrodes(12_000, 16), FAST)


def test_every_flipped_byte_is_found():
    array = electrodes(100, 3)
    data = encode(array, FAST)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        with pytest.raises(nlac.NlacError):
            decode(bytes(damaged))


def test_every_truncation_is_found():
    data = encode(electrodes(60, 3), FAST)
    for length in range(len(data)):
        with pytest.raises(nlac.NlacError):
            decode(data[:length])
    with pytest.raises(nlac.CorruptStream, match="behind the last stream"):
        decode(data + b"x")


def test_heads_that_are_wrong_on_purpose_end_with_an_error():
    # the checksum is right: what it covers must be checked all the same
    array = electrodes(4000, 12)
    data = encode(array, ArraySettings("fast", group=4))
    end = data.index(b"nlac", 8) - 4
    generator = np.random.default_rng(5)
    outcomes = set()
    for _ in range(300):
        head = bytearray(data[:end])
        for at in generator.integers(8, end, generator.integers(1, 3)):
            head[at] = generator.integers(0, 256)
        wrong = bytes(head) + zlib.crc32(head).to_bytes(4, "little") + data[end + 4 :]
        try:
            outcomes.add(decode(wrong).shape)
        except nlac.NlacError as error:
            outcomes.add(type(error).__name__)
    assert {"CorruptStream", array.shape} <= outcomes


def test_shapes_beyond_reason_are_refused():
    # the head is checked before anything is allocated
    head = b"nlacarr\x01\x02\x00\x02" + b"\xff\xff\xff\xff\xff\x3f" * 2 + b"\x00\x10"
    with pytest.raises(nlac.CorruptStream, match="number of samples"):
        decode(head)


def test_shape_that_is_known_is_compared():
    data = encode(electrodes(60, 3), FAST)
    with pytest.raises(nlac.CorruptStream, match=r"shape \(60, 3\) where one of shape \(3, 60\)"):
        decode(data, shape=(3, 60))
