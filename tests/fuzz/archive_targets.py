"""Targets for what surrounds the audio: tags, pictures, cue sheets, FLAC frames, parity, manifests.

See `targets.py`. Some check more than that nothing but `NlacError` is raised: what was read is
written and read again.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import struct
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import click
import flac_frames
import numpy as np
from metadata import images
from strategies import RATE, make
from target import Target
from test_fuzz_parity import use as use_parity
from test_fuzz_streams import with_good_checksums

import nlac
from nlac._errors import NlacError
from nlac.audio.base import Keep
from nlac.audio.flac.frames.pieces import FlacFrames
from nlac.audio.format import AudioFormat
from nlac.audio.source import open_source
from nlac.batch import manifest
from nlac.batch.paths import MANIFEST_NAME, check_inside
from nlac.bitstream import constants as c
from nlac.bitstream.checksum import crc32, crc_bytes
from nlac.cli import _configuration
from nlac.cli.main import cli
from nlac.codec.decoder.parts import decode_intact
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.lpc import slicing
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.metadata.cue_sheet.flac import block_of_cue_sheet, cue_sheet_of_block
from nlac.metadata.cue_sheet.parser import parse_cue_sheet
from nlac.metadata.cue_sheet.ranges import track_parts
from nlac.metadata.cue_sheet.stored import decode_text
from nlac.metadata.cue_sheet.writer import write_cue_sheet
from nlac.metadata.images import image_facts
from nlac.metadata.originals.reading import chunk_tags
from nlac.metadata.text import dump_tags, parse_tags
from nlac.parity.layout import DESCRIPTOR_BYTES
from nlac.storage import chunks
from nlac.storage.settings import ArraySettings

_CD = AudioFormat(44_100, 2, 16)
_CUE_FRAMES = 44_100 * 600
_CUE_TEXT = """REM GENRE "x"
CATALOG 1234567890123
PERFORMER "a"
TITLE "b"
FILE "c.wav" WAVE
  TRACK 01 AUDIO
    TITLE "d"
    FLAGS DCP
    ISRC ABCDE1234567
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    PREGAP 00:02:00
    INDEX 00 01:02:03
    INDEX 01 01:04:03
