"""Damaged streams come back byte for byte, or an error says what is left."""

from __future__ import annotations

import io
import os
import stat
import struct
import zlib

import numpy as np
import pytest
from parity_tools import BLOCK, burst, flipped, make_stream, make_wav, protect

import nlac
from nlac.api.parity.protecting import find_parts
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.bitstream.header import parse_header
from nlac.bitstream.metadata import MetadataItem, write_item
from nlac.bitstream.reader import last_trailer


def repaired(data: bytes) -> tuple[bytes, nlac.RepairResult]:
    out = io.BytesIO()
    result = nlac.repair(data, out)
    return out.getvalue(), result


def assert_repaired(damaged: bytes, protected: bytes) -> nlac.RepairResult:
    data, result = repaired(damaged)
    assert data == protected
    assert result.state == "repaired"
    assert not result.left
    assert result.bytes_out == len(protected)
    return result


def test_bursts_anywhere(protected, plain):
    length = int(0.015 * len(protected))
    edge = len(plain) - last_trailer(io.BytesIO(plain)).num_bytes
    ends = [0, 1, len(protected) - length, edge, edge - length + 1]
    # across the end of the audio, in small steps
    across = range(edge - length, edge + 100, length // 12)
    rng = np.random.default_rng(4)
    for begin in (*ends, *across, *rng.integers(0, len(protected) - length, 12).tolist()):
        assert_repaired(burst(protected, begin, length, begin), protected)


@pytest.mark.parametrize("seed", range(4))
def test_single_bytes_anywhere(protected, seed):
    # 1,000 in 10 MB
    assert_repaired(flipped(protected, len(protected) // 10_000, seed), protected)


def test_both_at_once(protected):
    damaged = flipped(protected, 12, 1)
    assert_repaired(burst(damaged, 70_000, len(protected) // 130), protected)


def test_a_zeroed_sector_and_a_zeroed_header(protected):
    sector = protected[:81_920] + bytes(512) + protected[82_432:]
    result = assert_repaired(sector, protected)
    (place,) = result.damaged
    assert place.part.startswith("block ")
    assert place.stop_seconds - place.start_seconds == 0.25
    assert 81_920 <= place.start < place.stop <= 82_432
    result = assert_repaired(bytes(200) + protected[200:], protected)
    assert [each.part for each in result.damaged] == ["header", "block 0"]


@pytest.mark.parametrize("cut", [1, 12, 100, 1500])
def test_missing_ends(protected, cut):
    result = assert_repaired(protected[:-cut], protected)
    assert result.shifted_bytes == -cut
    result = assert_repaired(protected[cut:], protected)
    assert result.shifted_bytes == -cut


def test_bytes_that_were_added_or_taken_out(protected):
    result = assert_repaired(b"x" * 999 + protected + b"y" * 5000, protected)
    assert result.shifted_bytes == 5999
    assert not result.damaged
    assert_repaired(protected[:90_000] + protected[90_100:], protected)
    assert_repaired(protected[:90_000] + bytes(77) + protected[90_000:], protected)


def test_damage_of_the_parity_alone(protected, plain):
    edge = len(plain) - last_trailer(io.BytesIO(plain)).num_bytes
    for place in (edge + 2, edge + 15, edge + 60, edge + 500, len(protected) - 300):
        result = assert_repaired(burst(protected, place, 1, place), protected)
        assert result.parity_damaged
        assert not result.damaged


def test_more_damage_than_parity_repairs(protected):
    damaged = burst(protected, 60_000, len(protected) // 20)
    with pytest.raises(nlac.NotRepairable, match="bytes are left") as caught:
        repaired(damaged)
    assert caught.value.block_index is not None
    assert 50_000 < caught.value.offset_bytes <= 60_000
    assert caught.value.first_frame == BLOCK * caught.value.block_index
    out = io.BytesIO()
    result = nlac.repair(flipped(damaged[:60_000], 3, 1) + damaged[60_000:], out, partial=True)
    assert result.state == "partial"
    assert result.left
    assert result.left[0].part.startswith("block")
    # what could not be repaired can still be recovered as ever
    back = nlac.decode(out.getvalue(), io.BytesIO(), recover=True, container="raw")
    assert 0 < sum(each.stop - each.start for each in back.lost) < 12_000


def test_half_a_file(protected):
    with pytest.raises(nlac.NotRepairable, match="no parity was found"):
        repaired(protected[: len(protected) // 2])
    with pytest.raises(nlac.NotRepairable, match="are missing, more than its parity repairs"):
        repaired(protected[len(protected) // 2 :])


def test_two_files_spliced(protected):
    """What is not the stream's own never passes for it."""
    other = protect(make_stream(60_001))
    half = len(protected) // 2
    with pytest.raises(nlac.NotRepairable):
        repaired(protected[:half] + other[half:])
    # one after the other: one of them comes back whole
    assert repaired(protected + other)[0] in (protected, other)


def test_swapped_blocks_of_a_disk(protected):
    size = 512
    begin = 40_000
    first, second = protected[begin : begin + size], protected[begin + size : begin + 2 * size]
    swapped = protected[:begin] + second + first + protected[begin + 2 * size :]
    assert_repaired(swapped, protected)


def test_intact_streams_are_left_alone(protected, plain, tmp_path):
    data, result = repaired(protected)
    assert (data, result.state) == (protected, "intact")
    data, result = repaired(plain)
    assert (data, result.state) == (plain, "intact")
    path = tmp_path / "a.nlac"
    path.write_bytes(protected)
    before = path.stat().st_ino
    assert nlac.repair(path).output is None
    assert path.stat().st_ino == before
    assert os.listdir(tmp_path) == ["a.nlac"]


def test_damage_without_parity(plain):
    """Complaint 29: "one bad byte kills the rest". It costs its block; with parity, nothing."""
    damaged = burst(plain, 40_000, 3)
    with pytest.raises(nlac.NotRepairable, match="no parity was found") as caught:
        repaired(damaged)
    back = nlac.decode(damaged, io.BytesIO(), recover=True, container="raw")
    (lost,) = back.lost
    assert (lost.start, lost.stop) == (caught.value.first_frame, caught.value.first_frame + BLOCK)
    whole = protect(plain)
    assert_repaired(whole[:40_000] + damaged[40_000:40_003] + whole[40_003:], whole)
    with pytest.raises(nlac.BadMagic, match="WAV"):
        repaired(b"RIFF" + bytes(100))


def test_files_in_place(protected, tmp_path):
    path, damaged = tmp_path / "a.nlac", flipped(protected, 5, 2)
    path.write_bytes(damaged)
    path.chmod(0o640)
    result = nlac.repair(path)
    assert path.read_bytes() == protected
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert result.kept == f"{path}.damaged"
    assert (tmp_path / "a.nlac.damaged").read_bytes() == damaged
    path.write_bytes(damaged)
    with pytest.raises(nlac.OutputExists, match=r"a\.nlac\.damaged"):
        nlac.repair(path)
    assert path.read_bytes() == damaged
    assert nlac.repair(path, keep=False).kept is None
    assert path.read_bytes() == protected
    with pytest.raises(nlac.UsageError, match="give dst"):
        nlac.repair(io.BytesIO(damaged))
    assert nlac.repair(io.BytesIO(damaged), write=False).state == "repaired"


def test_a_link_is_followed(protected, tmp_path):
    path, link = tmp_path / "deep.nlac", tmp_path / "link.nlac"
    path.write_bytes(flipped(protected, 5, 2))
    link.symlink_to(path)
    assert nlac.repair(link).kept == f"{path}.damaged"
    assert link.is_symlink()
    assert path.read_bytes() == protected


def test_protecting(plain, protected, tmp_path):
    path = tmp_path / "a.nlac"
    path.write_bytes(plain)
    path.chmod(0o600)
    result = nlac.protect(path)
    assert path.read_bytes() == protected
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert result.changed
    assert result.bytes_out - result.bytes_in == result.parity.num_bytes
    assert nlac.info(path).parity == result.parity
    assert not nlac.protect(path).changed
    assert nlac.protect(path, amount=0.05).parity.num_bytes > 1.5 * result.parity.num_bytes
    assert not nlac.protect(path).changed
    assert nlac.protect(path, amount=0.02).bytes_out == len(protected)
    assert path.read_bytes() == protected
    assert nlac.protect(path, remove=True).parity is None
    assert path.read_bytes() == plain
    assert not nlac.protect(path, remove=True).changed
    with pytest.raises(nlac.UsageError, match="give dst"):
        nlac.protect(plain)


def test_damage_is_not_protected(plain, protected, tmp_path):
    for data in (plain, protected):
        path = tmp_path / "a.nlac"
        path.write_bytes(flipped(data, 1, 8))
        before = path.read_bytes()
        with pytest.raises(nlac.CorruptStream):
            nlac.protect(path, amount=0.03)
        assert path.read_bytes() == before


def test_encoding_with_parity_gives_the_same(tmp_path):

    source = make_wav(9000)
    options = {"preset": "fast", "block_seconds": 0.25}
    out, parity = io.BytesIO(), io.BytesIO()
    nlac.encode(source, out, **options)
    nlac.protect(out.getvalue(), parity, amount=0.05)
    result = nlac.encode(source, tmp_path / "a.nlac", protect=0.05, **options)
    assert (tmp_path / "a.nlac").read_bytes() == parity.getvalue()
    assert result.bytes_out == len(parity.getvalue())
    file = io.BytesIO(b"before")
    file.seek(6)
    nlac.encode(source, file, protect=0.05, **options)
    assert file.getvalue() == b"before" + parity.getvalue()
    with open(tmp_path / "b.nlac", "wb") as unread:
        nlac.encode(source, unread, protect=0.05, **options)
    assert (tmp_path / "b.nlac").read_bytes() == parity.getvalue()
    with pytest.raises(nlac.UsageError, match="1 to 20 %"):
        nlac.encode(source, tmp_path / "c.nlac", protect=0.5)
    back = io.BytesIO()
    assert nlac.decode(parity.getvalue(), back).restored
    assert back.getvalue() == source


def test_readers_pass_parity_by(plain, protected):
    expected, _rate = nlac.read(plain)
    np.testing.assert_array_equal(nlac.read(protected)[0], expected)
    decoder = nlac.Decoder()
    pieces = [*decoder.feed(protected), *decoder.finish()]
    np.testing.assert_array_equal(np.concatenate(pieces), expected)
    assert nlac.test(protected).md5 == nlac.test(plain).md5
    assert nlac.info(protected).metadata == nlac.info(plain).metadata
    back = nlac.decode(protected, io.BytesIO(), recover=True, container="raw")
    assert not back.lost
    assert not back.problems


def test_order_and_size_of_parity_items(plain):
    trailer = last_trailer(io.BytesIO(plain)).num_bytes
    audio, end = plain[:-trailer], plain[-trailer:]
    crc = parse_header(plain).checksum
    parity = write_item(MetadataItem(c.ITEM_PARITY, bytes(3000)), crc)
    assert len(parity) > 3000, "parity is not deflated"
    other = write_item(MetadataItem(100, b"other"), crc)
    nlac.decode(audio + other + parity + end, None)
    for tail, message in [
        (parity + other, "an item follows the parity"),
        (40 * parity, "more parity than the format allows"),
    ]:
        with pytest.raises(nlac.CorruptStream, match=message):
            nlac.decode(audio + tail + end, None)
    packed = zlib.compress(bytes(3000), wbits=-15)
    body = struct.pack("<4sBBII", c.METADATA_TAG, c.ITEM_PARITY, 1, len(packed), 3000)
    parts = [body, crc_bytes(crc32(body, crc)), packed]
    deflated = b"".join([*parts, crc_bytes(crc32(packed, crc32(body, crc)))])
    with pytest.raises(nlac.CorruptStream, match="parity is deflated"):
        nlac.decode(audio + deflated + end, None)


def test_empty_and_tiny_streams():
    for frames in (0, 1, 50):
        whole = protect(make_stream(frames))
        assert find_parts(io.BytesIO(whole)).num_bytes == len(whole)
        for place in range(0, len(whole), 5):
            assert_repaired(burst(whole, place, 2, place), whole)
