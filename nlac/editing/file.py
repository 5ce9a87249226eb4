"""An nlac file opened to read and to edit its tags and pictures: ``nlac.open(path, "r+")``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

from nlac._arguments import text_fields
from nlac.api.file import NlacFile
from nlac.bitstream.items import Picture
from nlac.editing.editor import Edit, MetadataEditor
from nlac.metadata.tags import TagEditor


class EditableFile(NlacFile):
    """An nlac file to read from, whose tags and pictures can be changed.

    What was changed is written by `save` and by `close`: in place where padding has room for it,
    else by an atomic rewrite that copies the audio as it is. If a ``with`` block ends with an
    error, nothing is written.

    Parameters
    ----------
    file : path
        A regular file.
    padding : int, optional
        Bytes of padding that the file shall have; None leaves that open.
    preserve_mtime : bool
        Keep the file's time of modification.
    threads, memory
        As of `NlacFile`.

    Raises
    ------
    UsageError
        The file is none that can be edited, such as a pipe.
    FormatError
        No nlac stream, or its header, metadata or trailer are damaged.

    Examples
    --------
    >>> with nlac.open("take.nlac", "r+") as file:              # doctest: +SKIP
    ...     file.tags["ARTIST"] = ["one", "two"]
    ...     file.tags["TITLE"].append("and another")
    ...     file.pictures.append(nlac.read_picture("cover.jpg"))
    """

    def __init__(
        self,
        file: str | os.PathLike[str],
        *,
        padding: int | None = None,
        preserve_mtime: bool = False,
        threads: int = 0,
        memory: int | None = None,
    ) -> None:
        self._editor = MetadataEditor(file)
        try:
            super().__init__(file, threads=threads, memory=memory)
        except BaseException:
            self._editor.close()
            raise
        self._padding = padding
        self._preserve_mtime = preserve_mtime

    @property
    def tags(self) -> TagEditor:
        """Tags, as a mapping of names to lists of values that can be changed."""
        self._open_reader()
        return self._editor.tags

    @tags.setter
    def tags(self, tags: Mapping[str, str | Sequence[str]] | Sequence[tuple[str, str]]) -> None:
        self._open_reader()
        self._editor.tags = TagEditor(text_fields(tags), self._editor.tags.vendor)

    @property
    def tags_origin(self) -> str | None:
        """Where the tags were when the file was opened or saved last."""
        return self._editor.origin

    @property
    def pictures(self) -> list[Picture]:
        """Pictures, as a list that can be changed."""
        self._open_reader()
        return self._editor.pictures

    @pictures.setter
    def pictures(self, pictures: Iterable[Picture]) -> None:
        self._open_reader()
        self._editor.pictures = list(pictures)

    def save(self) -> Edit:
        """Write what was changed, and go on.

        Returns
        -------
        Edit
            Whether it was written in place, or why not.

        Raises
        ------
        UsageError
            Tags or pictures are not allowed, or the file has been closed; nothing is written.
        OSError
            Writing failed; the file is as it was, unless the error is one of the disk itself.
        """
        self._open_reader()
        edit = self._editor.save(padding=self._padding, preserve_mtime=self._preserve_mtime)
        if edit.changed:
            self._reload()
        return edit

    def close(self) -> None:
        """Save what was changed, and close the file."""
        if not self.closed:
            try:
                self.save()
            finally:
                self._abandon()

    def _reload(self) -> None:
        """Read the file anew, at the same position."""
        position, workers = self.tell(), self._workers
        super().close()
        super().__init__(self._editor.path, threads=workers.threads, memory=workers.memory)
        self.seek(position)

    def _abandon(self) -> None:
        super().close()
        self._editor.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._abandon()
