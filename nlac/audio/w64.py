"""The walker for W64: Sony's (Sonic Foundry's) Wave64, RIFF with GUIDs and 64-bit sizes."""

from __future__ import annotations

import struct

from nlac._errors import UnsupportedAudio
from nlac.audio.chunk_style import W64
from nlac.audio.layout import Layout, Walk
from nlac.audio.wavefmt import WaveFormat, first_wave_format, needed_wave_format

RIFF_GUID = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_WAVE_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
WAVE_GUID = b"wave" + _WAVE_TAIL
FMT_GUID = b"fmt " + _WAVE_TAIL
FACT_GUID = b"fact" + _WAVE_TAIL
DATA_GUID = b"data" + _WAVE_TAIL
CHUNK_HEADER_BYTES = 24
# signed and unsigned "all ones": what programs write when they do not know
_UNKNOWN_FROM = 2**63 - 1


def walk_w64(walk: Walk) -> Layout:
    """Read everything up to the first sample of a W64 file.

    Parameters
    ----------
    walk : Walk
        The input, at the first byte of the file.

    Returns
    -------
    Layout

    Raises
    ------
    UnsupportedAudio
        If the header is damaged or its samples cannot be coded.
    """
    reader = walk.reader
    opening = reader.need(40, "the W64 header")
    if opening[24:] != WAVE_GUID:
        raise UnsupportedAudio("a W64 file that holds no wave")
    outer_size = struct.unpack_from("<Q", opening, 16)[0]
    found: WaveFormat | None = None
    while True:
        start = walk.next_chunk("a 'data' chunk")
        guid, size = struct.unpack("<16sQ", reader.need(CHUNK_HEADER_BYTES, "a chunk header"))
        if guid == DATA_GUID:
            break
        if size < CHUNK_HEADER_BYTES:
            raise UnsupportedAudio(
                f"the chunk at byte {start} claims {size} bytes, fewer than its own header"
            )
        payload = reader.need(size - CHUNK_HEADER_BYTES, "a chunk")
        if guid == FMT_GUID:
            found = first_wave_format(found, payload, walk, start)
        # chunks begin at multiples of 8
        reader.need(-size % 8, "padding")
    fmt, packing = needed_wave_format(found, start)
    outer_unknown = outer_size == 0 or outer_size >= _UNKNOWN_FROM
    # some programs write sizes below that of the header to pipes: as good as none
    data_bytes = walk.data_length(
        max(0, size - CHUNK_HEADER_BYTES),
        W64,
        unknown=size >= _UNKNOWN_FROM,
        what="data chunk",
        outer_end=None if outer_unknown else walk.begin + outer_size,
    )
    return Layout("w64", fmt, packing, data_bytes)
