"""Lengths beyond 32 bits and 2**36 frames, without writing them: the same block again and again."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tracemalloc

import numpy as np
import pytest
from stream_tools import RATE, Pipe, PipeEnd, make_wav

import nlac
from nlac.bitstream.block import BlockHeader, write_block
from nlac.bitstream.header import write_header
from nlac.bitstream.index import BlockIndex
from nlac.bitstream.parser import CodedBlock
from nlac.bitstream.reader import read_elements
from nlac.bitstream.trailer import Trailer, write_trailer


class Repeated(io.RawIOBase):
    """Stream of equal blocks that is made while it is read.

    Parameters
    ----------
    block : ndarray
        Samples of every block but the last.
    last : ndarray
        Samples of the last block, not longer.
    num_blocks : int
        How many there are, the last one included.
    block_length : int
        Frames of a block; samples of silence may be fewer.
    """

    def __init__(self, block, last, num_blocks: int, block_length: int) -> None:
        coded = [self._coded(block), self._coded(last)]
        self.header = dataclasses.replace(
            coded[0][0], block_length=block_length, num_frames=None
        )
        self._payloads = [payload for _, payload in coded]
        self._last = num_blocks - 1
        frames = np.full(num_blocks, block_length)
        frames[-1] = len(last)
        sizes = np.array([len(payload) + 32 for payload in self._payloads])
        index = BlockIndex(sizes[(np.arange(num_blocks) == num_blocks - 1).astype(int)], frames)
        self.first = self.header.num_bytes
        trailer = Trailer(self.header, index.total_frames, self.first, index, bytes(16))
        self._trailer = write_trailer(trailer)
        self._frames = trailer.num_frames
        self._size = int(sizes[0])
        self._end = trailer.end_of_blocks
        self.num_bytes = self._end + len(self._trailer)
        self._at = 0

    @staticmethod
    def _coded(samples):
        stream = io.BytesIO()
        bits = 8 * samples.dtype.itemsize
        nlac.write(stream, samples, RATE, bits_per_sample=bits, preset="fast")
        header, *rest = read_elements(io.BytesIO(stream.getvalue()))
        return header, next(each.payload for each in rest if isinstance(each, CodedBlock))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (self.num_bytes if whence == io.SEEK_END else 0)
        return self._at

    def readinto(self, buffer) -> int:
        data = self._part(self._at, len(buffer))[: len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _part(self, offset: int, length: int) -> bytes:
        """What there is at an offset, to the end of the part of the stream."""
        if offset < self.first:
            return write_header(self.header)[offset:]
        if offset >= self._end:
            return self._trailer[offset - self._end :]
        pieces, done = [], 0
        number = min((offset - self.first) // self._size, self._last)
        skip = offset - self.first - number * self._size
        while done < length and number <= self._last:
            payload = self._payloads[number == self._last]
            length_of_block = self.header.block_length
            first = number * length_of_block
            frames = min(length_of_block, self._frames - first)
            header = BlockHeader(number, first, frames, len(payload))
            pieces.append(write_block(header, payload, self.header)[skip:])
            done += len(pieces[-1])
            skip, number = 0, number + 1
        return b"".join(pieces)


TAIL = (np.arange(99) % 50).astype(np.int16)


@pytest.fixture(scope="module")
def silence():
    """2**36 frames of silence, and then those of `TAIL`."""
    return Repeated(np.zeros(1000, np.int16), TAIL, 2**14 + 1, 2**22)


def test_totals_of_more_than_36_bits(silence):
    """Complaint (xiph/flac#155, #237): no MD5, and totals that overflow at 2**36 samples."""
    with nlac.open(silence, threads=1) as file:
        assert len(file) == file.info.num_frames == 2**36 + 99
        np.testing.assert_array_equal(file[2**36 :], TAIL)
        np.testing.assert_array_equal(file[-3:], TAIL[-3:])
        assert file.seek(2**36 + 7) == 2**36 + 7
        np.testing.assert_array_equal(file.read(), TAIL[7:])
        assert not file[2**36 - 5 : 2**36].any()
        assert not file[:: 2**33].any()
    written = io.BytesIO()
    nlac.decode(silence, written, container="raw", start=2**36 + 1, threads=1)
    assert written.getvalue() == TAIL[1:].tobytes()


def test_a_pipe_has_an_md5_too():
    """Complaint (xiph/flac#155): the MD5 is unset where the output cannot be rewritten."""
    samples = TAIL[:, None]
    out = PipeEnd()
    nlac.encode(Pipe(make_wav(samples)), out, preset="fast")
    info = nlac.info(out.data)
    assert info.md5 == hashlib.md5(samples.tobytes()).hexdigest()
    assert info.num_frames == len(samples)


def test_raw_pcm_of_more_than_4_gib_in_bounded_memory():
    """Complaint (jiaaro/pydub#757, #101, #51): files above 4 GiB, everything in memory."""
    blocks = 2**14 + 1
    stream = Repeated(np.zeros((1000, 2), np.int16), np.stack([TAIL, TAIL], 1), blocks, 2**16)
    with nlac.open(stream, threads=1, cache_bytes=2**20) as file:
        assert 4 * len(file) > 2**32
        tracemalloc.start()
        frames = 0
        for piece in file.blocks(2**16, start=len(file) - 40 * 2**16):
            frames += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert frames == 40 * 2**16
    # ten blocks as integers of 32 bits, of forty that came by
    assert peak < 10 * 2**16 * 8
    written = io.BytesIO()
    nlac.decode(stream, written, container="raw", start=2**30 - 2, threads=1)
    assert written.getvalue() == bytes(8) + np.stack([TAIL, TAIL], 1).tobytes()


def test_offsets_of_more_than_32_bits():
    """Complaint (xiph/flac#826, #276): seeking; here by the index, behind 4 GiB of blocks."""
    noise = np.random.default_rng(3).integers(-(2**31), 2**31, (2**17, 2)).astype(np.int32)
    stream = Repeated(noise, noise[:99], 2**12 + 2, 2**17)
    assert stream.num_bytes > 2**32
    with nlac.open(stream, threads=1) as file:
        for first in (2**12 * 2**17, 2**12 * 2**17 - 50, len(file) - 120):
            expected = noise[np.arange(first, first + 120) % 2**17]
            np.testing.assert_array_equal(file[first : first + 120], expected)


def test_an_index_of_a_million_blocks_is_arrays():
    """The format's most blocks open at once, and any of them is found."""
    stream = Repeated(np.zeros(1, np.int16), TAIL[1:2], 2**20, 1)
    with nlac.open(stream, threads=1) as file:
        assert file.info.num_blocks == len(file) == 2**20
        assert file[2**20 - 1] == 1
        np.testing.assert_array_equal(file[2**20 - 300 : 2**20 - 1], np.zeros(299, np.int16))
