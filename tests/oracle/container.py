"""The nlac stream around the block payloads, after sections 3 to 9 of format_spec.md.

Written from the specification alone, to be compared with other decoders. Slow and plain.
"""

import struct
import zlib
from typing import NamedTuple

MAGIC = b"nlac"
METADATA_TAG = b"\xa5nlM"
BLOCK_SYNC = b"\xa5nlB"
TRAILER_TAG = b"\xa5nlT"
END_MARK = b"\xa5nlE"

# predictors (5.1)
LPC = 1
CASCADE = 2
CNN, GRU = 3, 4
# types of metadata (6.2)
MODEL = 5
PARITY = 7
RECIPE, FOREIGN_HEAD, FOREIGN_TAIL, EXTENSION = 16, 17, 18, 19
UNKNOWN_FRAMES = 2**64 - 1

MAX_PARAMETERS_BYTES = 4096
MAX_ITEM_BYTES = 16777216
MAX_EXTENSION_BYTES = 64
MAX_METADATA_BYTES = 134217728
MAX_METADATA_ITEMS = 65536
MAX_BLOCK_SAMPLES = 67108864
MAX_BLOCKS = 1048576
MAX_PAYLOAD_BYTES_PER_SAMPLE = 8
MAX_PAYLOAD_FIXED_BYTES = 65536


PARITY_SHARE = 4
PARITY_SPARE_BYTES = 65536


class SpecError(ValueError):
    """The data break a rule of the specification."""


def require(condition: bool, message: str) -> None:
    """Raise SpecError unless the condition holds."""
    if not condition:
        raise SpecError(message)


