"""The cue sheet of a stream, with the length that it is about."""

from __future__ import annotations

from typing import NamedTuple

from nlac._errors import UsageError
from nlac._files import ReadFile, open_input
from nlac.api.render import audio_format
from nlac.audio.format import AudioFormat
from nlac.bitstream.reader import IndexedReader
from nlac.metadata.cue_sheet.model import CueSheet
from nlac.metadata.cue_sheet.parser import parse_cue_sheet
from nlac.metadata.cue_sheet.stored import shown_cue_sheet_text


class StreamSheet(NamedTuple):
    """The cue sheet of a stream: as text, as it is understood, and what it is about."""

    text: str
    sheet: CueSheet
    format: AudioFormat
    num_frames: int


def read_cue_sheet(file: ReadFile, text: str | None = None) -> StreamSheet:
    """Read the cue sheet of a stream.

    Parameters
    ----------
    file : path, bytes-like or binary file object
        The stream.
    text : str, optional
        Another cue sheet for it.

    Raises
    ------
    UsageError
        There is no sheet.
    CueSheetError
        There is one that breaks a rule.
    FormatError
        The stream is damaged before its blocks or in its trailer.
    """
    with open_input(file, seekable=True) as opened:
        return sheet_of(IndexedReader(opened), text)


def read_cue_text(file: ReadFile) -> str:
    """Read the text of a stream's cue sheet, whatever it is worth; see `read_cue_sheet`."""
    with open_input(file, seekable=True) as opened:
        return _text_of(IndexedReader(opened))


def sheet_of(reader: IndexedReader, text: str | None = None) -> StreamSheet:
    """The cue sheet of an open stream; see `read_cue_sheet`."""
    if text is None:
        text = _text_of(reader, "; one may be given by cuesheet=")
    fmt = audio_format(reader.header)
    return StreamSheet(text, parse_cue_sheet(text, fmt, reader.num_frames), fmt, reader.num_frames)


def _text_of(reader: IndexedReader, hint: str = "") -> str:
    text = shown_cue_sheet_text(reader.leading, reader.header.sample_rate)
    if text is None:
        raise UsageError(f"the stream has no cue sheet{hint}")
    return text
