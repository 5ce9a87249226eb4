"""The built-in predictors, one row each: number, name, and the modules that decode and encode.

A new kind of predictor is a folder here, a module of the encoder, and a row. Modules are named,
not imported: they are heavy, and a decoder must not load what only an encoder needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Method:
    """How the blocks of a predictor are coded.

    Attributes
    ----------
    predictor_id : int
        Its number in streams, which is never used again for anything else (spec 5.1).
    name : str
        Its name.
    decoder : str
        Module with ``decode(data, at, frames, channels, stream)``, which returns the coded
        channels, (channels, frames) int32; `data` ends with them.
    encoder : str
        Module with ``choose(options)``, which checks options and returns the predictor's
        parameters and model hash, and ``encode(channels, stream, options)``, which returns bytes.
    has_rice, takes_model, has_effort : bool
        Whether there are Rice codes, whether a stream names a model, and whether the option
        `effort` means something.
    """

    predictor_id: int
    name: str
    decoder: str
    encoder: str
    has_rice: bool = False
    takes_model: bool = False
    has_effort: bool = False

    def decode(
        self, data: bytes, at: int, frames: int, channels: int, stream: StreamHeader
    ) -> NDArray[np.int32]:
        """Decode the channels of a block, (channels, frames) int32.

        Raises
        ------
        CorruptStream
            The bytes are not what an encoder writes, or the header does not suit the predictor.
        """
        if stream.coder_id == c.CODER_RICE and not self.has_rice:
            raise CorruptStream(f"{self.name} has no Rice codes", path="header.coder_id")
        if self.name and stream.predictor_parameters:
            raise CorruptStream(
                f"{self.name} has no parameters", path="header.predictor_parameters"
            )
        if self.name and stream.model_hash and not self.takes_model:
            raise CorruptStream(f"{self.name} takes no model", path="header.model_hash")
        decoded: NDArray[np.int32] = self._load(self.decoder).decode(
            data, at, frames, channels, stream
        )
        return decoded

    def choose(self, options: Any) -> tuple[bytes, bytes]:
        """Check the options of an encoder; returns parameters and model hash for the header."""
        chosen: tuple[bytes, bytes] = self._load(self.encoder).choose(options)
        return chosen

    def encode(self, channels: NDArray[np.int32], stream: StreamHeader, options: Any) -> bytes:
        """Code the channels of a block, (channels, frames) int32, at least one of each."""
        coded: bytes = self._load(self.encoder).encode(channels, stream, options)
        return coded

    @staticmethod
    def _load(module: str) -> ModuleType:
        return import_module(module)


_NEURAL = ("nlac.predictors.neural.block", "nlac.codec.encoder.network")

METHODS: list[Method] = [
    Method(1, "lpc", "nlac.predictors.lpc.block", "nlac.codec.encoder.lpc.block", has_rice=True),
    Method(2, "cascade", "nlac.predictors.cascade.block", "nlac.codec.encoder.cascade",
           has_effort=True),
    Method(3, "cnn", *_NEURAL, takes_model=True, has_effort=True),
    Method(4, "gru", *_NEURAL, takes_model=True, has_effort=True),
]  # fmt: skip
# predictors of third parties: number and name are theirs
GENERIC = Method(0, "", "nlac.predictors.generic", "nlac.codec.encoder.generic")


def names() -> Mapping[int, str]:
    """Names of the built-in predictors, by their numbers."""
    return {row.predictor_id: row.name for row in METHODS}