"""


def _use_cue(data: bytes) -> None:
    sheet = parse_cue_sheet(decode_text(data), _CD, _CUE_FRAMES)
    back = write_cue_sheet(sheet, 44_100, in_frames=not sheet.is_cd)
    assert parse_cue_sheet(back, _CD, _CUE_FRAMES).tracks == sheet.tracks
    track_parts(sheet, _CUE_FRAMES, "next")
    block_of_cue_sheet(sheet, _CUE_FRAMES)


def _cue_seeds() -> list[bytes]:
    return [_CUE_TEXT.encode(), _CUE_TEXT.replace("01:02:03", "1000000").encode()]


def _use_cue_block(data: bytes) -> None:
    sheet = cue_sheet_of_block(data)
    write_cue_sheet(sheet, 44_100, in_frames=not sheet.is_cd)


def _cue_block_seeds() -> list[bytes]:
    sheet = parse_cue_sheet(_CUE_TEXT, _CD, _CUE_FRAMES)
    return [block_of_cue_sheet(sheet, _CUE_FRAMES)]


def _use_tags(data: bytes) -> None:
    with contextlib.suppress(UnicodeDecodeError):
        comments = parse_tags(data.decode())
        assert parse_tags(dump_tags(comments)) == comments


def _tag_seeds() -> list[bytes]:
    comments = [("TITLE", "x"), ("LYRICS", "a=b\nc"), ("title", "y\r")]
    return [dump_tags(comments).encode(), b"\xef\xbb\xbfA=1\r\n\tB=2\r\n# C\r\n"]


def _image_seeds() -> list[bytes]:
    kinds = [images.webp(kind) for kind in (b"VP8 ", b"VP8L", b"VP8X")]
    return [images.png(), images.png(colour_type=3, palette=7), images.jpeg(), images.gif(), *kinds]


def _use_image(data: bytes) -> None:
    if (facts := image_facts(data)) is not None:
        assert min(facts.width, facts.height, facts.depth_bits) > 0


def _use_chunks(data: bytes) -> None:
    """The first byte chooses the container; what follows the samples is a chunk as well."""
    container = ("wav", "w64", "aiff", "rf64")[data[0] % 4] if data else "wav"
    head, _mark, tail = data[1:].partition(b"\0\0cut")
    chunk_tags(container, head, 4, tail)


def _chunk_seeds() -> list[bytes]:
    def chunk(name: bytes, content: bytes, order: str = "<") -> bytes:
        return name + struct.pack(order + "I", len(content)) + content + bytes(len(content) % 2)

    info = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"x\0") + chunk(b"IART", b"\xe9"))
    bext = chunk(b"bext", b"d" * 346 + struct.pack("<H", 2) + bytes(254) + b"history")
    xml = b"<?xml version='1.0'?><BWFXML><TRACK><NAME>n</NAME></TRACK><TAKE>1</TAKE></BWFXML>"
    data = chunk(b"data", bytes(4))[:8]
    wav = b"\0RIFF\xff\0\0\0WAVE" + info + bext + chunk(b"iXML", xml) + data
    aiff = b"\2FORM\0\0\xff\0AIFF" + chunk(b"NAME", b"x", ">") + chunk(b"ANNO", b"yz", ">")
    return [wav, wav + b"\0\0cut" + info, aiff + chunk(b"SSND", bytes(12), ">")[:16]]


@cache
def _protected() -> bytes:
    out, whole = io.BytesIO(), io.BytesIO()
    nlac.write(out, make("music", 600, 1), RATE, bits_per_sample=16, preset="fast")
    nlac.protect(out.getvalue(), whole, amount=0.2)
    return whole.getvalue()


def _use_records(data: bytes) -> None:
    """Descriptors get checksums that match."""
    out = bytearray(data)
    for match in re.finditer(re.escape(c.PARITY_MARK), data):
        end = match.start() + DESCRIPTOR_BYTES - c.CRC_BYTES
        if end + c.CRC_BYTES <= len(out):
            out[end : end + c.CRC_BYTES] = crc_bytes(crc32(bytes(out[match.start() : end])))
    use_parity(bytes(out))


def _flac_files() -> list[bytes]:
    """Files without an MD5 and a length, so that only frames tell whether they are damaged."""
    made = [flac_frames.random_file(number, depth, 2, 3) for number, depth in ((4, 12), (9, 16))]
    files = [file.data[:21] + bytes((file.data[21] & 0xF0,)) + bytes(20) for file in made]
    return [head + file.data[42:] for head, file in zip(files, made, strict=True)]


def _header_bytes(frame: bytes) -> int:
    """Length of the header of a FLAC frame without its CRC (RFC 9639, 9.1)."""
    number = max(1, 8 - (frame[4] ^ 0xFF).bit_length())
    length = {6: 1, 7: 2}.get(frame[2] >> 4, 0)
    return 4 + number + length + {12: 1, 13: 2, 14: 2}.get(frame[2] & 15, 0)


def _with_frame_checksums(data: bytes) -> bytes:
    """The same with CRCs that match wherever a frame may begin and end."""
    places = [match.start() for match in re.finditer(rb"\xff[\xf8\xf9][^\0-\x0f]", data)]
    parts = [data[: places[0]] if places else data]
    for begin, end in pairwise([*places, len(data)]):
        frame = bytearray(data[begin:end])
        if len(frame) > 5 and len(frame) > (size := _header_bytes(frame)) + 3:
            frame[size] = flac_frames.crc(bytes(frame[:size]), 0x07, 8)
            frame[-2:] = flac_frames.crc(bytes(frame[:-2]), 0x8005, 16).to_bytes(2, "big")
        parts.append(bytes(frame))
    return b"".join(parts)


def _use_flac_frames(data: bytes) -> None:
    """What can be restored is built again, and must be the same."""
    if not data.startswith(b"fLaC"):
        return
    data = _with_frame_checksums(data)
    parts: list[Any] = []
    with open_source(io.BytesIO(data), keep=Keep.EVERYTHING) as source:
        while len(part := source.read(4096)):
            parts.append(part)
        tail = b"".join(source.tail())
    if source.restorable:
        assert source.packing is not None
        packer = source.packing.packer(exact=True)
        built = [piece for part in parts for piece in packer.pack(part)]
        assert source.head + b"".join([*built, *packer.end()]) + tail == data


@cache
def _parameters() -> tuple[bytes, Any]:
    file = flac_frames.random_file(19, 16, 2, 6)
    return file.content, np.array(file.samples, np.int32).T.copy()


def _use_parameters(data: bytes) -> None:
    _content, samples = _parameters()
    for exact in (True, False):
        with contextlib.suppress(NlacError):
            packer = FlacFrames([data], 16, 2).packer(exact=exact)
            size = sum(map(len, packer.pack(samples)))
            # a frame takes some bytes of parameters and a sample at least
            assert size <= 1024 * len(data) + 16 * len(samples)
            list(packer.end())


@cache
def _sliced() -> tuple[bytes, Any, int]:
    from codec_tools import header_of

    samples = make("music", 2100)
    options = EncodeOptions(predictor="lpc", entry_seconds=0.03, preset="fast")
    header = header_of(samples, 16, options)
    with mock.patch.object(slicing, "_ONE_IN", 1):
        return encode_block(samples, header, options), header, len(samples)


def _use_slices(data: bytes) -> None:
    """Some checksums match: of what precedes the slices where it has the length of the seed's."""
    from nlac.codec.decoder.parts import open_slices

    payload, header, frames = _sliced()
    opened = open_slices(payload, frames, header)
    assert opened is not None
    place = opened.block.table.side_end
    data = data[:place] + crc_bytes(crc32(data[:place])) + data[place + c.CRC_BYTES :]
    for part in decode_intact(data, frames, header, len(data)):
        assert part.start + len(part.samples) <= frames
    decode_block(data, frames, header)


