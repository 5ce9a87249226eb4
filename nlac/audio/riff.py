"""The walker for WAV (RIFF and RIFX) and its 64-bit forms RF64 and BW64.

References: Microsoft/IBM RIFF, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).
"""

from __future__ import annotations

import struct

from nlac._errors import UnsupportedAudio
from nlac.audio.chunk_style import RIFF, RIFX
from nlac.audio.layout import Layout, Walk, printable, skip_pad
from nlac.audio.wavefmt import WaveFormat, first_wave_format, needed_wave_format

UNKNOWN_32 = 0xFFFFFFFF
UNKNOWN_64 = 0xFFFFFFFFFFFFFFFF
CONTAINERS = {b"RIFF": "wav", b"RIFX": "wav", b"RF64": "rf64", b"BW64": "bw64"}

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
    order, style = (">", RIFX) if magic == b"RIFX" else ("<", RIFF)
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
        skip_pad(walk, size, style)
    fmt, packing = needed_wave_format(found, start)
    if is_64 and long_sizes is None:
        walk.warn(f"an {magic.decode()} file without a ds64 chunk")
    unknown = size == UNKNOWN_32
    if long_sizes is not None:
        riff_size = long_sizes[0] or riff_size
        size, unknown = _data_size(walk, size, long_sizes, packing.bytes_per_sample * fmt.channels)
    outer_unknown = riff_size == 0 or riff_size in (UNKNOWN_32, UNKNOWN_64)
    data_bytes = walk.data_length(
        size,
        style,
        unknown=unknown,
        what="data chunk",
        outer_end=None if outer_unknown else walk.begin + 8 + riff_size,
    )
    return Layout(CONTAINERS[magic], fmt, packing, data_bytes)


def _data_size(
    walk: Walk, size: int, long_sizes: tuple[int, int], frame_bytes: int
) -> tuple[int, bool]:
    """Return the size of the data chunk in RF64 and BW64, and whether it is unknown.

    The 32-bit size should be 0xFFFFFFFF, which stands for that in ds64. Where it is not, the
    two may disagree: then ds64 counts, as in other programs, unless it cannot be right.
    """
    outer_size, long_size = long_sizes
    unknown = long_size >= UNKNOWN_64 >> 1
    if size in (UNKNOWN_32, long_size):
        return long_size, unknown
    outer_end = walk.begin + 8 + outer_size
    possible = (
        long_size > 0
        and not unknown
        and long_size % frame_bytes == 0
        and (outer_size == 0 or walk.reader.position + long_size <= outer_end)
    )
    used = long_size if possible else size
    walk.warn(
        f"the data chunk has {size} bytes by its own size and {long_size} by the ds64 chunk; "
        f"{used} is used"
    )
    return used, False
