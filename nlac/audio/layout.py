"""Where the samples lie in a file: what a walker finds, and what it makes of odd sizes."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import UnsupportedAudio
from nlac.audio.format import AudioFormat
from nlac.audio.packing import Packing
from nlac.audio.reader import MAX_CHUNKS_BEFORE_DATA, ByteReader


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
    """

    reader: ByteReader
    ignore_sizes: bool
    warnings: list[str]
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

    def data_length(
        self, declared: int, *, unknown: bool, what: str, outer_end: int | None
    ) -> int | None:
        """Decide how many bytes of samples follow; None for "to the end of the input".

        Parameters
        ----------
        declared : int
            What the header of the samples says.
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
        if unknown:
            if remaining is not None:
                self.warn(
                    f"the {what} size is {declared:#x}, as programs write to pipes: "
                    f"everything to the end of the file ({remaining} bytes) is read as samples"
                )
            return None
        if declared == 0 and remaining is None:
            # a pipe written in one go has no size to tell, unless the outer chunk
            # does know that other chunks follow
            more_follows = outer_end is not None and outer_end > reader.position
            return 0 if more_follows else None
        if remaining is None:
            return declared
        if declared > remaining:
            self.warn(
                f"the {what} announces {declared} bytes of samples but the file ends after "
                f"{remaining}: truncated?"
            )
        elif declared == 0 and remaining > 0 and outer_end != reader.size:
            self.warn(
                f"the {what} size is 0 but {remaining} bytes follow; they are kept, yet not "
                "as samples (ignoring the sizes would read them as samples)"
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


def chunk_ids(names: str) -> frozenset[bytes]:
    """Return the four bytes of every name in a text of names between blanks."""
    return frozenset(name.ljust(4).encode() for name in names.split())


def looks_like_id(data: bytes) -> bool:
    """Tell whether four bytes could be a chunk's name."""
    return len(data) == 4 and all(32 <= c < 127 for c in data)


def skip_pad(walk: Walk, size: int, known_ids: frozenset[bytes]) -> None:
    """Take the pad byte after a chunk of odd size, unless its writer forgot it.

    Chunks begin at even places, but some programs do not know that.  The byte after an odd
    chunk is a pad byte unless a chunk begins right there and none begins one byte later.
    """
    if size % 2 == 0:
        return
    after = walk.reader.peek(5)
    here, later = after[:4], after[1:5]
    if here[:1] == b"\0" or later in known_ids or not looks_like_id(here):
        unpadded = False
    else:
        unpadded = here in known_ids or not looks_like_id(later)
    if unpadded:
        walk.warn(f"the odd chunk that ends at byte {walk.reader.position} has no pad byte")
    else:
        walk.reader.take(1)
