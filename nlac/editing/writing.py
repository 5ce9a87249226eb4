"""The two ways to put new metadata into a file: in place, and by an atomic rewrite."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from nlac._output import open_output, sync_folder
from nlac.editing.copying import copy_range


def write_in_place(file: BinaryIO, begin: int, old: bytes, new: bytes) -> None:
    """Write the bytes that differ between two texts of one length, and wait until they are stored.

    Parameters
    ----------
    file : binary file object
        Unbuffered.
    begin : int
        Place in the file of the first byte of both.
    old, new : bytes
        What is there, and what shall be there.
    """
    start = _common_length(old, new)
    stop = len(new) - _common_length(old[start:][::-1], new[start:][::-1])
    view = memoryview(new)[start:stop]
    file.seek(begin + start)
    while view:
        # a file system takes all at once, unless it is full, which no byte in place makes it
        view = view[file.write(view) :]
    os.fsync(file.fileno())


def rewrite(
    path: Path, file: BinaryIO, head: bytes, ranges: Iterable[tuple[int, int]], trailer: bytes
) -> int:
    """Replace a file by one that is made of its parts, and close it.

    Owner, permissions and extended attributes stay as they are, as far as the system allows.

    Parameters
    ----------
    path : Path
        The file, not a link to it.
    file : binary file object
        The same, opened.
    head : bytes
        What the new file begins with.
    ranges : iterable of (int, int)
        Parts of the old file that follow: first byte, and byte after the last.
    trailer : bytes
        What the new file ends with.

    Returns
    -------
    int
        Length of the new file.
    """
    with open_output(path, force=True) as out:
        out.write(head)
        for start, stop in ranges:
            copy_range(file, start, stop, out)
        out.write(trailer)
        out.flush()
        _keep_attributes(file.fileno(), out.fileno())
        length = os.fstat(out.fileno()).st_size
        # some systems replace no file that is open
        file.close()
    sync_folder(path.parent)
    return length


def _common_length(first: bytes, second: bytes) -> int:
    """Length of the longest common beginning of two texts of one length."""
    low, high = 0, len(first)
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _keep_attributes(old: int, new: int) -> None:
    """Give a file owner, permissions and extended attributes of another, as far as allowed."""
    status = os.fstat(old)
    with contextlib.suppress(OSError, AttributeError):
        os.fchown(new, status.st_uid, status.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(new, stat.S_IMODE(status.st_mode))
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(old):
            with contextlib.suppress(OSError):
                os.setxattr(new, name, os.getxattr(old, name))
