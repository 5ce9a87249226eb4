"""An nlac file opened for writing."""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self, Unpack

from numpy.typing import ArrayLike

from nlac._errors import UsageError
from nlac._files import Target, WriteFile, open_target
from nlac._names import refuse_foreign_name
from nlac.api.arrays import audio_format
from nlac.api.given import PictureLike, TagMapping, metadata_items
from nlac.api.options import OptionFields, encode_options, spelled_out
from nlac.api.stream_encoder import Encoder


class NlacWriter:
    """An nlac file to write to, as ``nlac.open(file, "w", ...)`` gives it.

    A path appears, complete, when the file is closed. If a ``with`` block ends with an
    error, nothing appears. A writer that is given up without being closed is completed, and
    a `ResourceWarning` tells of it.

    Parameters
    ----------
    file : path, URL or binary file object
        Where to; a pipe does. A file object is not closed.
    sample_rate, channels, bits_per_sample, is_float, channel_mask, num_frames, tags, pictures
        As in `nlac.Encoder`.
    force : bool
        Replace an existing file.

    Other Parameters
    ----------------
    preset, predictor, predictor_options, model, device, coder, long_term, effort, \
    block_seconds, profile, entry_seconds, origin, verify, threads, memory
        As in `EncodeOptions`.
    """

    @spelled_out
    def __init__(
        self,
        file: WriteFile,
        sample_rate: int,
        channels: int,
        bits_per_sample: int,
        *,
        is_float: bool = False,
        channel_mask: int = 0,
        num_frames: int | None = None,
        tags: TagMapping | None = None,
        pictures: Sequence[PictureLike] = (),
        force: bool = False,
        **options: Unpack[OptionFields],
    ) -> None:
        fmt = audio_format(sample_rate, channels, bits_per_sample, is_float, channel_mask)
        items, chosen = metadata_items(tags, pictures), encode_options(options)
        self._set_up(file, Encoder.of_format(fmt, num_frames, items, chosen), force)

    @classmethod
    def of_encoder(cls, file: WriteFile, encoder: Encoder, force: bool) -> Self:
        """Make a writer around an encoder."""
        writer = cls.__new__(cls)
        writer._set_up(file, encoder, force)
        return writer

    def _set_up(self, file: WriteFile, encoder: Encoder, force: bool) -> None:
        refuse_foreign_name(file)
        self._encoder = encoder
        self._frames = 0
        self._stack = ExitStack()
        self._target = self._stack.enter_context(open_target(file, force=force))
        self._closed = False
        name = os.fspath(file) if isinstance(file, (str, os.PathLike)) else "a file object"
        self._forgotten = weakref.finalize(
            self, _complete_forgotten, name, self._encoder, self._target, self._stack
        )

    @property
    def closed(self) -> bool:
        """Whether the file has been completed or given up."""
        return self._closed

    def __len__(self) -> int:
        return self._frames

    def tell(self) -> int:
        """Frames written so far."""
        return self._frames

    def write(self, array: ArrayLike) -> None:
        """Append samples, as `nlac.Encoder.push` takes them.

        Raises
        ------
        UsageError
            The array does not fit the file, or the file has been closed.
        """
        if self._closed:
            raise UsageError("the file has been closed")
        self._target.file.write(self._encoder.push(array))
        self._target.flush()
        self._frames = self._encoder.num_frames

    def close(self) -> None:
        """Complete the file."""
        self._end(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end(kind, error, traceback)

    def _end(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closed:
            return
        self._closed = True
        self._forgotten.detach()
        if error is not None:
            self._stack.__exit__(kind, error, traceback)
            return
        _complete(self._encoder, self._target, self._stack)


def _complete(encoder: Encoder, target: Target, stack: ExitStack) -> None:
    # an error of the last block gives the file up as well
    with stack:
        target.file.write(encoder.finish())


def _complete_forgotten(name: str, encoder: Encoder, target: Target, stack: ExitStack) -> None:
    """Complete the file of a writer that nobody can close any more."""
    try:
        warnings.warn(
            f"the writer of {name} was not closed; it is completed now",
            ResourceWarning,
            stacklevel=2,
        )
    finally:
        _complete(encoder, target, stack)
