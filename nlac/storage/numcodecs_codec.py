"""The codec "nlac" for numcodecs: Zarr 2 arrays, kerchunk references, and whatever else loads it.

Numcodecs finds it by its entry point, so nothing needs to be imported for arrays to be read.
"""

from __future__ import annotations

from typing import Any, ClassVar

from numcodecs.abc import Codec
from numcodecs.compat import ensure_bytes, ensure_ndarray, ndarray_copy

from nlac._arguments import from_keywords
from nlac.storage.chunks import decode, encode
from nlac.storage.settings import ArraySettings


class Nlac(Codec):
    """Lossless compression of sampled signals.

    Use it as the compressor, without filters ahead of it: `Delta` and the like hide from it
    what it would find.

    Parameters
    ----------
    **settings
        The fields of `nlac.storage.settings.ArraySettings`.

    Raises
    ------
    UsageError
        There is no such setting, or a value does not do.

    Examples
    --------
    >>> import numcodecs
    >>> codec = numcodecs.get_codec({"id": "nlac", "preset": "fast"})   # doctest: +SKIP
    >>> codec.decode(codec.encode(samples))                             # doctest: +SKIP
    """

    codec_id: ClassVar[str] = "nlac"

    def __init__(self, **settings: Any) -> None:
        self._settings = from_keywords(ArraySettings, settings, "setting")

    def encode(self, buf: Any) -> bytes:
        """Encode an array: integers of 8, 16 or 32 bits or float32, of any shape.

        Raises
        ------
        UsageError
            It is of another type.
        """
        return encode(ensure_ndarray(buf), self._settings)

    def decode(self, buf: Any, out: Any = None) -> Any:
        """Decode a chunk; returns an array of the shape and type that was encoded.

        Raises
        ------
        FormatError
            The chunk is damaged.
        """
        array = decode(ensure_bytes(buf), self._settings.threads)
        return ndarray_copy(array, out)

    def get_config(self) -> dict[str, Any]:
        """Settings that the bytes depend on."""
        return {"id": self.codec_id, **self._settings.stored}

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self._settings.stored.items())
        return f"{type(self).__name__}({values})"