def _manifest_seeds() -> list[bytes]:
    record = manifest.Record("a/b", "encoded", output="a/b.nlac", size=5, sha256="0" * 64)
    link = manifest.Record("l", "link", output="l", target="b")
    events: list[dict[str, Any]] = [
        {"event": "run", "format": manifest.FORMAT, "root": "/r"},
        {"event": "begin", "source": "a/b", "output": "a/b.nlac"},
        {"event": "file", **record.to_dict()},
        {"event": "file", **link.to_dict()},
        {"event": "deleted", "source": "a/b"},
    ]
    lines = [json.dumps(event).encode() + b"\n" for event in events]
    odd = {"event": "begin", "source": "?", "source_bytes": "/w==", "output": "?"}
    return [b"".join(lines), lines[0] + json.dumps(odd).encode() + b"\n"]


def _use_manifest(data: bytes) -> None:
    """Whatever is read, no path leads out of the tree, and it can be written again."""
    with TemporaryDirectory() as folder:
        out = Path(folder)
        (out / MANIFEST_NAME).write_bytes(data)
        with manifest.load(out) as opened:
            for record in opened.records.values():
                for path in (record.source, record.output):
                    if path is not None:
                        check_inside(path)
                told = json.loads(json.dumps(record.to_dict()))
                assert manifest.Record.from_dict(told).source == record.source


@cache
def _arrays() -> list[bytes]:
    small = make("music", 60, 3).astype(np.int16)
    settings = ArraySettings()
    arrays = [small, small.T.astype(">i4"), (small / 7).astype(np.float32), small[:0]]
    return [chunks.encode(array, settings) for array in arrays]


def _use_array(data: bytes) -> None:
    """The head, and the stream that follows, get checksums that match."""
    at = data.find(c.MAGIC, len(c.MAGIC))
    head = data[: max(0, (at if at >= 0 else len(data)) - c.CRC_BYTES)]
    rest = with_good_checksums(data[at:]) if at >= 0 else b""
    chunks.decode(head + crc_bytes(crc32(head)) + rest, threads=1)


_CONFIGURATION = b"""[encode]
preset = "high"
tag = ["ENCODEDBY=me"]
threads = 2

[model.list]
json = true
"""


def _use_configuration(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_bytes(data)
        sections = _configuration.read_sections(path, must_exist=True)
        _configuration.defaults_of(sections, click.Context(cli), path)


ARCHIVE_TARGETS = {
    "cue": Target(_cue_seeds, _use_cue),
    "cue-block": Target(_cue_block_seeds, _use_cue_block),
    "tags": Target(_tag_seeds, _use_tags),
    "image": Target(_image_seeds, _use_image),
    "chunks": Target(_chunk_seeds, _use_chunks),
    "parity": Target(lambda: [_protected()], _use_records),
    "flac-frames": Target(_flac_files, _use_flac_frames),
    "parameters": Target(lambda: [_parameters()[0]], _use_parameters),
    "slices": Target(lambda: [_sliced()[0]], _use_slices),
    "manifest": Target(_manifest_seeds, _use_manifest),
    "array": Target(_arrays, _use_array),
    "configuration": Target(lambda: [_CONFIGURATION], _use_configuration),
}
