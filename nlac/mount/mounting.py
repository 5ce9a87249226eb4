"""Mount an archive by FUSE, until it is unmounted or a signal ends the process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from nlac._errors import MissingDependency, MountError, UsageError
from nlac._log import logger
from nlac.mount.operations import Activity, Operations

CACHE_BYTES = 1 << 28
MAX_OPEN = 64
# status of libfuse after a signal, or after an error while it served
_ENDED = 8
_DEVICE = Path("/dev/fuse")


class Mount:
    """An archive that is to be mounted.

    Parameters
    ----------
    archive : path
        The folder.
    mountpoint : path
        Where to; a folder.
    cache_bytes : int
        Bytes of decoded samples to keep at most.
    max_open : int
        Files to keep open at most.
    allow_other : bool
        Other users may read it, too, as far as the permissions of the files let them.
    when_mounted : callable
        Called when the files can be read.

    Raises
    ------
    UsageError
        One of the folders is none, or one lies in the other.
    MissingDependency
        The package, the library or the device of FUSE is missing.
    """

    def __init__(
        self,
        archive: str | os.PathLike[str],
        mountpoint: str | os.PathLike[str],
        *,
        cache_bytes: int = CACHE_BYTES,
        max_open: int = MAX_OPEN,
        allow_other: bool = False,
        when_mounted: Callable[[], None] = lambda: None,
    ) -> None:
        for folder in (archive, mountpoint):
            if not os.path.isdir(folder):
                raise UsageError(f"{os.fspath(folder)}: no such folder")
        # a process in the background has another folder
        self.archive, self.mountpoint = os.path.realpath(archive), os.path.realpath(mountpoint)
        if os.path.commonpath((self.archive, self.mountpoint)) in (self.archive, self.mountpoint):
            raise UsageError(f"{os.fspath(mountpoint)}: one of the folders lies in the other")
        if os.path.ismount(self.mountpoint):
            raise UsageError(f"{os.fspath(mountpoint)}: something is mounted there already")
        if os.listdir(self.mountpoint):
            raise UsageError(f"{os.fspath(mountpoint)}: not empty; what is in it would be hidden")
        self._fuse = _library()
        self._allow_other = allow_other
        self._operations = Operations(self.archive, cache_bytes, max_open, self._begun)
        self._when_mounted = when_mounted
        self._mounted = False

    @property
    def activity(self) -> Activity:
        """What has been read so far."""
        return self._operations.activity

    def serve(self, *, background: bool = False) -> None:
        """Mount, and answer until the file system is unmounted, or SIGINT, SIGTERM or SIGHUP come.

        Parameters
        ----------
        background : bool
            A process of its own answers; this one ends when the archive is mounted.

        Raises
        ------
        MountError
            The system refused.
        """
        options: dict[str, Any] = {
            "fsname": "nlac",
            "subtype": "nlac",
            "ro": True,
            # contents that the system keeps are good as long as size and time are the same
            "auto_cache": True,
            # the system judges permissions, and not this process, which may read more
            "default_permissions": True,
            "allow_other": self._allow_other,
        }
        if self._fuse.fuse_version_major >= 3:
            # of the default, libfuse 3.12 to 3.14 say that it is too much
            options["max_idle_threads"] = 10
        with _signals_of_the_library():
            try:
                self._fuse.FUSE(
                    self._operations, self.mountpoint, foreground=not background, **options
                )
            except RuntimeError as error:
                if not self._mounted or error.args != (_ENDED,):
                    raise MountError(
                        f"{self.mountpoint}: mounting failed (status {error} of libfuse, which "
                        "says why)"
                    ) from error

    def _begun(self) -> None:
        self._mounted = True
        self._when_mounted()


def _library() -> ModuleType:
    """The package that calls libfuse.

    Raises
    ------
    MissingDependency
        It is not installed, or what it needs is not.
    """
    try:
        import mfusepy
    except ImportError as error:
        raise MissingDependency("mfusepy is not installed: pip install 'nlac[mount]'") from error
    except (OSError, AttributeError) as error:
        raise MissingDependency(
            f"no usable libfuse ({error}): install fuse3 (Linux), macFUSE or WinFsp"
        ) from error
    if sys.platform == "linux" and not _DEVICE.exists():
        raise MissingDependency(f"{_DEVICE} is missing: the kernel's module fuse is not loaded")
    logger.debug(f"libfuse {mfusepy.fuse_version_major}.{mfusepy.fuse_version_minor}")
    return mfusepy  # type: ignore[no-any-return]


@contextmanager
def _signals_of_the_library() -> Iterator[None]:
    """Leave signals to libfuse, which unmounts: a handler of Python's would never be called."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
