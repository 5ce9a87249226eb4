"""What is to be done with a file, and what became of it: both cross to a worker as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from nlac.batch.manifest import Record


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do with one file, which may be done again with the same result.

    Parameters
    ----------
    kind : str
        ``"encode"``, ``"copy"``, ``"link"``; ``"prove"`` that an output gives its source back, and
        make it anew if it does not; ``"check"`` an output; ``"restore"`` a file from its output.
    source : str
        Path in the tree of recordings.
    place : str
        Where that is (of ``"restore"``: where it goes).
    output, output_place : str
        Path in the output tree, and where that is.
    copy, copy_place : str
        The same for a copy, where a file can't be encoded.
    size, mtime_ns, mode : int
        Of the source, as it was found or is recorded.
    others : str
        What becomes of files that can't be encoded: ``"copy"``, ``"link"`` or ``"leave"``.
    audio_only : bool
        Encode files of which only the audio could come back.
    options : dict
        Arguments of `nlac.encode`.
    sha256, pcm_md5 : str or None
        What the manifest has of the source.
    state : str
        The state in the manifest, of what is proved, checked or restored.
    restorable : bool
        Whether the output gives the source back.
    reads_source : bool
        Of ``"prove"``: whether the source is read as well, and compared.
    force : bool
        Of ``"restore"``: replace a file that is there.
    threads : int
        For the blocks of the file.
    memory : int or None
        Bytes at most.
    attempts : int
        How often it was tried, this time included.
    call : str
        What sets a call apart from all others, for a scheduler that runs equal ones once only.
    version : str
        Version of nlac that the worker must have.
    """

    kind: str
    source: str
    place: str
    output: str = ""
    output_place: str = ""
    copy: str = ""
    copy_place: str = ""
    size: int = 0
    mtime_ns: int = 0
    mode: int = 0
    others: str = "copy"
    audio_only: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    pcm_md5: str | None = None
    state: str = ""
    restorable: bool = True
    reads_source: bool = False
    force: bool = False
    threads: int = 1
    memory: int | None = None
    attempts: int = 1
    call: str = ""
    version: str = ""

    def to_json(self) -> str:
        """Return it as text; names that are not UTF-8 have escapes of lone surrogates."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Read what `to_json` gave."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    Parameters
    ----------
    state : str
        As in the manifest; besides ``"proved"``, ``"ok"`` and ``"restored"``.
    output : str or None
        Path in the output tree.
    size, mtime_ns, mode, inode : int
        Of the source that was read.
    sha256, pcm_md5 : str or None
        Of the source's bytes and samples.
    bytes : int
        Length of the output.
    restorable : bool or None
        Whether the output gives the source back; None if it is no stream.
    seconds : float
        Wall time.
    exit_code : int
        0 if all is well.
    reason : str or None
        Why the state is what it is.
    transient : bool
        Whether it may go better another time.
    needs_memory : bool
        Whether it may go better alone.
    fatal : bool
        Whether others would fare no better: the disk is full.
    warnings : tuple of str
        What is odd about the source.
    """

    state: str
    output: str | None = None
    size: int = 0
    mtime_ns: int = 0
    mode: int = 0
    inode: int = 0
    sha256: str | None = None
    pcm_md5: str | None = None
    bytes: int = 0
    restorable: bool | None = None
    seconds: float = 0.0
    exit_code: int = 0
    reason: str | None = None
    transient: bool = False
    needs_memory: bool = False
    fatal: bool = False
    warnings: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        """Read what `to_json` gave."""
        told = json.loads(text)
        return cls(**told | {"warnings": tuple(told["warnings"])})

    def record(self, job: Job, predictor: str) -> Record:
        """Return the line of the manifest for this outcome."""
        encoded = self.state == "encoded"
        return Record(
            source=job.source,
            state=self.state,
            output=self.output,
            size=self.size or job.size,
            mtime_ns=self.mtime_ns or job.mtime_ns,
            mode=self.mode or job.mode,
            sha256=self.sha256,
            pcm_md5=self.pcm_md5,
            bytes=self.bytes,
            ratio=round(self.bytes / self.size, 6) if encoded and self.size else None,
            restorable=self.restorable,
            predictor=predictor if encoded else None,
            preset=job.options.get("preset") if encoded else None,
            seconds=round(self.seconds, 4),
            attempts=job.attempts,
            exit_code=self.exit_code,
            reason=self.reason,
            warnings=self.warnings,
        )
