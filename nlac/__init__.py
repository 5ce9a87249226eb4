"""nlac: a lossless audio codec that gives exact files back.

Reading and writing arrays: `read`, `write`, `open`, `blocks`, `info`. Coding files: `encode`,
`decode`, `follow`, `test`, `protect`, `repair`. Coding in pieces: `Encoder`, `Decoder`. All errors
are `NlacError`s.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nlac._errors import (
    BadMagic,
    ChecksumMismatch,
    CorruptStream,
    CueSheetError,
    FormatError,
    LimitExceeded,
    MissingDependency,
    ModelMismatch,
    NlacError,
    NotRepairable,
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
    from nlac.api.results.coding import DecodeResult, EncodeResult
    from nlac.api.results.parity import ProtectResult, RepairResult
    from nlac.api.results.stream import StreamInfo
    from nlac.api.stream_decoder import Decoder
    from nlac.api.stream_encoder import Encoder
    from nlac.api.tracks.joining import join
    from nlac.api.tracks.results import JoinResult, SplitResult
    from nlac.api.tracks.splitting import split
    from nlac.api.writer import NlacWriter
    from nlac.api.writing import write
    from nlac.audio.raw import RawSpec
    from nlac.bitstream.items import Picture
    from nlac.codec.decoder.recovery import LostRange
    from nlac.codec.encoder.options import EncodeOptions
    from nlac.editing.editor import Edit
    from nlac.editing.file import EditableFile
    from nlac.metadata.pictures import read_picture

__version__ = "0.1.0"

__all__ = [
    "BadMagic",
    "ChecksumMismatch",
    "CorruptStream",
    "CueSheetError",
    "DecodeResult",
    "Decoder",
    "Edit",
    "EditableFile",
    "EncodeOptions",
    "EncodeResult",
    "Encoder",
    "FormatError",
    "JoinResult",
    "LimitExceeded",
    "LostRange",
    "MissingDependency",
    "ModelMismatch",
    "NlacError",
    "NlacFile",
    "NlacWriter",
    "NotRepairable",
    "NotRestorable",
    "OutputExists",
    "Picture",
    "ProtectResult",
    "RawSpec",
    "RepairResult",
    "SplitResult",
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
    "follow",
    "info",
    "join",
    "open",
    "protect",
    "read",
    "read_picture",
    "register_mimetype",
    "repair",
    "split",
    "test",
    "write",
]

_MODULES = {
    "DecodeResult": "nlac.api.results.coding",
    "Decoder": "nlac.api.stream_decoder",
    "Edit": "nlac.editing.editor",
    "EditableFile": "nlac.editing.file",
    "EncodeOptions": "nlac.codec.encoder.options",
    "EncodeResult": "nlac.api.results.coding",
    "Encoder": "nlac.api.stream_encoder",
    "JoinResult": "nlac.api.tracks.results",
    "LostRange": "nlac.codec.decoder.recovery",
    "NlacFile": "nlac.api.file",
    "NlacWriter": "nlac.api.writer",
    "Picture": "nlac.bitstream.items",
    "ProtectResult": "nlac.api.results.parity",
    "RawSpec": "nlac.audio.raw",
    "SplitResult": "nlac.api.tracks.results",
    "RepairResult": "nlac.api.results.parity",
    "StreamInfo": "nlac.api.results.stream",
    "add_model": "nlac.api.functions",
    "blocks": "nlac.api.functions",
    "decode": "nlac.api.decoding",
    "encode": "nlac.api.encoding",
    "follow": "nlac.api.live.following",
    # what notebooks show of an opened file
    "html_of": "nlac.views.output.notebook",
    "info": "nlac.api.functions",
    "join": "nlac.api.tracks.joining",
    "open": "nlac.api.functions",
    "protect": "nlac.api.parity.protecting",
    "read": "nlac.api.functions",
    "register_mimetype": "nlac.api.functions",
    "split": "nlac.api.tracks.splitting",
    "read_picture": "nlac.metadata.pictures",
    "repair": "nlac.api.parity.repairing",
    "test": "nlac.api.functions",
    "write": "nlac.api.writing",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
