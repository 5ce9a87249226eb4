"""The codec "nlac" for Zarr 3: an array-to-bytes codec, in the place of "bytes" and a compressor.

Zarr finds it by its entry point, so nothing needs to be imported for arrays to be read.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from zarr.abc.codec import ArrayBytesCodec
from zarr.core.common import parse_named_configuration

from nlac._arguments import from_keywords
from nlac._errors import UsageError
from nlac.storage.chunks import decode, encode
from nlac.storage.container import TYPES
from nlac.storage.settings import ArraySettings

if TYPE_CHECKING:
    from zarr.core.array_spec import ArraySpec
    from zarr.core.buffer import Buffer, NDBuffer

_NAME = "nlac"


@dataclass(frozen=True)
class NlacCodec(ArrayBytesCodec):
    """Lossless compression of sampled signals.

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
    >>> zarr.create_array(                                              # doctest: +SKIP
    ...     store, data=samples, chunks=(30_000, 384), serializer=NlacCodec(preset="fast"),
    ...     compressors=None,
    ... )
    """

    is_fixed_size = False
    settings: ArraySettings = field(default_factory=ArraySettings)

    def __init__(self, **settings: Any) -> None:
        object.__setattr__(self, "settings", from_keywords(ArraySettings, settings, "setting"))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Make the codec of its metadata."""
        _, configuration = parse_named_configuration(data, _NAME, require_configuration=False)
        return cls(**(configuration or {}))

    def to_dict(self) -> dict[str, Any]:
        """Metadata of the codec: the settings that the bytes depend on."""
        return {"name": _NAME, "configuration": self.settings.stored}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        """Refuse arrays of types that cannot be encoded, when they are made.

        Raises
        ------
        UsageError
            The type is another one.
        """
        native = dtype.to_native_dtype()
        if native.str[1:] not in TYPES:
            raise UsageError(
                f"{native} samples: the array codec takes integers of 8, 16 and 32 bits, signed "
                "or not, and float32"
            )

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        """Refuse: the size of a chunk depends on its samples."""
        raise NotImplementedError("chunks of this codec have no fixed size")

    async def _encode_single(self, chunk_data: NDBuffer, chunk_spec: ArraySpec) -> Buffer | None:
        array = np.asarray(chunk_data.as_numpy_array())
        data = await asyncio.to_thread(encode, array, self.settings)
        return chunk_spec.prototype.buffer.from_bytes(data)

    async def _decode_single(self, chunk_data: Buffer, chunk_spec: ArraySpec) -> NDBuffer:
        data = chunk_data.to_bytes()
        array = await asyncio.to_thread(decode, data, self.settings.threads, chunk_spec.shape)
        wanted = chunk_spec.dtype.to_native_dtype()
        if array.dtype != wanted:
            # the same samples in another byte order
            array = array.astype(wanted, casting="equiv")
        return chunk_spec.prototype.nd_buffer.from_numpy_array(array)
