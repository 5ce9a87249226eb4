"""Names that an nlac stream must not have, for every program would take it for something else."""

from __future__ import annotations

import os
from pathlib import PurePath

from nlac._errors import UsageError

# extensions of audio files that can be encoded
AUDIO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "wave", "bwf", "rf64", "bw64", "w64", "aif", "aiff", "aifc", "afc"),
        *("flac", "caf", "au", "snd", "ogg", "oga", "opus", "mp3", "voc"),
    )
)
FOREIGN_SUFFIXES = AUDIO_SUFFIXES | {
    *(".raw", ".pcm", ".wv", ".ape", ".tta", ".tak", ".ofr", ".m4a", ".mp4"),
    *(".mka", ".mkv", ".mov", ".aac", ".wma", ".dsf", ".dff"),
}


def refuse_foreign_name(file: object) -> None:
    """Refuse to write a stream under the extension of another kind of file.

    Raises
    ------
    UsageError
        `file` is a path with such an extension.
    """
    if isinstance(file, (str, os.PathLike)):
        suffix = PurePath(os.fspath(file)).suffix.lower()
        if suffix in FOREIGN_SUFFIXES:
            raise UsageError(
                f"{os.fspath(file)}: would be an nlac stream under a foreign extension; call it "
                f".nlac (nlac.decode makes a {suffix} file of one, where it can)"
            )
