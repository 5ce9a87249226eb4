"""Random crops of nlac files as a data set of PyTorch."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from nlac._errors import NlacError, UsageError
from nlac.bitstream.reader import IndexedReader
from nlac.codec.decoder.access import SpanCache
from nlac.codec.decoder.blocks import Span
from nlac.codec.decoder.parts import decode_part

_DTYPES = {"int16": torch.int16, "int32": torch.int32, "float32": torch.float32}
# files whose index is kept
_READERS = 1024


class AudioDataset(Dataset):
    """Random crops of nlac files, decoded when they are asked for.

    An epoch goes through all recordings once, on average: crop i lies at a random place of the
    i-th of `len` equal parts of all the audio. It depends on files, seed, epoch and i only, so it
    is the same in every worker process. Only the blocks that a crop touches are read and decoded,
    and at the first visit no more of them than their entry points allow; what was decoded is kept
    for other crops, as far as `cache_bytes` allows. In the order of `nlac.torch.LocalBatches` each
    block is decoded once in an epoch; in a wholly random one (``shuffle=True``) nearly every crop
    waits for a part of a block unless all of them fit the cache.

    It may be used by any number of processes: no file stays open between two crops.

    Parameters
    ----------
    files : path or sequence of paths
        nlac files, and folders, which are searched for them with all folders below.
    frames : int
        Frames of a crop. Recordings that are shorter are filled with zeros.
    crops : int, optional
        Crops of an epoch; None: as many as fit side by side into the audio. More of them, which
        overlap, make more of each decoded block.
    seed : int
        Another seed gives other places.
    dtype : {"int32", "int16", "float32"}
        Type of the crops. Integers are right-justified; float32 is scaled to full scale at 1.0.
        Of float streams only float32 can be given.
    cache_bytes : int
        Memory for decoded blocks in each process; one block is kept whatever it takes.

    Attributes
    ----------
    sample_rate, channels, bits_per_sample : int
        Those of all files.
    frames, epoch : int
    whole_blocks : bool
        Decode all of a block at the first visit. `nlac.torch.LocalBatches` asks for it.

    Raises
    ------
    UsageError
        There is no file, or files differ in rate, channels or depth; the error names the file.
    FormatError
        A file is damaged; the error names it.

    Examples
    --------
    >>> crops = AudioDataset("archive/", frames=88_200)   # doctest: +SKIP
    >>> crops[0].shape                                    # doctest: +SKIP
    torch.Size([2, 88200])
    """

    def __init__(
        self,
        files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        frames: int,
        *,
        crops: int | None = None,
        seed: int = 0,
        dtype: str = "int32",
        cache_bytes: int = 1 << 28,
    ) -> None:
        for name, value in (("frames", frames), ("crops", 1 if crops is None else crops)):
            if type(value) is not int or value < 1:
                raise UsageError(f"{name}: {value!r}; a whole number of 1 or more")
        if dtype not in _DTYPES:
            raise UsageError(f"dtype {dtype!r}; {', '.join(_DTYPES)}")
        self.frames, self.epoch = frames, 0
        self._seed, self._dtype = seed, dtype
        self._paths = _find(files)
        self._blocks: list[list[int]] = []  # first frame of each block, by file
        self._readers: OrderedDict[int, IndexedReader] = OrderedDict()
        lengths = [self._look_at(number) for number in range(len(self._paths))]
        # places at which a crop may begin, of each file
        spans = [max(1, length - frames + 1) for length in lengths]
        self._bounds = [0, *np.cumsum(spans).tolist()]
        self._lengths = lengths
        cache_bytes = max(cache_bytes, self._longest_block() * self.channels * self._sample_bytes)
        self._cache: SpanCache[tuple[int, int]] = SpanCache(cache_bytes)
        self.whole_blocks = False
        self._num_crops = crops or max(1, sum(lengths) // frames)

    def __len__(self) -> int:
        return self._num_crops

    def __getitem__(self, index: int) -> torch.Tensor:
        """Crop of the present epoch, (channels, frames).

        Raises
        ------
        CorruptStream
            A block is damaged.
        """
        file, begin = self._place(index)
        return torch.from_numpy(self._crop(file, begin))

    def place(self, index: int) -> tuple[Path, int]:
        """File of a crop of the present epoch, and its first frame there."""
        file, begin = self._place(index)
        return self._paths[file], begin

    def crop(self, path: str | os.PathLike[str], begin: int) -> torch.Tensor:
        """Crop from frame `begin` of one of the files, (channels, frames)."""
        return torch.from_numpy(self._crop(self._paths.index(Path(path)), begin))

    def set_epoch(self, epoch: int) -> None:
        """Have other places from now on, those of an epoch.

        Worker processes that are running already don't hear of it.
        """
        self.epoch = epoch

    def block_of(self, index: int) -> tuple[int, int]:
        """File and block, by number, in which the part of a crop begins, whatever the epoch."""
        file, begin = self._at(index * self._bounds[-1] // self._num_crops)
        return file, bisect_right(self._blocks[file], begin) - 1

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < self._num_crops:
            raise IndexError(f"crop {index} of {self._num_crops}")
        shift = np.random.default_rng((self._seed, self.epoch, index)).random()
        total = self._bounds[-1]
        return self._at(min(total - 1, int((index + shift) * total / self._num_crops)))

    def _at(self, offset: int) -> tuple[int, int]:
        file = bisect_right(self._bounds, offset) - 1
        return file, offset - self._bounds[file]

    def _look_at(self, number: int) -> int:
        """Length of a file in frames; the first file tells what all must be."""
        path = self._paths[number]
        try:
            reader = self._reader(number)
        except NlacError as error:
            raise type(error)(f"{path}: {error}") from error
        header = reader.header
        form = (header.sample_rate, header.channels, header.bits_per_sample, header.is_float)
        if not self._blocks:
            self.sample_rate, self.channels, self.bits_per_sample, self._is_float = form
            self._check_dtype()
        first = (self.sample_rate, self.channels, self.bits_per_sample, self._is_float)
        if form != first:
            raise UsageError(
                f"{path} has {_described(*form)}, and {self._paths[0]} {_described(*first)}"
            )
        self._blocks.append([reader.first_frame(i) for i in range(reader.num_blocks)])
        return reader.num_frames

    def _check_dtype(self) -> None:
        if self._is_float and self._dtype != "float32":
            raise UsageError(f"dtype {self._dtype}: {self._paths[0]} holds float samples")
        if self.bits_per_sample > 16 and self._dtype == "int16":
            bits = self.bits_per_sample
            raise UsageError(f"dtype int16: {self._paths[0]} has samples of {bits} bits")

    def _crop(self, file: int, begin: int) -> NDArray[Any]:
        crop = np.zeros((self.channels, self.frames), self._dtype)
        end = min(begin + self.frames, self._lengths[file])
        starts, at = self._blocks[file], begin
        while at < end:
            block = bisect_right(starts, at) - 1
            part = self._span(file, block, at - starts[block], end - starts[block])
            crop[:, at - begin : at - begin + len(part)] = part.T
            at += len(part)
        if self._dtype == "float32" and not self._is_float:
            crop *= np.float32(2.0 ** (1 - self.bits_per_sample))
        return crop

    def _span(self, file: int, block: int, start: int, stop: int) -> NDArray[Any]:
        """Frames of a block from `start` to `stop`, or to its end.

        The first visit decodes no more than the block's entry points allow. Who comes again before
        that is forgotten will come more often: the second visit decodes all of it.
        """
        key = (file, block)
        reader = self._reader(file)
        num_frames = reader.first_frame(block + 1) - reader.first_frame(block)
        stop = min(stop, num_frames)
        if (kept := self._cache.find(key, start, stop)) is not None:
            return kept
        missing = (0, num_frames)
        if not self.whole_blocks:
            missing = self._cache.missing(key, start, stop, num_frames)
        span = decode_part(reader.block(block), reader.header, *missing)
        if self._sample_bytes == 2:
            samples: NDArray[Any] = span.samples.astype(np.int16)
            span = Span(span.start, samples)
        self._cache.keep(key, span)
        return span.cut(start, stop)

    @property
    def _sample_bytes(self) -> int:
        """Bytes of a sample that is kept."""
        return 2 if self.bits_per_sample <= 16 else 4

    def _longest_block(self) -> int:
        """Frames of the longest block of all files."""
        ends = zip(self._blocks, self._lengths, strict=True)
        return max(int(np.diff([*starts, end]).max(initial=0)) for starts, end in ends)

    def _reader(self, file: int) -> IndexedReader:
        if file in self._readers:
            self._readers.move_to_end(file)
            return self._readers[file]
        reader = IndexedReader(cast(BinaryIO, _ClosedFile(self._paths[file])))
        self._readers[file] = reader
        if len(self._readers) > _READERS:
            self._readers.popitem(last=False)
        return reader

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_readers": OrderedDict()}


class _ClosedFile:
    """A file that is open only while it is read.

    So none has to be closed when a data set is given up, and no process moves the place at which
    another one reads. To open it takes next to nothing beside decoding a block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (self._path.stat().st_size if whence == os.SEEK_END else 0)
        return self._at

    def read(self, count: int) -> bytes:
        with open(self._path, "rb") as file:
            file.seek(self._at)
            data = file.read(count)
        self._at += len(data)
        return data


def _find(files: Any) -> list[Path]:
    """nlac files, and those in folders, each once."""
    given = [files] if isinstance(files, (str, os.PathLike)) else files
    found: dict[Path, None] = {}
    for each in map(Path, given):
        if each.is_dir():
            found |= dict.fromkeys(p for p in sorted(each.rglob("*.nlac")) if p.is_file())
        elif each.exists():
            found[each] = None
        else:
            raise UsageError(f"{each} does not exist")
    if not found:
        raise UsageError(f"no nlac file was found in {files}")
    return list(found)


def _described(rate: int, channels: int, bits: int, is_float: bool) -> str:
    return f"{rate} Hz, {channels} channels, {'float32' if is_float else f'{bits} bits'}"
