"""What protecting and repairing streams give back."""

from __future__ import annotations

from dataclasses import dataclass

from nlac.api.results.record import Record


@dataclass(frozen=True, slots=True)
class ParityInfo(Record):
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
class ProtectResult(Record):
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
class DamagedRange(Record):
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
class RepairResult(Record):
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
