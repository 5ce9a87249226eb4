"""The Python interface: arrays, files, streams in pieces.

The package `nlac` gives out these names, and so does this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nlac

if TYPE_CHECKING:
    from nlac.api.decoding import decode
    from nlac.api.encoding import encode
    from nlac.api.file import NlacFile
    from nlac.api.functions import (
        add_model,
        blocks,
        info,
        open,
        read,
        register_mimetype,
        test,
    )
    from nlac.api.live.following import follow
    from nlac.api.parity.protecting import protect
    from nlac.api.parity.repairing import repair
    from nlac.api.stream_decoder import Decoder
    from nlac.api.stream_encoder import Encoder
    from nlac.api.tracks.joining import join
    from nlac.api.tracks.splitting import split
    from nlac.api.writer import NlacWriter
    from nlac.api.writing import write

__all__ = [
    "Decoder",
    "Encoder",
    "NlacFile",
    "NlacWriter",
    "add_model",
    "blocks",
    "decode",
    "encode",
    "follow",
    "info",
    "join",
    "open",
    "protect",
    "read",
    "register_mimetype",
    "repair",
    "split",
    "test",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(nlac, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
