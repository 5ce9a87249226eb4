"""The files of a prepared dataset: shards of integers, and the manifest that describes them.

A dataset is a folder::

    manifest.json     what follows, one recording a line
    shard-00000.pcm   samples, little-endian, interleaved: int16 up to 16 bits, int32 above
    shard-00001.pcm   ...

A recording lies in one shard, in one piece.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nlac._errors import FormatError, UsageError
from nlac.training.data.splits import SPLITS

MANIFEST = "manifest.json"
SCHEMA = "nlac-dataset/1"
SHARD_BYTES = 1 << 28


def sample_type(bits: int) -> np.dtype[Any]:
    """Type of the samples in shards."""
    return np.dtype("<i2" if bits <= 16 else "<i4")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a dataset.

    Attributes
    ----------
    name : str
        Unique in the dataset, with forward slashes.
    split : str
        ``train``, ``valid`` or ``test``.
    frames : int
        Length.
    labels : dict of str to (str or int)
        Such as ``speaker``, ``text``, ``instrument``, ``pitch``, ``category``.
    licence : str
        ``unclear`` where nobody tells.
    sha256 : str
        SHA-256 of the samples as they lie in the shard.
    shard, begin : int
        Where they lie: number of the shard, and first frame in it.
    source : dict
        The file: ``rate``, ``channels``, ``bits``, ``frames`` and ``sha256`` of its samples; and
        ``gain`` in dB and ``begin`` in frames, what normalising and trimming did.
    """

    name: str
    split: str
    frames: int
    labels: dict[str, str | int]
    licence: str
    sha256: str
    shard: int = 0
    begin: int = 0
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shard:
    """File of samples: its name, length in bytes, and SHA-256."""

    file: str
    num_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a dataset holds.

    Attributes
    ----------
    rate, channels, bits : int
        Frames a second, samples of a frame, bits of a sample.
    shards : tuple of Shard
    recordings : tuple of Recording
    settings : dict
        How the dataset was prepared.
    skipped : tuple of dict
        ``name`` and ``reason`` of each recording that was left out.
    """

    rate: int
    channels: int
    bits: int
    shards: tuple[Shard, ...]
    recordings: tuple[Recording, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    skipped: tuple[dict[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        """Bytes of the file; the same content gives the same bytes."""
        head: dict[str, Any] = {"schema": SCHEMA}
        for name in ("rate", "channels", "bits", "settings"):
            head[name] = getattr(self, name)
        parts = [json.dumps(head, ensure_ascii=False)[:-1]]
        for name in ("shards", "skipped", "recordings"):
            lines = [
                json.dumps(each if isinstance(each, dict) else asdict(each), ensure_ascii=False)
                for each in getattr(self, name)
            ]
            parts.append(f'"{name}": [' + ",".join(f"\n{line}" for line in lines) + "]")
        return (",\n".join(parts) + "}\n").encode()


def read_manifest(folder: Path) -> tuple[Manifest, str]:
    """Read and check the manifest of a dataset.

    Returns
    -------
    manifest : Manifest
    digest : str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    UsageError
        The folder is no dataset, or one of a newer version.
    FormatError
        The manifest is damaged, or contradicts itself. The error names the place.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{folder} is no dataset (no {MANIFEST}); nlac data prepare makes one")
    data = path.read_bytes()
    try:
        found = json.loads(data)
        schema = found["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path}: not the manifest of a dataset ({error})") from error
    if schema != SCHEMA:
        raise UsageError(f"{path}: schema {schema!r}; this version reads {SCHEMA}")
    try:
        manifest = Manifest(
            found["rate"],
            found["channels"],
            found["bits"],
            tuple(Shard(**each) for each in found["shards"]),
            tuple(Recording(**each) for each in found["recordings"]),
            found["settings"],
            tuple(found["skipped"]),
        )
        _check(manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: {error}") from error
    return manifest, hashlib.sha256(data).hexdigest()


def _check(manifest: Manifest) -> None:
    for name, low, high in (("rate", 1, 2**32 - 1), ("channels", 1, 2), ("bits", 2, 24)):
        value = getattr(manifest, name)
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{name}: {value!r}; a whole number from {low} to {high}")
    frame_bytes = manifest.channels * sample_type(manifest.bits).itemsize
    for shard in manifest.shards:
        if Path(shard.file).name != shard.file:
            raise ValueError(f"shard {shard.file!r}: the name of a file in the folder is needed")
    names = set()
    for each in manifest.recordings:
        if each.split not in SPLITS:
            raise ValueError(f"recording {each.name}: split {each.split!r}")
        if not 0 <= each.shard < len(manifest.shards):
            raise ValueError(f"recording {each.name}: there is no shard {each.shard}")
        end = (each.begin + each.frames) * frame_bytes
        if each.begin < 0 or each.frames < 1 or end > manifest.shards[each.shard].num_bytes:
            raise ValueError(f"recording {each.name}: its frames are outside the shard")
        names.add(each.name)
    if len(names) < len(manifest.recordings):
        raise ValueError("two recordings have the same name")


def check_shards(folder: Path, manifest: Manifest, *, hashes: bool) -> None:
    """Compare the shards of a dataset with its manifest.

    Raises
    ------
    FormatError
        One is missing, or has another length or other bytes.
    """
    for shard in manifest.shards:
        path = folder / shard.file
        if not path.is_file():
            raise FormatError(f"{path} is missing; prepare the dataset anew")
        size = path.stat().st_size
        if size != shard.num_bytes:
            raise FormatError(f"{path} has {size} bytes instead of {shard.num_bytes}")
        if hashes:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != shard.sha256:
                raise FormatError(f"{path}: its SHA-256 differs from the manifest's: damaged")


class ShardWriter:
    """Write recordings one after the other into shards.

    Parameters
    ----------
    folder : Path
        Where the shards go.
    channels, bits : int
        Samples of a frame, bits of a sample.
    shard_bytes : int
        Length after which another shard is begun.
    """

    def __init__(self, folder: Path, channels: int, bits: int, shard_bytes: int) -> None:
        self._folder = folder
        self._dtype = sample_type(bits)
        self._frame_bytes = channels * self._dtype.itemsize
        self._limit = shard_bytes
        self._shards: list[Shard] = []
        self._file: BinaryIO | None = None
        self._num_bytes = 0
        self._digest = hashlib.sha256()

    def add(self, pieces: Iterable[NDArray[np.int32]]) -> tuple[int, int, int, str]:
        """Write a recording.

        Parameters
        ----------
        pieces : iterable of (frames, channels) int32

        Returns
        -------
        shard, begin, frames : int
            Where it lies.
        sha256 : str
            SHA-256 of its samples.
        """
        if self._file is not None and self._num_bytes >= self._limit:
            self._end_shard()
        if self._file is None:
            path = self._folder / self._next_name()
            self._file = open(path, "xb")  # noqa: SIM115 - closed with the shard
        begin = self._num_bytes
        digest = hashlib.sha256()
        for piece in pieces:
            data = piece.astype(self._dtype).tobytes()
            self._file.write(data)
            self._num_bytes += len(data)
            digest.update(data)
            self._digest.update(data)
        frames = (self._num_bytes - begin) // self._frame_bytes
        return len(self._shards), begin // self._frame_bytes, frames, digest.hexdigest()

    def close(self) -> tuple[Shard, ...]:
        """End the last shard; return all of them."""
        if self._file is not None:
            self._end_shard()
        return tuple(self._shards)

    def abandon(self) -> None:
        """Close the file of an unfinished shard."""
        if self._file is not None:
            self._file.close()

    def _next_name(self) -> str:
        return f"shard-{len(self._shards):05d}.pcm"

    def _end_shard(self) -> None:
        assert self._file is not None
        name = self._next_name()
        self._file.close()
        self._shards.append(Shard(name, self._num_bytes, self._digest.hexdigest()))
        self._file, self._num_bytes, self._digest = None, 0, hashlib.sha256()


@contextmanager
def shard_writer(
    folder: Path, channels: int, bits: int, shard_bytes: int = SHARD_BYTES
) -> Iterator[ShardWriter]:
    """Open a `ShardWriter` whose files are closed, whatever happens."""
    writer = ShardWriter(folder, channels, bits, shard_bytes)
    try:
        yield writer
    finally:
        writer.abandon()
