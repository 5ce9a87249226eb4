"""What is known of a stream."""

from __future__ import annotations

from dataclasses import dataclass

from nlac.api.results.origin import OriginInfo
from nlac.api.results.parity import ParityInfo
from nlac.api.results.record import Record


@dataclass(frozen=True, slots=True)
class MetadataInfo(Record):
    """One metadata item.

    Attributes
    ----------
    name : str
        Word for its type.
    num_bytes : int
        Length of its content.
    """

    name: str
    num_bytes: int


@dataclass(frozen=True, slots=True)
class CueTrackInfo(Record):
    """A track of the cue sheet.

    Attributes
    ----------
    number : int
        Number of the track.
    title, performer, isrc : str or None
        What the sheet tells.
    gap : int
        First frame of the gap before the track, or of the track if there is none.
    start, stop : int
        First frame of the track (INDEX 01), and the frame after its last: where the next
        begins, or its gap.
    start_seconds, seconds : float
        Where it begins, and how long it is, in seconds.
    """

    number: int
    title: str | None
    performer: str | None
    isrc: str | None
    gap: int
    start: int
    stop: int
    start_seconds: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StreamInfo(Record):
    """Facts about an nlac file.

    Attributes
    ----------
    sample_rate : int
        Frames a second.
    channels : int
        1 to 255.
    bits_per_sample : int
        Valid bits, 1 to 32.
    is_float : bool
        Samples are float32.
    channel_mask : int
        Speaker positions as in WAVE; 0 if not given.
    num_frames : int
        Length in frames.
    seconds : float
        Length in seconds.
    num_blocks : int
        Blocks of the stream.
    block_length : int
        The most frames a block holds.
    format_version : int
        Version of the format.
    predictor : str
        Name of the predictor, or its number if it is not known here.
    predictor_id : int
        Its number.
    coder : str
        Coders in use.
    model_hash : str or None
        SHA-256 of the model, in hexadecimal.
    num_bytes : int
        Length of the file.
    pcm_bytes : int
        Length of the samples, each in the fewest whole bytes.
    ratio : float
        `num_bytes` over the original file's length where there is one, else over
        `pcm_bytes`; 0 for an empty one.
    md5 : str
        MD5 of the samples, in hexadecimal.
    container : str or None
        Container of the original file; None if the stream does not restore one.
    original_md5 : str or None
        Its MD5, in hexadecimal.
    original_bytes : int
        Its length.
    original_suffix : str or None
        Suffix of its name, such as ``".wav"``; empty if it had none.
    tags : dict of str to list of str
        Tags, names in capitals: those stored as such, or those of the original file.
    tags_origin : str or None
        ``"tags"`` where they are stored as such; else the parts of the original file that have
        them, such as ``"LIST/INFO, bext"``; None without tags.
    notes : tuple of str
        What of the original's tags cannot be read here, and what would help.
    metadata : tuple of MetadataInfo
        All metadata items but the parity, in order.
    tracks : tuple of CueTrackInfo
        Tracks of the cue sheet; none if there is no sheet, or a wrong one.
    cue_sheet_problem : str or None
        What is wrong with the cue sheet.
    parity : ParityInfo or None
        Parity against damage, if there is any.
    origin : OriginInfo or None
        The lossy stream that the samples came from, where blocks hold it; as far as their heads
        tell. None of files behind URLs, and of objects of classes that are not Python's own.
    """

    sample_rate: int
    channels: int
    bits_per_sample: int
    is_float: bool
    channel_mask: int
    num_frames: int
    seconds: float
    num_blocks: int
    block_length: int
    format_version: int
    predictor: str
    predictor_id: int
    coder: str
    model_hash: str | None
    num_bytes: int
    pcm_bytes: int
    ratio: float
    md5: str
    container: str | None
    original_md5: str | None
    original_bytes: int
    original_suffix: str | None
    tags: dict[str, list[str]]
    tags_origin: str | None
    notes: tuple[str, ...]
    metadata: tuple[MetadataInfo, ...]
    tracks: tuple[CueTrackInfo, ...] = ()
    cue_sheet_problem: str | None = None
    parity: ParityInfo | None = None
    origin: OriginInfo | None = None
