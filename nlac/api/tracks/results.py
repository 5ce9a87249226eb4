"""What `split` and `join` tell: frozen records, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass

from nlac.api.results.record import Record


@dataclass(frozen=True, slots=True)
class TrackResult(Record):
    """A track that was written.

    Attributes
    ----------
    number : int
        Number of the track; 0 for hidden audio before the first.
    title : str or None
        Its title.
    path : str
        Its file.
    start, stop : int
        Frames of the recording: the first, and the one after the last.
    seconds : float
        Length in seconds.
    bytes_out : int
        Length of the file; 0 in a dry run.
    md5 : str or None
        MD5 of the track's samples, in hexadecimal; None in a dry run.
    """

    number: int
    title: str | None
    path: str
    start: int
    stop: int
    seconds: float
    bytes_out: int
    md5: str | None


@dataclass(frozen=True, slots=True)
class SplitResult(Record):
    """What became of the tracks of a recording.

    Attributes
    ----------
    frames : int
        Length of the recording in frames.
    sample_rate : int
        Frames a second.
    seconds : float
        Length in seconds.
    bytes_out : int
        Length of all files.
    md5 : str
        MD5 of the recording's samples, which was verified; not in a dry run.
    container : str
        Container of the files.
    whole : bool
        The tracks one after the other are the recording.
    tracks : tuple of TrackResult
        The files in order.
    warnings : tuple of str
        Hidden audio, gaps that are left out, and what the files lack.
    """

    frames: int
    sample_rate: int
    seconds: float
    bytes_out: int
    md5: str
    container: str
    whole: bool
    tracks: tuple[TrackResult, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinResult(Record):
    """What a joined stream is.

    Attributes
    ----------
    frames : int
        Length in frames.
    sample_rate : int
        Frames a second.
    seconds : float
        Length in seconds.
    bytes_in, bytes_out : int
        Length of all inputs, and of the stream.
    md5 : str
        MD5 of the samples, in hexadecimal.
    num_blocks : int
        Blocks of the stream.
    encoded : bool
        The samples were encoded anew; otherwise the blocks are those of the inputs.
    warnings : tuple of str
        What of the inputs is not in the stream.
    """

    frames: int
    sample_rate: int
    seconds: float
    bytes_in: int
    bytes_out: int
    md5: str
    num_blocks: int
    encoded: bool
    warnings: tuple[str, ...]
