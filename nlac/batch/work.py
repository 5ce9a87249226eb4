"""What a worker does with one file. Each job may be repeated, and leaves no partial file."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from nlac._errors import (
    UNEXPECTED,
    FormatError,
    LimitExceeded,
    MissingDependency,
    NlacError,
    NotRestorable,
    OutputExists,
    UnsupportedAudio,
    VerifyMismatch,
    exit_code,
)
from nlac._files import Identity, file_identity
from nlac._output import open_output
from nlac.batch.hashing import HashingReader, HashingWriter, file_sha256, sync_and_forget
from nlac.batch.jobs import Job, Outcome

_LASTING = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
# file systems without hard links, and links between two of them
_NO_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS})
_PIECE_BYTES = 1 << 20


class SourceChanged(NlacError):
    """A file was written while it was read."""


def perform(text: str) -> str:
    """Do a job, given and answered as JSON; whatever goes wrong is in the answer."""
    job = Job.from_json(text)
    begin = time.perf_counter()
    try:
        _check_version(job.version)
        outcome = _WORK[job.kind](job)
    except Exception as error:
        outcome = _failure(job, error)
    return replace(outcome, seconds=time.perf_counter() - begin).to_json()


def _check_version(wanted: str) -> None:
    from nlac import __version__

    if wanted and wanted != __version__:
        raise MissingDependency(f"the worker has nlac {__version__}, and {wanted} is needed")


def _failure(job: Job, error: Exception) -> Outcome:
    is_os = isinstance(error, OSError) and not isinstance(error, NlacError)
    message = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        message = error.strerror
        if error.filename is not None and os.fspath(error.filename) != job.place:
            message += f": {os.fsdecode(error.filename)}"
    code = exit_code(error)
    if code == UNEXPECTED:
        message = f"{type(error).__name__}: {message}"
    return Outcome(
        "failed",
        exit_code=code,
        reason=message,
        transient=isinstance(error, (SourceChanged, MemoryError))
        or (is_os and not isinstance(error, _LASTING)),
        needs_memory=isinstance(error, (LimitExceeded, MemoryError)),
        fatal=isinstance(error, OSError) and error.errno in _FULL,
    )


def _encode(job: Job) -> Outcome:
    try:
        return _encoded(job)
    except NotRestorable as error:
        reason = str(error)
    except UnsupportedAudio as error:
        # without the advice how to encode one file that has no header
        reason = str(error).partition(";")[0]
    if job.others == "leave":
        return Outcome("left", exit_code=1, reason=reason)
    outcome = _copy(job) if job.others == "copy" else _link(job)
    return replace(outcome, reason=reason)


def _encoded(job: Job) -> Outcome:
    import nlac

    with open(job.place, "rb") as source:
        status = os.fstat(source.fileno())
        reader = HashingReader(source)
        with _output_like(status, job.output_place) as target:
            # what is verified is the whole file as it is on the disk, not its blocks before
            result = nlac.encode(
                cast(BinaryIO, reader), target, audio_only=job.audio_only, verify=False,
                threads=job.threads, memory=job.memory, **job.options,
            )  # fmt: skip
            digest = reader.sha256()
            _check_unchanged(job.place, source, status)
            sync_and_forget(target)
            expected = digest if result.restorable else None
            _prove_stream(target, expected, result.md5, job)
            length = target.seek(0, os.SEEK_END)
    return replace(
        _facts("encoded", status, digest, length),
        output=job.output,
        pcm_md5=result.md5,
        restorable=result.restorable,
        warnings=result.warnings,
    )


def _prove_stream(file: BinaryIO, sha256: str | None, md5: str | None, job: Job) -> None:
    """Decode a stream, and compare what it gives with its source.

    Raises
    ------
    VerifyMismatch
        It gives something else.
    FormatError
        It is damaged.
    """
    import nlac

    writer = HashingWriter()
    whole = sha256 is not None
    result = nlac.decode(
        file, cast(BinaryIO, writer) if whole else None, threads=job.threads, memory=job.memory
    )
    same = result.restored and writer.sha256() == sha256 if whole else result.md5 == md5
    if not same:
        raise VerifyMismatch("the stream does not give back what was encoded")


def _copy(job: Job) -> Outcome:
    with open(job.place, "rb") as source:
        status = os.fstat(source.fileno())
        with _output_like(status, job.copy_place) as target:
            writer = HashingWriter(target)
            while piece := source.read(_PIECE_BYTES):
                writer.write(piece)
            digest = writer.sha256()
            _check_unchanged(job.place, source, status)
            sync_and_forget(target)
            if file_sha256(target) != digest:
                raise VerifyMismatch("the copy differs from its source")
    return replace(_facts("copied", status, digest, status.st_size), output=job.copy)


def _link(job: Job) -> Outcome:
    with open(job.place, "rb") as source:
        status = os.fstat(source.fileno())
        try:
            if os.path.lexists(job.copy_place):
                os.unlink(job.copy_place)
            os.link(job.place, job.copy_place)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            return replace(_copy(job), reason=f"copied, for no link is possible: {error.strerror}")
        digest = file_sha256(source)
        _check_unchanged(job.place, source, status)
    return replace(_facts("linked", status, digest, status.st_size), output=job.copy)


def _prove(job: Job) -> Outcome:
    """Prove an output of an earlier run; make it anew if it is damaged."""
    try:
        length = _check_output(job)
    except (FormatError, VerifyMismatch, FileNotFoundError) as error:
        reason = str(error)
        outcome = _REMAKE[job.state](job)
        return replace(outcome, reason=f"made anew, for the output was damaged: {reason}")
    status = os.stat(job.place)
    if job.reads_source:
        with open(job.place, "rb") as source:
            status = os.fstat(source.fileno())
            digest = file_sha256(source)
            _check_unchanged(job.place, source, status)
        if digest != job.sha256:
            raise OutputExists("the source is no longer what was encoded; --update encodes it")
    return replace(_facts("proved", status, job.sha256, length), output=job.output)


def _check(job: Job) -> Outcome:
    length = _check_output(job)
    return Outcome("ok", output=job.output, bytes=length, sha256=job.sha256)


def _check_output(job: Job) -> int:
    """Prove that an output holds what the manifest says; return its length."""
    with open(job.output_place, "rb") as file:
        if job.state == "encoded":
            expected = job.sha256 if job.restorable else None
            _prove_stream(file, expected, job.pcm_md5, job)
        elif file_sha256(file) != job.sha256:
            raise VerifyMismatch("SHA-256 differs from that of the source")
        return file.seek(0, os.SEEK_END)


def _restore(job: Job) -> Outcome:
    import nlac

    if not job.force and os.path.lexists(job.place):
        status = os.lstat(job.place)
        if (status.st_size, status.st_mtime_ns) != (job.size, job.mtime_ns):
            raise OutputExists("exists already, and is another file; --force replaces it")
        with open(job.place, "rb") as there:
            if file_sha256(there) != job.sha256:
                raise OutputExists("exists already with other content; --force replaces it")
        return Outcome("restored", bytes=job.size, reason="there already")
    warnings: tuple[str, ...] = ()
    with (
        open(job.output_place, "rb") as file,
        _output(job.place, job.mode, job.mtime_ns, force=job.force) as target,
    ):
        writer = HashingWriter(target)
        if job.state != "encoded":
            while piece := file.read(_PIECE_BYTES):
                writer.write(piece)
        elif job.restorable:
            decoded = nlac.decode(
                file, cast(BinaryIO, writer), threads=job.threads, memory=job.memory
            )
            warnings = decoded.warnings
        else:
            decoded = nlac.decode(
                file, target, container=_fresh_container(job.place), threads=job.threads,
                memory=job.memory,
            )  # fmt: skip
            warnings = decoded.warnings
        if (job.state != "encoded" or job.restorable) and writer.sha256() != job.sha256:
            raise VerifyMismatch("what is restored differs from the source: SHA-256")
    return Outcome("restored", bytes=job.size, warnings=warnings)


def _fresh_container(place: str) -> str:
    from nlac.audio.sinks.suffixes import container_for

    return container_for(place) or "wav"


def _facts(state: str, status: os.stat_result, digest: str | None, length: int) -> Outcome:
    return Outcome(
        state,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        mode=status.st_mode & 0o7777,
        inode=status.st_ino,
        sha256=digest,
        bytes=length,
    )


def _check_unchanged(place: str, file: BinaryIO, before: os.stat_result) -> None:
    """Refuse a source that is no longer the file of which the first byte was read."""
    identity: Identity | None = file_identity(before)
    if identity != file_identity(os.fstat(file.fileno())) or identity != file_identity(
        os.stat(place)
    ):
        raise SourceChanged("changed while it was read")


def _output_like(status: os.stat_result, place: str) -> contextlib.AbstractContextManager[BinaryIO]:
    return _output(place, status.st_mode, status.st_mtime_ns, force=True)


@contextlib.contextmanager
def _output(place: str, mode: int, mtime_ns: int, *, force: bool) -> Iterator[BinaryIO]:
    """Open an output that has its source's permissions at once, and its time when it appears."""
    if force and os.path.islink(place):
        # replaced, not followed to wherever it leads
        os.unlink(place)
    by_descriptor = os.utime in os.supports_fd
    with open_output(place, force=force) as file:
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode & 0o777)
        yield file
        file.flush()
        if by_descriptor:
            os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
    if not by_descriptor:
        os.utime(place, ns=(mtime_ns, mtime_ns))


_WORK: dict[str, Callable[[Job], Outcome]] = {
    "encode": _encode,
    "copy": _copy,
    "link": _link,
    "prove": _prove,
    "check": _check,
    "restore": _restore,
}
# how an output of a state is made
_REMAKE = {"encoded": _encode, "copied": _copy, "linked": _link}
