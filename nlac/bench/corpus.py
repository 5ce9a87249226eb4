"""Files of a benchmark: list a folder of audio, and convert each file to a plain WAV.

Every codec gets the same input: a WAV file with a ``fmt `` and a ``data`` chunk and nothing else
(`nlac.bench.wav`).
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from nlac._errors import MissingDependency, UnsupportedAudio, UsageError
from nlac.bench.wav import pcm_pieces, read_wav_info, write_plain_wav

MANIFEST = "MANIFEST.tsv"
SUFFIXES = frozenset((".wav", ".flac", ".aif", ".aiff", ".aifc", ".caf", ".au", ".w64", ".rf64"))


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the corpus.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Its name relative to the corpus folder, with forward slashes.
    category, split, licence : str
        From the manifest. Without one, the category is the name of the sub-folder (``all`` at the
        top), and the others are empty.
    sha256 : str
        SHA-256 of the signed little-endian interleaved PCM, or empty if unknown.
    """

    path: Path
    name: str
    category: str
    split: str = ""
    licence: str = ""
    sha256: str = ""


def find_items(
    folder: str | Path, *, split: str | None = None, categories: Collection[str] = ()
) -> list[Item]:
    """List the audio files of a folder, in the order of the manifest or by name.

    Parameters
    ----------
    folder : str or Path
        Folder, searched with all folders below it. A file ``MANIFEST.tsv`` in it (tab separated,
        one header line, columns ``file``, ``category`` and perhaps ``split``, ``licence``,
        ``sha256``) lists the files instead.
    split : str, optional
        Only files of this split.
    categories : collection of str
        Only files of these categories; empty means all.

    Raises
    ------
    UsageError
        `folder` is not a folder, or no file in it matches.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    has_manifest = (folder / MANIFEST).is_file()
    if split is not None and not has_manifest:
        raise UsageError(f"split {split!r}: the folder has no {MANIFEST}")
    items = list(_read_manifest(folder) if has_manifest else _walk(folder))
    known = {item.category for item in items}
    for category in categories:
        if category not in known:
            raise UsageError(f"no category {category!r}; known: {', '.join(sorted(known))}")
    chosen = [
        item
        for item in items
        if (split is None or item.split == split)
        and (not categories or item.category in categories)
    ]
    if not chosen:
        raise UsageError(f"no audio file in {folder} matches")
    return chosen


def _read_manifest(folder: Path) -> Iterator[Item]:
    with open(folder / MANIFEST, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if not {"file", "category"} <= set(rows.fieldnames or ()):
            raise UsageError(f"{MANIFEST} lacks the column 'file' or 'category'")
        for row in rows:
            path = folder / row["file"]
            if not path.is_file():
                raise UsageError(f"{MANIFEST} names {row['file']}, which does not exist")
            yield Item(
                path,
                row["file"],
                row["category"],
                row.get("split") or "",
                row.get("licence") or "",
                row.get("sha256") or "",
            )


def _walk(folder: Path) -> Iterator[Item]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            parts = path.relative_to(folder).parts
            yield Item(path, "/".join(parts), parts[0] if len(parts) > 1 else "all")


def make_wav(item: Item, folder: str | Path) -> Path:
    """Decode an item to a WAV file with a ``fmt `` and a ``data`` chunk only.

    The samples of WAV are copied. FLAC is decoded by the program ``flac`` if that is on PATH (the
    library behind soundfile reads only 24 of 32 bits), and all else by soundfile.

    Parameters
    ----------
    item : Item
    folder : str or Path
        Folder in which to write ``source.wav``.

    Returns
    -------
    Path
        The WAV file.

    Raises
    ------
    UnsupportedAudio
        The file cannot be decoded, or differs from the manifest.
    """
    target = Path(folder) / "source.wav"
    raw = Path(folder) / "decoded.wav"
    suffix = item.path.suffix.lower()
    if suffix == ".wav":
        _write_plain(item.path, target)
    else:
        if suffix == ".flac" and shutil.which("flac"):
            _run_flac(item.path, raw)
        else:
            _run_soundfile(item.path, raw)
        _write_plain(raw, target)
        raw.unlink()
    if item.sha256:
        _check_sha256(target, item)
    return target


def _run_flac(source: Path, target: Path) -> None:
    done = subprocess.run(
        ["flac", "-s", "-f", "-d", "-o", str(target), str(source)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip()
        raise UnsupportedAudio(f"{source.name}: flac cannot decode it: {reason}")


def _run_soundfile(source: Path, target: Path) -> None:
    try:
        import soundfile
    except ImportError as error:
        raise MissingDependency("the package soundfile is needed to read this file") from error
    try:
        with soundfile.SoundFile(source) as file:
            subtype = file.subtype
            if source.suffix.lower() == ".flac" and _flac_bits(source) > 24:
                raise UnsupportedAudio(f"{source.name}: 32-bit FLAC needs the program flac")
            if subtype == "PCM_S8":
                subtype = "PCM_U8"
            if subtype not in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"):
                raise UnsupportedAudio(f"{source.name}: {subtype} is not lossless PCM")
            dtype = "float32" if subtype == "FLOAT" else "int32"
            with soundfile.SoundFile(
                target, "w", file.samplerate, file.channels, subtype, format="WAV"
            ) as out:
                for block in file.blocks(blocksize=1 << 16, dtype=dtype, always_2d=True):
                    out.write(block)
    except soundfile.SoundFileError as error:
        raise UnsupportedAudio(f"{source.name}: {error}") from error


def _flac_bits(path: Path) -> int:
    """Bits a sample in STREAMINFO (RFC 9639, section 8.2)."""
    with open(path, "rb") as file:
        head = file.read(42)
    return ((int.from_bytes(head[18:26], "big") >> 36) & 31) + 1


def _write_plain(source: Path, target: Path) -> None:
    info = read_wav_info(source)
    write_plain_wav(target, fmt=info.fmt, data=pcm_pieces(source, info), size=info.data_bytes)


def _check_sha256(path: Path, item: Item) -> None:
    info = read_wav_info(path)
    sha = hashlib.sha256()
    # the manifest has 8-bit samples signed, WAV has them offset by 128
    flip = bytes(value ^ 0x80 for value in range(256)) if info.bits == 8 else None
    for piece in pcm_pieces(path, info):
        sha.update(piece.translate(flip) if flip else piece)
    if sha.hexdigest() != item.sha256:
        raise UnsupportedAudio(f"{item.name}: SHA-256 of the samples differs from the manifest")
