"""Find recordings in files and folders, with the splits and labels that their layout gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nlac._errors import UsageError
from nlac.training.data.decoding import SUFFIXES
from nlac.training.data.layouts import Source, folder_licence, layout_of


def find_sources(recordings: Sequence[str | Path]) -> list[Source]:
    """List the recordings in files and folders, searched with all folders below them.

    Folders in the layout of LibriSpeech, VCTK or NSynth, and those with a ``MANIFEST.tsv``, are
    recognised by what lies in them, wherever they are; see `nlac.training.data.layouts`. In other
    folders every audio file is a recording, and the first folder below the named one is its label
    ``category``.

    Parameters
    ----------
    recordings : sequence of path
        Files and folders.

    Returns
    -------
    list of Source
        In the order of the arguments, and by name in each. Names are unique.

    Raises
    ------
    UsageError
        Something does not exist, a layout contradicts itself, there is no recording, or two
        arguments give the same name.
    """
    found: list[Source] = []
    for each in map(Path, recordings):
        if each.is_dir():
            found += _search(each, each, "")
        elif each.exists():
            found.append(Source(each, each.name, each.stem))
        else:
            raise UsageError(f"{each} does not exist")
    if not found:
        raise UsageError(f"no audio file was found in {', '.join(map(str, recordings))}")
    _check_names(found)
    return found


def _search(folder: Path, top: Path, licence: str) -> Iterator[Source]:
    layout = layout_of(folder, top)
    if layout is not None:
        yield from layout
        return
    licence = folder_licence(folder) or licence
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield from _search(path, top, licence)
        elif path.suffix.lower() in SUFFIXES and _is_recording(path):
            parts = path.relative_to(top).parts
            labels: dict[str, str | int] = {"category": parts[0]} if len(parts) > 1 else {}
            name = "/".join(parts)
            yield Source(path, name, name, labels=labels, licence=licence)


def _is_recording(path: Path) -> bool:
    # macOS leaves files of attributes under such names on foreign disks
    return path.is_file() and not path.name.startswith("._")


def _check_names(found: Sequence[Source]) -> None:
    seen: dict[str, Path] = {}
    for source in found:
        if source.name in seen:
            raise UsageError(
                f"{source.path} and {seen[source.name]} would both be called {source.name}; "
                "give a folder that holds both, or prepare them apart"
            )
        seen[source.name] = source.path
