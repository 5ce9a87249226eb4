"""nlac: a lossless audio codec that gives exact files back.

Reading and writing arrays: `read`, `write`, `open`, `blocks`, `info`. Coding files:
`encode`, `decode`. Coding in pieces: `Encoder`, `Decoder`. All errors are `NlacError`s.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nlac._errors import (
    BadMagic,
    ChecksumMismatch,
    CorruptStream,
    FormatError,
    MissingDependency,
    ModelMismatch,
    NlacError,
    NotRestorable,
    OutputExists,
    TruncatedStream,
    UnknownPredictor,
    UnsupportedAudio,
    UnsupportedVersion,
    UsageError,
    VerifyMismatch,
)

if TYPE_CHECKING:
    from nlac._decode import decode
    from nlac._encode import encode
    from nlac._file import NlacFile
    from nlac._incremental import Decoder, Encoder
    from nlac._results import DecodeResult, EncodeResult, LostRange, StreamInfo
    from nlac._writer import NlacWriter
    from nlac.api import add_model, blocks, info, open, read, write
    from nlac.audio.raw import RawSpec
    from nlac.bitstream.items import Picture
    from nlac.codec.options import EncodeOptions

__version__ = "0.1.0"

__all__ = [
    "BadMagic",
    "ChecksumMismatch",
    "CorruptStream",
    "DecodeResult",
    "Decoder",
    "EncodeOptions",
    "EncodeResult",
    "Encoder",
    "FormatError",
    "LostRange",
    "MissingDependency",
    "ModelMismatch",
    "NlacError",
    "NlacFile",
    "NlacWriter",
    "NotRestorable",
    "OutputExists",
    "Picture",
    "RawSpec",
    "StreamInfo",
    "TruncatedStream",
    "UnknownPredictor",
    "UnsupportedAudio",
    "UnsupportedVersion",
    "UsageError",
    "VerifyMismatch",
    "add_model",
    "blocks",
    "decode",
    "encode",
    "info",
    "open",
    "read",
    "write",
]

_MODULES = {
    "DecodeResult": "nlac._results",
    "Decoder": "nlac._incremental",
    "EncodeOptions": "nlac.codec.options",
    "EncodeResult": "nlac._results",
    "Encoder": "nlac._incremental",
    "LostRange": "nlac._results",
    "NlacFile": "nlac._file",
    "NlacWriter": "nlac._writer",
    "Picture": "nlac.bitstream.items",
    "RawSpec": "nlac.audio.raw",
    "StreamInfo": "nlac._results",
    "add_model": "nlac.api",
    "blocks": "nlac.api",
    "decode": "nlac._decode",
    "encode": "nlac._encode",
    "info": "nlac.api",
    "open": "nlac.api",
    "read": "nlac.api",
    "write": "nlac.api",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
