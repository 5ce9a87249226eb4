"""``--delete-input``: the file that was read goes, and no other under its name.

Between reading and deleting another program may have moved a new recording over the
name, or written on. So the file is known by what its open descriptor told before the
first byte was read, and compared just before it goes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nlac._files import Identity, file_identity
from nlac._log import logger
from nlac._output import sync_folder

if TYPE_CHECKING:
    from nlac import EncodeResult
    from nlac.cli._files import Input


def identity(file: BinaryIO) -> Identity | None:
    """Return what tells an open file from every other, and from itself once it has changed.

    Returns
    -------
    tuple of int or None
        Device, inode, size in bytes, time of modification in ns; None of what is no
        regular file.
    """
    return file_identity(os.fstat(file.fileno()))


def delete_input(source: Input, read: Identity | None, output: str, result: EncodeResult) -> None:
    """Delete an input of which every byte is in its verified output; else say why it stays.

    Parameters
    ----------
    source : Input
        The input.
    read : tuple of int or None
        `identity` of the file that was read.
    output : str
        Path of its output.
    result : EncodeResult
        What the encoding did.

    Raises
    ------
    OSError
        The output's folder can't be synced, or the input not be deleted.
    """
    if read is None:
        # a pipe or device: there is nothing to delete
        return
    why = None
    if not (result.verified and result.restorable):
        why = "only its audio could come back"
    elif not os.path.isfile(output):
        why = f"{output} is no file that would keep it"
    elif os.path.islink(source.path):
        why = "it is a link, and what it leads to may be wanted elsewhere"
    else:
        # the output must be found again after a power cut that comes now
        sync_folder(Path(os.path.realpath(output)).parent)
        if _present(source.path) != read:
            why = "it is no longer the file that was read"
    if why is not None:
        logger.warning(f"{source} is kept, for {why}")
        return
    os.unlink(source.path)
    logger.info(f"{source} deleted")


def _present(path: str) -> Identity | None:
    try:
        return file_identity(os.lstat(path))
    except FileNotFoundError:
        return None
