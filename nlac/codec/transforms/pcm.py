"""PCM bytes of samples, and their MD5 in the stream (spec 9)."""

from __future__ import annotations

import hashlib

import numpy as np

from nlac._samples import in_pieces
from nlac._typing import Samples


def pcm_bytes(samples: Samples, bits_per_sample: int) -> bytes:
    """Return samples interleaved, little-endian, sign-extended to whole bytes; float32 as 4 bytes.

    Parameters
    ----------
    samples : Samples, shape (frames, channels)
        Integers right-justified, or float32.
    bits_per_sample : int
        Valid bits, 1 to 32.

    Example: the 12-bit sample -2 is ``FE FF``.
    """
    if samples.dtype == np.float32:
        return samples.astype("<f4", copy=False).tobytes()
    num_bytes = (bits_per_sample + 7) // 8
    if num_bytes == 3:
        quads = np.ascontiguousarray(samples.astype("<i4", copy=False)).view(np.uint8)
        return quads.reshape(-1, 4)[:, :3].tobytes()
    return samples.astype(f"<i{num_bytes}", copy=False).tobytes()


class PcmDigest:
    """MD5 of the samples of a stream, updated block by block."""

    def __init__(self, bits_per_sample: int) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._bits_per_sample = bits_per_sample

    def update(self, samples: Samples) -> None:
        """Add the next samples, shape (frames, channels)."""
        for piece in in_pieces(samples):
            self._md5.update(pcm_bytes(piece, self._bits_per_sample))

    def digest(self) -> bytes:
        """Return the 16 bytes of the MD5 so far."""
        return self._md5.digest()
