"""A decoder of nlac streams, written from format_spec.md alone: an oracle for tests.

Its author had not seen the program, which shares nothing with it but the attachments of sections
11.5, 11.19 and 11.24. It is kept that way: a change begins with the text, and follows the text
here.

It reads forward, checks everything and gives up at the first thing that is wrong; nothing of
section 10 (recovery) is done. Predictors 1 to 4 are decoded, 3 and 4 with a model that the stream
holds or that lies beside the package; blocks of all others (11.14) are decoded with a predictor
that the caller gives.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from oracle.attachments import package_folder
from oracle.coding import Tables
from oracle.container import (
    CNN,
    GRU,
    MODEL,
    Header,
    Item,
    SpecError,
    read_stream,
    require,
)
from oracle.networks import Gates, Network, read_model
from oracle.originals import restore_original
from oracle.payload import Predictors, decode_payload

__all__ = ["Decoded", "SpecError", "attached_tables", "decode_stream"]


class Decoded(NamedTuple):
    """What a stream holds; frames has a list of samples for each channel."""

    sample_rate: int
    channels: int
    bits_per_sample: int
    is_float: bool
    channel_mask: int
    original: bytes | None
    frames: list[list[int]]


@cache
def attached_tables() -> Tables:
    """The attachment of section 11.5."""
    return Tables((package_folder() / "bitstream" / "distribution.bin").read_bytes())


@cache
def attached_gates() -> Gates:
    """The attachment of section 11.19."""
    return Gates((package_folder() / "predictors" / "networks" / "gates.bin").read_bytes())


def find_network(header: Header, items: list[Item], models: Sequence[bytes]) -> Network | None:
    """The network that the header names: embedded (6.6), given, or a model of the package."""
    if header.predictor not in (CNN, GRU):
        return None
    files = [path.read_bytes() for path in sorted((package_folder() / "models").glob("*.nlacm"))]
    embedded = b"".join(item.content for item in items if item.type == MODEL)
    for data in [embedded] if embedded else [*models, *files]:
        description = read_model(data)
        if hashlib.sha256(description).digest() == header.model_hash:
            return Network(description, attached_gates())
    require(not embedded, "the embedded model is not that of the header")
    return None


def samples_md5(header: Header, channels: list[list[int]]) -> bytes:
    """Section 9."""
    size = (header.bits_per_sample + 7) // 8
    digest = hashlib.md5()
    for frame in zip(*channels, strict=True):
        for sample in frame:
            digest.update(sample.to_bytes(size, "little", signed=not header.is_float))
    return digest.digest()


def decode_stream(
    data: bytes, predictors: Predictors | None = None, models: Sequence[bytes] = ()
) -> Decoded:
    """Decode a stream; raise SpecError if it is not as the specification demands.

    predictors has, for each predictor id that is to be known besides lpc, a function of the
    parameters and the model hash that makes one; models are model files that may be needed.
    """
    tables, known = attached_tables(), predictors or {}
    header, items, blocks, trailer = read_stream(data)
    network = find_network(header, items, models)
    channels: list[list[int]] = [[] for _ in range(header.channels)]
    for number, block in enumerate(blocks):
        try:
            decoded = decode_payload(block.payload, block.frames, header, tables, known, network)
        except SpecError as error:
            raise SpecError(f"block {number} at {block.offset}: {error}") from error
        for channel, samples in zip(channels, decoded, strict=True):
            channel.extend(samples)
    require(trailer.samples_md5 == samples_md5(header, channels), "MD5 of the samples")
    original = restore_original(items, header, channels)
    require(trailer.restores == (original is not None), "trailer: original, but no recipe")
    if original is not None:
        require(trailer.original_length == len(original), "length of the original")
        require(trailer.original_md5 == hashlib.md5(original).digest(), "MD5 of the original")
    return Decoded(
        header.sample_rate,
        header.channels,
        header.bits_per_sample,
        header.is_float,
        header.channel_mask,
        original,
        channels,
    )