class Reader:
    """Numbers as sections 3.1 and 3.2 write them, read from bytes."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data, self.position = data, position

    def left(self) -> int:
        """Bytes that have not been read."""
        return len(self.data) - self.position

    def raw(self, count: int) -> bytes:
        require(0 <= count <= self.left(), f"data end at {len(self.data)}, {count} bytes wanted")
        self.position += count
        return self.data[self.position - count : self.position]

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.raw(size), "little")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.raw(size), "little", signed=True)

    def varint(self, low: int = 0, high: int = 2**64 - 1, name: str = "varint") -> int:
        """Section 3.2."""
        value = 0
        for place in range(10):
            byte = self.unsigned(1)
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                require(byte > 0 or place == 0, f"{name}: varint is longer than it need be")
                require(value < 2**64, f"{name}: varint has more than 64 bits")
                require(low <= value <= high, f"{name}: {value} is not in {low} to {high}")
                return value
        raise SpecError(f"{name}: varint has more than 10 bytes")

    def svarint(self, low: int = -(2**63), high: int = 2**63 - 1, name: str = "svarint") -> int:
        """Section 3.2."""
        folded = self.varint(name=name)
        value = -((folded + 1) // 2) if folded & 1 else folded // 2
        require(low <= value <= high, f"{name}: {value} is not in {low} to {high}")
        return value

    def words(self, count: int) -> list[int]:
        """Section 3.1."""
        return list(struct.unpack(f"<{count}I", self.raw(4 * count)))


class Header(NamedTuple):
    """The stream header of section 5."""

    is_float: bool
    bits_per_sample: int
    channels: int
    sample_rate: int
    channel_mask: int
    frames: int | None
    block_length: int
    predictor: int
    coder: int
    parameters: bytes
    model_hash: bytes
    raw: bytes  # with its CRC

    def check(self, *parts: bytes) -> int:
        """CRC(H and the parts), section 3.3."""
        crc = zlib.crc32(self.raw[:-4])
        for part in parts:
            crc = zlib.crc32(part, crc)
        return crc


class Item(NamedTuple):
    """A metadata item of section 6, inflated."""

    type: int
    content: bytes


class Block(NamedTuple):
    """A block of section 7; offset and size are those of all of it."""

    frames: int
    payload: bytes
    offset: int
    size: int


class Trailer(NamedTuple):
    """What the trailer of section 8 tells that is not checked when it is read."""

    frames: int
    first_block_offset: int
    restores: bool
    samples_md5: bytes
    original_md5: bytes
    original_length: int
    blocks: list[tuple[int, int]]


def read_header(reader: Reader) -> Header:
    """Section 5; whether the predictor is known matters where a block needs it (5.1)."""
    start = reader.position
    require(reader.raw(4) == MAGIC, "no nlac stream")
    version = reader.unsigned(1)
    require(version == 1, f"version {version} is not known")
    sample_format, bits, channels = reader.unsigned(1), reader.unsigned(1), reader.unsigned(1)
    rate, mask, frames, block_length = (reader.unsigned(size) for size in (4, 4, 8, 4))
    predictor, coder, hash_length, length = (reader.unsigned(size) for size in (2, 1, 1, 2))
    require(hash_length in (0, 32), f"model hash of {hash_length} bytes")
    require(length <= MAX_PARAMETERS_BYTES, f"{length} bytes of parameters")
    parameters, model_hash = reader.raw(length), reader.raw(hash_length)
    require(zlib.crc32(reader.data[start : reader.position]) == reader.unsigned(4), "header: CRC")
    require(sample_format in (0, 1), f"sample format {sample_format}")
    require(1 <= bits <= 32 and (not sample_format or bits == 32), f"{bits} bits per sample")
    require(channels >= 1, "no channels")
    require(rate >= 1, "sample rate 0")
    require(frames < 2**63 or frames == UNKNOWN_FRAMES, f"{frames} frames")
    require(1 <= block_length <= MAX_BLOCK_SAMPLES // channels, f"block length {block_length}")
    require(coder in (0, 1, 2), f"coder {coder}")
    return Header(
        bool(sample_format),
        bits,
        channels,
        rate,
        mask,
        None if frames == UNKNOWN_FRAMES else frames,
        block_length,
        predictor,
        coder,
        parameters,
        model_hash,
        reader.data[start : reader.position],
    )


def read_item(reader: Reader, header: Header) -> Item:
    """Section 6.1."""
    start = reader.position
    require(reader.raw(4) == METADATA_TAG, "no metadata item")
    kind, flags, stored, length = (reader.unsigned(size) for size in (1, 1, 4, 4))
    frame = reader.data[start : reader.position]
    require(reader.unsigned(4) == header.check(frame), f"item at {start}: CRC of its header")
    require(flags in (0, 1), f"item at {start}: flags {flags}")
    require(length <= MAX_ITEM_BYTES, f"item at {start}: {length} bytes")
    require(stored <= length if flags else stored == length, f"item at {start}: lengths")
    content = reader.raw(stored)
    require(reader.unsigned(4) == header.check(frame, content), f"item at {start}: CRC")
    if flags:
        inflater = zlib.decompressobj(-15)
        try:
            content = inflater.decompress(content, length + 1)
        except zlib.error as error:
            raise SpecError(f"item at {start}: {error}") from error
        require(inflater.eof and not inflater.unused_data, f"item at {start}: end of DEFLATE")
        require(len(content) == length, f"item at {start}: inflated length")
    return Item(kind, content)


def read_block(reader: Reader, header: Header, number: int, frames_before: int) -> Block:
    """Section 7; number and frames_before are what the blocks before make expect."""
    start = reader.position
    where = f"block {number} at {start}"
    require(reader.raw(4) == BLOCK_SYNC, f"{where}: no block")
    index, first, frames, length = (reader.unsigned(size) for size in (4, 8, 4, 4))
    frame = reader.data[start : reader.position]
    require(reader.unsigned(4) == header.check(frame), f"{where}: CRC of its header")
    require(1 <= frames <= header.block_length, f"{where}: {frames} frames")
    require(index <= first <= index * header.block_length, f"{where}: index and first frame")
    require(index == number < MAX_BLOCKS, f"{where}: index {index}")
    require(first == frames_before, f"{where}: first frame {first}")
    fits = header.frames is None or first + frames <= header.frames
    require(fits, f"{where}: more frames than the header tells")
    most = MAX_PAYLOAD_BYTES_PER_SAMPLE * frames * header.channels + MAX_PAYLOAD_FIXED_BYTES
    require(length <= most, f"{where}: payload of {length} bytes")
    payload = reader.raw(length)
    require(reader.unsigned(4) == header.check(frame, payload), f"{where}: CRC")
    return Block(frames, payload, start, reader.position - start)


def read_trailer(reader: Reader, header: Header) -> Trailer:
    """Section 8; the trailer begins where the reader is and ends with the stream."""
    start = reader.position
    require(reader.raw(4) == TRAILER_TAG, "no trailer")
    require(reader.unsigned(4) == len(reader.data) - start, "trailer: length, or data behind it")
    tail = Reader(reader.data[-12:])
    require(tail.unsigned(4) == len(reader.data) - start, "trailer: second length")
    require(tail.unsigned(4) == zlib.crc32(reader.data[start:-8]), "trailer: CRC")
    require(tail.raw(4) == END_MARK, "trailer: end mark")
    body = Reader(reader.data[:-12], reader.position)
    frames, offset, blocks, flags = (body.unsigned(size) for size in (8, 8, 4, 1))
    samples_md5, original_md5, original_length = body.raw(16), body.raw(16), body.unsigned(8)
    require(flags in (0, 1), f"trailer: flags {flags}")
    require(bool(flags) or not (any(original_md5) or original_length), "trailer: original")
    require(body.raw(body.unsigned(2)) == header.raw, "trailer: copy of the stream header")
    require(blocks <= MAX_BLOCKS, f"trailer: {blocks} blocks")
    index = [(body.varint(), body.varint()) for _ in range(blocks)]
    require(body.left() == 0, "trailer: bytes between index and end")
    fine = all(size >= 32 and 1 <= length <= header.block_length for size, length in index)
    require(fine, "trailer: block in the index")
    require(sum(length for _, length in index) == frames, "trailer: sum of the frames")
    require(header.frames in (None, frames), "trailer: frames of the header")
    require(offset + sum(size for size, _ in index) <= start, "trailer: blocks beyond it")
    reader.position = len(reader.data)
    return Trailer(frames, offset, bool(flags), samples_md5, original_md5, original_length, index)


def check_items(items: list[Item], name: str) -> None:
    """The limits of section 6.1 for the items before or after the blocks."""
    require(len(items) <= MAX_METADATA_ITEMS, f"{len(items)} items {name} the blocks")
    size = sum(len(item.content) for item in items)
    require(size <= MAX_METADATA_BYTES, f"{size} bytes of items {name} the blocks")


def read_stream(data: bytes) -> tuple[Header, list[Item], list[Block], Trailer]:
    """Section 2: all parts of a stream, with the checks of sections 5 to 8."""
    reader = Reader(data)
    header = read_header(reader)
    before: list[Item] = []
    after: list[Item] = []
    blocks: list[Block] = []
    frames_before = 0
    parity = None  # where parity begins
    audio_end = None  # where the blocks end, or would if there were any
    while (mark := data[reader.position : reader.position + 4]) != TRAILER_TAG:
        start = reader.position
        if mark == METADATA_TAG:
            item = read_item(reader, header)
            require(parity is None or item.type == PARITY, f"item at {start} behind parity")
            if item.type == PARITY:
                parity = start if parity is None else parity
                require(not data[start + 5], f"parity at {start} is deflated")
                most = parity // PARITY_SHARE + PARITY_SPARE_BYTES
                require(reader.position - parity <= most, f"parity at {start}: too much")
            if audio_end is None and (blocks or item.type in (FOREIGN_TAIL, PARITY)):
                audio_end = start
            if audio_end is not None:
                require(item.type not in (RECIPE, FOREIGN_HEAD), f"item at {start}: its place")
            (before if audio_end is None else after).append(item)
        elif mark == BLOCK_SYNC:
            require(audio_end is None, f"block at {start} behind the items after the blocks")
            blocks.append(read_block(reader, header, len(blocks), frames_before))
            frames_before += blocks[-1].frames
        else:
            raise SpecError(f"no mark at {start}, or the stream is truncated")
    check_items(before, "before")
    check_items([item for item in after if item.type not in (FOREIGN_TAIL, PARITY)], "after")
    if audio_end is None:
        audio_end = reader.position
    trailer = read_trailer(reader, header)
    require(trailer.blocks == [(block.size, block.frames) for block in blocks], "index differs")
    first = blocks[0].offset if blocks else audio_end
    require(trailer.first_block_offset == first, "trailer: first block offset")
    return header, before + after, blocks, trailer
