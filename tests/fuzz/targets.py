"""What hostile bytes are given to: a function for each parser, and inputs to begin with.

A target takes any bytes. It may raise `NlacError`, which says what is wrong with them; any other
error is a fault, and so is an input that takes long. Checksums are made to match where they would
keep damage from what lies behind them. `run_atheris.py` searches for such inputs, guided by what
they reach; `test_fuzz_targets.py` tries some, and those that were found once.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from functools import cache

from archive_targets import ARCHIVE_TARGETS
from mutations import GOLDEN, origin_block
from strategies import RATE
from target import Target
from test_fuzz_streams import stream, with_good_checksums

import nlac
from nlac._errors import NlacError
from nlac.audio.flac import blocks, metadata, ogg
from nlac.audio.source import open_source
from nlac.bitstream import constants as c
from nlac.bitstream.items import Picture, Recipe, Tags
from nlac.bitstream.metadata import MetadataItem
from nlac.codec.decoder.payload import decode_block
from nlac.predictors.networks.models import Model, model_files

_CONTAINERS = ("wav", "rf64", "bw64", "w64", "aiff", "aifc")
# of others the samples are read by libsndfile or flac, which are not what is tested here
_OURS = (b"RIFF", b"RF64", b"BW64", b"riff", b"FORM")


@cache
def _streams() -> list[bytes]:
    picture = nlac.Picture(3, "image/png", "x", 1, 1, 24, 0, bytes(30))
    given = io.BytesIO()
    nlac.encode(_file("wav"), given, preset="fast", tags={"title": "x"}, pictures=[picture])
    return [
        stream("integers", tags={"title": "x"}), stream("float"), given.getvalue(),
        (GOLDEN / "origin.nlac").read_bytes(),
    ]  # fmt: skip


@cache
def _file(container: str) -> bytes:
    out = io.BytesIO()
    nlac.decode(stream("integers"), out, container=container)
    return out.getvalue()


def _use_stream(data: bytes) -> None:
    data = with_good_checksums(data)
    for work in (
        lambda: nlac.info(data),
        lambda: nlac.read(data, threads=1),
        lambda: nlac.decode(data, io.BytesIO(), container="raw", recover=True, threads=1),
    ):
        with contextlib.suppress(NlacError):
            work()


def _use_origin(data: bytes, name: str = "origin") -> None:
    """A block with granules: its fields, words, and the block of its other sections."""
    _payload, header, frames = origin_block(name)
    decode_block(data, frames, header)


def _use_aac(data: bytes) -> None:
    _use_origin(data, "origin-aac")


def _use_container(data: bytes) -> None:
    if data.startswith(_OURS):
        with open_source(io.BytesIO(data)) as source:
            while len(source.read(4096)):
                pass


def _use_item(data: bytes) -> None:
    """The first byte chooses the type."""
    kind = (Tags, Picture, Recipe)[data[0] % 3] if data else Tags
    item_type = {Tags: c.ITEM_TAGS, Picture: c.ITEM_PICTURE, Recipe: c.ITEM_RECIPE}[kind]
    kind.from_item(MetadataItem(item_type, data[1:]))


def _item_seeds() -> list[bytes]:
    tags = Tags.from_mapping({"ARTIST": ["a", "b"], "TITLE": "x"}).to_item()
    picture = Picture(3, "image/png", "x", 1, 1, 24, 0, bytes(9)).to_item()
    return [
        b"\0" + tags.data,
        b"\1" + picture.data,
        b"\2" + Recipe("wav", b"\2\0\0", 44).to_item().data,
    ]


def _flac_block(kind: int, data: bytes, last: bool = False) -> bytes:
    return bytes((kind | (metadata.LAST if last else 0),)) + len(data).to_bytes(3, "big") + data


@cache
def _flac_head() -> bytes:
    info = struct.pack(">HH", 4096, 4096) + bytes(6)
    info += (RATE << 44 | 1 << 41 | 15 << 36 | 900).to_bytes(8, "big") + bytes(range(16))
    comments = Tags.from_mapping({"TITLE": "x"}).to_item().data
    head = _flac_block(0, info) + _flac_block(metadata.COMMENTS, comments)
    return metadata.MAGIC + head + _flac_block(metadata.APPLICATION, b"riff" + bytes(20), True)


def _use_flac(data: bytes) -> None:
    file = io.BytesIO(data)

    def need(count: int, what: str) -> bytes:
        if len(found := file.read(count)) < count:
            raise NlacError(f"the file ends in {what}")
        return found

    found = list(metadata.read_blocks(need))
    info, _dropped = metadata.parse_blocks(found)
    parsed = [blocks.Block.parse(block) for block in found]
    blocks.tags_of(parsed)
    blocks.channel_mask(parsed, info.channels)
    for _picture in blocks.pictures_of(parsed):
        pass


def _ogg_seeds() -> list[bytes]:
    first = metadata.OGG_MAGIC + b"\1\0\0\1" + _flac_head()[:42]
    alone = first.replace(metadata.MAGIC + b"\0", metadata.MAGIC + bytes((metadata.LAST,)))
    more = [_flac_block(metadata.APPLICATION, b"riff\0"), _flac_block(1, b"", last=True)]
    return [_page(6, 0, [alone]), _page(2, 0, [first]) + _page(4, 1, more)]


def _page(flags: int, number: int, packets: list[bytes]) -> bytes:
    header = struct.pack("<4sBBQIII", b"OggS", 0, flags, 0, 0, number, 0)
    sizes = bytes(len(packet) for packet in packets)
    return header + bytes((len(sizes),)) + sizes + b"".join(packets)


def _with_page_checksums(data: bytes) -> bytes:
    """The same with the checksum of each page made to match (RFC 3533, section 6)."""
    out = bytearray(data)
    at = 0
    while at + 27 <= len(out):
        end = at + 27 + out[at + 26]
        end += sum(out[at + 27 : end])
        out[at + 22 : at + 26] = bytes(4)
        out[at + 22 : at + 26] = struct.pack("<I", ogg._crc(bytes(out[at:end])))
        at = end
    return bytes(out)


def _use_ogg(data: bytes) -> None:
    data = _with_page_checksums(data)
    for _block in metadata.ogg_blocks(ogg.ogg_packets(io.BytesIO(data).read)):
        pass


def _model_seeds() -> list[bytes]:
    smallest = min(model_files(), key=lambda path: path.stat().st_size)
    return [smallest.read_bytes()]


def _use_model(data: bytes) -> None:
    Model.from_bytes(data[:-4] + struct.pack("<I", zlib.crc32(data[:-4])))


TARGETS = {
    "stream": Target(_streams, _use_stream),
    "origin": Target(lambda: [origin_block()[0]], _use_origin),
    "origin-aac": Target(lambda: [origin_block("origin-aac")[0]], _use_aac),
    "container": Target(lambda: [_file(name) for name in _CONTAINERS], _use_container),
    "item": Target(_item_seeds, _use_item),
    "flac": Target(lambda: [_flac_head()], _use_flac),
    "ogg": Target(_ogg_seeds, _use_ogg),
    "model": Target(_model_seeds, _use_model),
    **ARCHIVE_TARGETS,
}


def use(target: str, data: bytes) -> None:
    """Give bytes to a target."""
    with contextlib.suppress(NlacError):
        TARGETS[target].use(data)
