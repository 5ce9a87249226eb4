"""The walker for WAV (RIFF and RIFX) and its 64-bit forms RF64 and BW64.

References: Microsoft/IBM RIFF, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
"""

from __future__ import annotations

import struct

from nlac._errors import UnsupportedAudio
from nlac.audio.layout import Layout, Walk, chunk_ids, printable, skip_pad
from nlac.audio.wavefmt import WaveFormat, first_wave_format, needed_wave_format

UNKNOWN_32 = 0xFFFFFFFF
UNKNOWN_64 = 0xFFFFFFFFFFFFFFFF
CONTAINERS = {b"RIFF": "wav", b"RIFX": "wav", b"RF64": "rf64", b"BW64": "bw64"}

_KNOWN_IDS = chunk_ids(
    "fmt data fact LIST JUNK junk bext cue PEAK smpl iXML axml chna inst plst id3 ID3 "
    "PAD FLLR acid _PMX cart DISP levl ds64 afsp SAUR note labl umid"
)


def walk_riff(walk: Walk) -> Layout:
    """Read everything up to the first sample of a WAV, RF64 or BW64 file.

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
    opening = reader.need(12, "the RIFF header")
    magic = opening[:4]
    order = ">" if magic == b"RIFX" else "<"
    riff_size = struct.unpack_from(order + "I", opening, 4)[0]
    is_64 = magic in (b"RF64", b"BW64")
    long_sizes: tuple[int, int] | None = None
    found: WaveFormat | None = None
    while True:
        start = walk.next_chunk("a 'data' chunk")
        chunk_id, size = struct.unpack(order + "4sI", reader.need(8, "a chunk header"))
        if chunk_id == b"data":
            break
        payload = reader.need(size, f"the chunk {printable(chunk_id)}")
        if chunk_id == b"fmt ":
            found = first_wave_format(found, payload, walk, start, order=order)
        elif chunk_id == b"ds64" and is_64:
            if size < 16:
                raise UnsupportedAudio(f"the ds64 chunk at byte {start} has {size} bytes, not 28")
            long_sizes = struct.unpack_from("<QQ", payload)
        skip_pad(walk, size, _KNOWN_IDS)
    fmt, packing = needed_wave_format(found, start)
    if is_64 and long_sizes is None:
        walk.warn(f"an {magic.decode()} file without a ds64 chunk")
    unknown = size == UNKNOWN_32
    if long_sizes is not None:
        # the 64-bit fields count only where the 32-bit ones say so
        if riff_size == UNKNOWN_32:
            riff_size = long_sizes[0]
        if size == UNKNOWN_32:
            size = long_sizes[1]
            unknown = size >= UNKNOWN_64 >> 1
    outer_unknown = riff_size == 0 or riff_size in (UNKNOWN_32, UNKNOWN_64)
    data_bytes = walk.data_length(
        size,
        unknown=unknown,
        what="data chunk",
        outer_end=None if outer_unknown else riff_size + 8,
    )
    return Layout(CONTAINERS[magic], fmt, packing, data_bytes)
