"""Table of the built-in predictors: number, name, and the modules that decode and encode.

A new predictor is a folder beside this module, a module in `nlac.codec.encoder`, and a row of
`METHODS`. The table names modules instead of importing them: they are slow to import, and a decoder
must not load the encoder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nlac._errors import CorruptStream
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.predictors.origin.kinds import ORIGIN

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
        Number in streams, never used for anything else again (spec 5.1).
    name : str
        Name; empty for predictors of third parties, which bring their own.
    decoder : str
        Module with ``decode(data, at, frames, channels, stream)``, which yields the coded
        channels in one or several pieces, each (channels, some frames) int32; `data` ends with
        them.
    encoder : str
        Module with ``choose(options)``, which checks options and returns header parameters and
        model hash, and ``encode(channels, stream, options, before)``, which returns bytes.
    has_rice : bool
        The predictor has Rice codes.
    takes_model : bool
        The stream header names a model.
    has_effort : bool
        The encoder takes the option `effort`.
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
    ) -> Iterator[NDArray[np.int32]]:
        """Decode the channels of a block.

        Yields
        ------
        (channels, some frames) int32
            Pieces in order. The next one may overwrite the one before.

        Raises
        ------
        CorruptStream
            The block is invalid, or the header has fields that the predictor does not take.
        """
        self.check(stream)
        decode = self._load(self.decoder).decode
        if self.name and data[at : at + 1] == bytes([ORIGIN]):
            from nlac.predictors.origin.block import decode_origin

            yield decode_origin(data, at, frames, channels, stream, decode)
        else:
            yield from decode(data, at, frames, channels, stream)

    def check(self, stream: StreamHeader) -> None:
        """Raise `CorruptStream` if the header has fields that the predictor does not take."""
        if stream.coder_id == c.CODER_RICE and not self.has_rice:
            raise CorruptStream(
                f"predictor {self.name} has no Rice codes", path="header.coder_id"
            )
        if self.name and stream.predictor_parameters:
            raise CorruptStream(
                f"predictor {self.name} takes no parameters; they must be empty",
                path="header.predictor_parameters",
            )
        if self.name and stream.model_hash and not self.takes_model:
            raise CorruptStream(
                f"predictor {self.name} takes no model; the model hash must be empty",
                path="header.model_hash",
            )

    def choose(self, options: Any) -> tuple[bytes, bytes]:
        """Check encoder options; returns parameters and model hash for the header.

        Raises
        ------
        UsageError
            An option does not suit the predictor.
        """
        chosen: tuple[bytes, bytes] = self._load(self.encoder).choose(options)
        return chosen

    def encode(
        self, channels: NDArray[np.int32], stream: StreamHeader, options: Any, before: bytes = b""
    ) -> bytes:
        """Code the channels of a block, (channels, frames) int32; at least one of each.

        `before` is the payload up to them. Checksums inside of a block cover it as well.
        """
        coded: bytes = self._load(self.encoder).encode(channels, stream, options, before)
        return coded

    @staticmethod
    def _load(module: str) -> ModuleType:
        return import_module(module)


_NEURAL = ("nlac.predictors.neural.block", "nlac.codec.encoder.network")

METHODS: list[Method] = [
    Method(c.PREDICTOR_LPC, "lpc", "nlac.predictors.lpc.block", "nlac.codec.encoder.lpc.block",
           has_rice=True),
    Method(2, "cascade", "nlac.predictors.cascade.block", "nlac.codec.encoder.cascade",
           has_effort=True),
    Method(3, "cnn", *_NEURAL, takes_model=True, has_effort=True),
    Method(4, "gru", *_NEURAL, takes_model=True, has_effort=True),
]  # fmt: skip
# predictors of third parties, which bring number and name
GENERIC = Method(0, "", "nlac.predictors.generic", "nlac.codec.encoder.generic")


def names() -> Mapping[int, str]:
    """Names of the built-in predictors, keyed by their numbers."""
    return {row.predictor_id: row.name for row in METHODS}
