"""Decode a block that holds what a lossy stream held (spec, section "Origin block").

The block is cut into sections. Those of granules or frames are synthesised, and what the synthesis
missed is added; the others, one after the other, are a block of the stream's own predictor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream
from nlac.bitstream.header import StreamHeader
from nlac.entropy.words import check_end
from nlac.predictors.origin.coding import SectionCoder
from nlac.predictors.origin.head import OriginHead, Section, check_coder, read_head
from nlac.predictors.origin.lossy import lossy_of
from nlac.predictors.origin.output import Output

# decodes a block of the stream's predictor: data, at, frames, channels, stream
DecodeBlock: TypeAlias = Callable[[bytes, int, int, int, StreamHeader], Iterable[NDArray[np.int32]]]


class DecodedSection(NamedTuple):
    """A section with granules or frames, decoded.

    Attributes
    ----------
    begin : int
        Its first frame in the block.
    section : Section
    units : Granules or Frames
    made : (channels, frames) int32
        What the synthesis made of them.
    residuals : (channels, frames) int32
        What that missed.
    samples : (channels, frames) int32
        The sum of both, less than 2**26 in magnitude.
    unit_bits, residual_bits : float
        Bits of the words that each took.
    """

    begin: int
    section: Section
    units: Any
    made: NDArray[np.int32]
    residuals: NDArray[np.int32]
    samples: NDArray[np.int32]
    unit_bits: float
    residual_bits: float


def decode_sections(head: OriginHead, channels: int, bits: int) -> Iterator[DecodedSection]:
    """Decode the sections that have granules or frames.

    Raises
    ------
    CorruptStream
        The words are not what an encoder writes.
    """
    lossy = lossy_of(head.kind)
    coder = SectionCoder(lossy, head.words, True)
    for begin, section in zip(head.begins, head.sections, strict=True):
        if section.shift is None:
            continue
        marks = [coder.bits]
        shift, frames = section.shift, section.frames
        units = lossy.empty(head.kind.units(shift, frames), channels)
        if not coder.units(units, head.table):
            raise CorruptStream("a value of a spectrum is out of bounds", path="origin.units")
        marks.append(coder.bits)
        output = Output(section.gain, section.rounding, bits)
        made, places = lossy.synthesise(units, head.table, output, shift, frames)
        residuals = np.zeros(made.shape, np.int32)
        coder.residuals(residuals, places)
        marks.append(coder.bits)
        yield DecodedSection(
            begin, section, units, made, residuals, made + residuals,
            marks[1] - marks[0], marks[2] - marks[1],
        )  # fmt: skip
    taken = coder.finish()
    check_end(head.words, np.zeros(0, np.uint32), taken, 0)


def decode_origin(
    data: bytes, at: int, frames: int, channels: int, stream: StreamHeader, decode: DecodeBlock
) -> NDArray[np.int32]:
    """Decode a block of kind `ORIGIN`; `data` ends with it.

    Parameters
    ----------
    data : bytes
    at, frames, channels : int
    stream : StreamHeader
    decode : callable
        Decodes the block of the sections without units.

    Returns
    -------
    (channels, frames) int32

    Raises
    ------
    CorruptStream
        The bytes are not what an encoder writes.
    """
    check_coder(stream)
    bits = stream.bits_per_sample
    head = read_head(data, at, frames, channels, bits)
    out = np.empty((channels, frames), np.int32)
    for each in decode_sections(head, channels, bits):
        out[:, each.begin : each.begin + each.section.frames] = each.samples
    if not head.other_frames:
        return out
    others = np.empty((channels, head.other_frames), np.int32)
    done = 0
    for piece in decode(data, head.end, head.other_frames, channels, stream):
        others[:, done : done + piece.shape[1]] = piece
        done += piece.shape[1]
    for span in head.other_spans:
        out[:, span.begin : span.end] = others[:, span.start : span.start + span.end - span.begin]
    return out
