"""What the functions of the library tell: frozen records, ready for JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from nlac.codec.decoder.recovery import LostRange

__all__ = ["DecodeResult", "EncodeResult", "LostRange", "MetadataInfo", "StreamInfo"]


class _Record:
    """A dataclass that can be turned into plain values."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `json.dumps` takes."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]


def _plain(value: Any) -> Any:
    if isinstance(value, _Record):
        return value.to_dict()
    if isinstance(value, LostRange):
        return {
            "start": value.start,
            "stop": value.stop,
            "start_seconds": value.start_seconds,
            "stop_seconds": value.stop_seconds,
        }
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class MetadataInfo(_Record):
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
class ParityInfo(_Record):
    """Parity of a stream.

    Attributes
    ----------
    num_bytes : int
        Bytes that it takes in the file.
    burst_bytes : int
        Damaged or missing bytes in a row that it repairs at least.
    data_shards, parity_shards : int
        Shards of the stream's bytes, and of parity: in each code word, as many symbols may be
        lost as there are parity shards, or half as many be wrong at unknown places.
    """

    num_bytes: int
    burst_bytes: int
    data_shards: int
    parity_shards: int


@dataclass(frozen=True, slots=True)
class StreamInfo(_Record):
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
        Vorbis comments, names in capitals.
    metadata : tuple of MetadataInfo
        All metadata items but the parity, in order.
    parity : ParityInfo or None
        Parity against damage, if there is any.
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
    metadata: tuple[MetadataInfo, ...]
    parity: ParityInfo | None = None


@dataclass(frozen=True, slots=True)
class EncodeResult(_Record):
    """What an encoding did.

    Attributes
    ----------
    frames : int
        Length in frames.
    sample_rate : int
        Frames a second.
    channels : int
        1 to 255.
    seconds : float
        Length in seconds.
    bytes_in, bytes_out : int
        Length of the input (of its samples in whole bytes where only those are kept), and
        of the stream.
    ratio : float
        `bytes_out` over `bytes_in`; 0 for an empty input.
    md5 : str
        MD5 of the samples, in hexadecimal.
    container : str
        Container of the input.
    restorable : bool
        The stream gives the input back byte for byte.
    verified : bool
        Every block was decoded again and compared.
    warnings : tuple of str
        What was odd about the input.
    """

    frames: int
    sample_rate: int
    channels: int
    seconds: float
    bytes_in: int
    bytes_out: int
    ratio: float
    md5: str
    container: str
    restorable: bool
    verified: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProtectResult(_Record):
    """What `nlac.protect` did.

    Attributes
    ----------
    bytes_in, bytes_out : int
        Length of the stream before and after.
    parity : ParityInfo or None
        The parity that the stream has now.
    changed : bool
        False if the stream was as wanted already.
    """

    bytes_in: int
    bytes_out: int
    parity: ParityInfo | None
    changed: bool = True


@dataclass(frozen=True, slots=True)
class DamagedRange(_Record):
    """Bytes of a stream that were damaged.

    Attributes
    ----------
    start, stop : int
        First byte, and the byte after the last, in the stream as it was before the damage.
    part : str
        What lies there, such as ``"header"`` or ``"blocks 3 to 4"``.
    start_seconds, stop_seconds : float or None
        Time of the audio in the blocks concerned; None if it is not known or no audio.
    """

    start: int
    stop: int
    part: str
    start_seconds: float | None = None
    stop_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RepairResult(_Record):
    """What `nlac.repair` found and did.

    Attributes
    ----------
    state : str
        ``"intact"``, ``"repaired"`` (or repairable, where nothing is written), ``"partial"``:
        some damage is left.
    damaged : tuple of DamagedRange
        Damage of what the parity protects: of the whole stream, but for the parity itself.
    left : tuple of DamagedRange
        What of it could not be repaired.
    repaired_bytes : int
        Bytes that are others now, or were missing.
    parity_damaged : bool
        The parity had damage of its own; it is made anew.
    shifted_bytes : int
        Bytes that follow the beginning of the file and are not of the stream; negative if so
        many are missing.
    bytes_in, bytes_out : int
        Length of the damaged file, and of the stream.
    output : str or None
        Path of the repaired stream, if one was written to a path.
    kept : str or None
        Path under which the damaged file is kept.
    """

    state: str
    damaged: tuple[DamagedRange, ...]
    left: tuple[DamagedRange, ...]
    repaired_bytes: int
    parity_damaged: bool
    shifted_bytes: int
    bytes_in: int
    bytes_out: int
    output: str | None = None
    kept: str | None = None


@dataclass(frozen=True, slots=True)
class DecodeResult(_Record):
    """What a decoding did.

    Attributes
    ----------
    frames : int
        Frames that were written, silence for lost ones included.
    sample_rate : int
        Frames a second.
    seconds : float
        The same in seconds.
    bytes_out : int
        Length of the output.
    md5 : str or None
        MD5 of the stream's samples, in hexadecimal, if all of them were decoded and found
        to match it.
    container : str
        Container of the output.
    restored : bool
        The output is the original file, proved by its MD5.
    lost : tuple of LostRange
        Frames that were lost (only with ``recover=True``), counted from the beginning of
        the stream.
    problems : tuple of str
        What is wrong with the stream (only with ``recover=True``).
    warnings : tuple of str
        What of the stream is not in the output, or otherwise there.
    """

    frames: int
    sample_rate: int
    seconds: float
    bytes_out: int
    md5: str | None
    container: str
    restored: bool
    lost: tuple[LostRange, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
