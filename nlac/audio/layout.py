"""Where the samples lie in a file: what a walker finds, and what it makes of odd sizes."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import UnsupportedAudio
from nlac.audio.chunk_style import ChunkStyle, chunks_lie_in, pad_follows
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing
from nlac.audio.reader import MAX_CHUNKS_BEFORE_DATA, ByteReader

# enough to see whether chunks follow samples of size 0
_LOOK_AHEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Layout:
    """What the head of a file says about the samples that follow it.

    Parameters
    ----------
    container : str
        ``"wav"``, ``"rf64"``, ``"bw64"``, ``"w64"``, ``"aiff"``, ``"aifc"`` or ``"raw"``.
    format : AudioFormat
        What the samples are.
    packing : Packing
        How they lie in the file.
    data_bytes : int or None
        Bytes of samples that the head announces; None: to the end of the input.
    """

    container: str
    format: AudioFormat
    packing: Packing
    data_bytes: int | None


@dataclass(slots=True)
class Walk:
    """One walk over the chunks before the samples: the input, the options, the notes.

    Parameters
    ----------
    reader : ByteReader
        The input, at its first byte.
    ignore_sizes : bool
        Take everything after the header of the samples as samples.
    warnings : list of str
        Receives what is odd about the file.
    begin : int
        Bytes of tags in front of the file's own header, whose sizes do not count them.
    """

    reader: ByteReader
    ignore_sizes: bool
    warnings: list[str]
    begin: int = 0
    num_chunks: int = 0

    def warn(self, text: str) -> None:
        """Note something odd, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def count_chunk(self) -> None:
        """Count a chunk.

        Raises
        ------
        UnsupportedAudio
            If there are absurdly many.
        """
        self.num_chunks += 1
        if self.num_chunks > MAX_CHUNKS_BEFORE_DATA:
            raise UnsupportedAudio(
                f"over {MAX_CHUNKS_BEFORE_DATA} chunks before the samples (byte "
                f"{self.reader.position}): a damaged file?"
            )

    def next_chunk(self, awaited: str) -> int:
        """Go on to a chunk's header; returns its place.

        Parameters
        ----------
        awaited : str
            The chunk that is looked for, for the message: "a 'data' chunk".

        Raises
        ------
        UnsupportedAudio
            If there are absurdly many chunks, or no other.
        """
        self.count_chunk()
        if not self.reader.peek(1):
            raise UnsupportedAudio(
                f"the file ends at byte {self.reader.position} without {awaited}"
            )
        return self.reader.position

    def chunks_follow(self, style: ChunkStyle, outer_end: int | None) -> bool:
        """Tell whether chunks begin where the reader stands, as far as can be seen from there.

        Files and pipes are judged alike, so that they are read alike.
        """
        ahead = self.reader.peek(_LOOK_AHEAD_BYTES)
        room = None if outer_end is None else outer_end - self.reader.position
        return chunks_lie_in(ahead, style, is_all=len(ahead) < _LOOK_AHEAD_BYTES, room=room)

    def data_length(
        self,
        declared: int,
        style: ChunkStyle,
        *,
        unknown: bool,
        what: str,
        outer_end: int | None,
    ) -> int | None:
        """Decide how many bytes of samples follow; None for "to the end of the input".

        A size of 0 counts only where the input ends or chunks follow: recorders that were
        interrupted and programs that write to pipes leave it so.

        Parameters
        ----------
        declared : int
            What the header of the samples says.
        style : ChunkStyle
            What chunks after the samples look like.
        unknown : bool
            That value is one which programs write when they do not know the size.
        what : str
            Name of the chunk, for messages.
        outer_end : int or None
            Byte at which the outermost chunk ends by its own size; None if it does not say.
        """
        reader = self.reader
        remaining = reader.remaining
        if self.ignore_sizes:
            return None
        never_set = (
            declared == 0 and bool(reader.peek(1)) and not self.chunks_follow(style, outer_end)
        )
        if unknown or never_set:
            if remaining is not None:
                why = (
                    "0 and no chunk follows, as recordings have it that were not finished"
                    if never_set
                    else f"{declared:#x}, as programs write to pipes"
                )
                self.warn(
                    f"the {what} size is {why}: everything to the end of the file ({remaining} "
                    "bytes) is read as samples"
                )
            return None
        if remaining is None:
            return declared
        if declared > remaining:
            self.warn(
                f"the {what} announces {declared} bytes of samples but the file ends after "
                f"{remaining}: truncated?"
            )
        elif outer_end is not None and reader.size not in (outer_end, outer_end + outer_end % 2):
            self.warn(
                f"the outermost header says that the file ends at byte {outer_end}, "
                f"but it ends at byte {reader.size}"
            )
        return declared


def printable(chunk_id: bytes) -> str:
    """Return a chunk's name for a message."""
    return "'" + "".join(chr(c) if 32 <= c < 127 else f"\\x{c:02x}" for c in chunk_id) + "'"


def skip_pad(walk: Walk, size: int, style: ChunkStyle) -> None:
    """Take the pad byte after a chunk of odd size, unless its writer forgot it."""
    if size % 2 == 0:
        return
    if pad_follows(walk.reader.peek(5), style):
        walk.reader.take(1)
    else:
        walk.warn(f"the odd chunk that ends at byte {walk.reader.position} has no pad byte")
