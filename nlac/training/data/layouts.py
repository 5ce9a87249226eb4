"""Layouts of corpora, recognised by what lies in a folder.

===========  ======================================================  ============================
layout       recognised by                                           labels
===========  ======================================================  ============================
manifest     ``MANIFEST.tsv`` with a column ``file``                 ``category``, other columns
NSynth       ``examples.json`` beside ``audio/``                     ``instrument``, ``family``,
                                                                     ``source``, ``pitch``,
                                                                     ``velocity``
VCTK         ``txt/`` beside ``wav48/`` (or ``wav48_...``)           ``speaker``, ``text``,
                                                                     ``microphone``, ``gender``,
                                                                     ``accent``
LibriSpeech  ``SPEAKER-CHAPTER.trans.txt`` beside the recordings     ``speaker``, ``chapter``,
                                                                     ``utterance``, ``text``,
                                                                     ``gender``
===========  ======================================================  ============================

LibriSpeech and NSynth tell their splits by the names of their folders (``train-clean-100``,
``dev-other``, ``nsynth-valid``), a manifest by its column ``split``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlac._errors import UsageError
from nlac.training.data.decoding import SUFFIXES

MANIFEST = "MANIFEST.tsv"
Labels = dict[str, str | int]

_SPLITS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test", "eval", "evaluation"),
}
_SPLIT_OF = {word: split for split, words in _SPLITS.items() for word in words}
# columns of a manifest that are no labels
_FACTS = frozenset(
    ("file", "split", "rate", "bits", "channels", "seconds", "sha256", "source", "licence", "note")
)
_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)", re.IGNORECASE)
_ATTRIBUTION = re.compile(r"\bCC[- ]BY[- ](\d\.\d)|\bAttribution (\d\.\d)\b", re.IGNORECASE)
_TRANSCRIPTS = re.compile(r"(\d+)-(\d+)\.trans\.txt")
_UTTERANCE = re.compile(r"(\w+?)_(\d+)(?:_(mic\d+))?")


@dataclass(frozen=True, slots=True)
class Source:
    """A recording before it is read.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Name in the dataset, with forward slashes.
    group : str
        Recordings of one group (such as two microphones) come into one split.
    split : str
        ``train``, ``valid`` or ``test``; empty where the layout does not tell.
    labels : dict
        Values by name.
    licence : str
        Licence; empty if unknown.
    sha256 : str
        SHA-256 of the signed little-endian interleaved PCM; empty if unknown.
    """

    path: Path
    name: str
    group: str
    split: str = ""
    labels: Labels = field(default_factory=dict)
    licence: str = ""
    sha256: str = ""


def layout_of(folder: Path, top: Path) -> Iterator[Source] | None:
    """Recordings of a folder that has a layout of its own.

    Parameters
    ----------
    folder : Path
        The folder.
    top : Path
        Folder that names begin at.

    Returns
    -------
    iterator of Source, or None
        None of a folder without such a layout.
    """
    if (folder / MANIFEST).is_file():
        return _manifest(folder, top)
    if (folder / "examples.json").is_file() and (folder / "audio").is_dir():
        return _nsynth(folder, top)
    if (folder / "txt").is_dir() and (waves := sorted(folder.glob("wav48*"))):
        return _vctk(folder, waves[-1], top)
    if transcripts := [p for p in sorted(folder.glob("*.trans.txt")) if _is_chapter(p)]:
        return _librispeech(folder, transcripts, top)
    return None


def folder_licence(folder: Path) -> str:
    """Licence that a file such as ``LICENSE.txt`` in a folder states; empty if none is known."""
    for path in sorted(folder.glob("[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            if match := _CREATIVE_COMMONS.search(text):
                return f"CC-{match[1].upper()}-{match[2]}"
            if match := _ATTRIBUTION.search(text):
                return f"CC-BY-{match[1] or match[2]}"
            if re.search(r"\bCC0\b|publicdomain/zero", text):
                return "CC0-1.0"
    return ""


def _licence_above(folder: Path) -> str:
    """Licence of a folder, or of one of the three above it."""
    return next(filter(None, map(folder_licence, (folder, *folder.parents[:3]))), "")


def _name(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix()


def _manifest(folder: Path, top: Path) -> Iterator[Source]:
    where = folder / MANIFEST
    with open(where, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        if "file" not in (rows.fieldnames or ()):
            raise UsageError(f"{where} lacks the column 'file'")
        for row in rows:
            path = folder / row["file"]
            if not path.is_file():
                raise UsageError(f"{where} names {row['file']}, which does not exist")
            split = row.get("split") or ""
            if split and split not in _SPLIT_OF:
                raise UsageError(
                    f"{where}: {row['file']} is in split {split!r}; there are train, valid and test"
                )
            name = _name(path, top)
            labels: Labels = {
                key: value for key, value in row.items() if key and key not in _FACTS and value
            }
            yield Source(
                path, name, name, _SPLIT_OF.get(split, ""), labels,
                row.get("licence") or "", row.get("sha256") or "",
            )  # fmt: skip


def _nsynth(folder: Path, top: Path) -> Iterator[Source]:
    where = folder / "examples.json"
    try:
        examples = json.loads(where.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error
    if not isinstance(examples, dict):
        raise UsageError(f"{where}: an object of notes by name is needed")
    split = _split_in(folder.name)
    licence = _licence_above(folder)
    for note, facts in sorted(examples.items()):
        path = folder / "audio" / f"{note}.wav"
        if not path.is_file():
            raise UsageError(f"{where} names {note}, but there is no {path}")
        name = _name(path, top)
        yield Source(path, name, name, split, _note_labels(where, note, facts), licence)


def _note_labels(where: Path, note: str, facts: Any) -> Labels:
    labels: Labels = {}
    for label, key in (
        ("instrument", "instrument_str"),
        ("family", "instrument_family_str"),
        ("source", "instrument_source_str"),
        ("pitch", "pitch"),
        ("velocity", "velocity"),
    ):
        value = facts.get(key) if isinstance(facts, dict) else None
        if not isinstance(value, (str, int)):
            raise UsageError(f"{where}: note {note} lacks {key}")
        labels[label] = value
    return labels


def _split_in(name: str) -> str:
    """Split that a word in the name of a folder tells."""
    words = re.split(r"[-_ ]", name.lower())
    return next((_SPLIT_OF[word] for word in words if word in _SPLIT_OF), "")


def _vctk(folder: Path, waves: Path, top: Path) -> Iterator[Source]:
    licence = folder_licence(folder)
    speakers = _vctk_speakers(folder / "speaker-info.txt")
    for path in sorted(waves.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        match = _UTTERANCE.fullmatch(path.stem)
        if match is None:
            raise UsageError(f"{path} is not named SPEAKER_UTTERANCE, as those of VCTK are")
        speaker, number, microphone = match.groups()
        labels: Labels = {"speaker": speaker, **speakers.get(speaker, {})}
        if microphone:
            labels["microphone"] = microphone
        # speaker p315 has none
        text = folder / "txt" / speaker / f"{speaker}_{number}.txt"
        if text.is_file():
            labels["text"] = text.read_text(encoding="utf-8", errors="replace").strip()
        name = _name(path, top)
        yield Source(path, name, f"{speaker}_{number}", "", labels, licence)


def _vctk_speakers(path: Path) -> dict[str, Labels]:
    """Gender and accent by speaker: columns ID, AGE, GENDER, ACCENTS, divided by spaces."""
    found: dict[str, Labels] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
            words = line.split()
            if len(words) >= 4:
                # the first version of the corpus leaves out the p
                speaker = words[0] if words[0][0].isalpha() else f"p{words[0]}"
                found[speaker] = {"gender": words[2], "accent": words[3]}
    return found


def _is_chapter(path: Path) -> bool:
    return _TRANSCRIPTS.fullmatch(path.name) is not None


def _librispeech(folder: Path, transcripts: list[Path], top: Path) -> Iterator[Source]:
    # subset/speaker/chapter
    split = next(filter(None, (_split_in(p.name) for p in folder.parents[:2])), "")
    licence = _licence_above(folder)
    texts: dict[str, str] = {}
    for path in transcripts:
        for line in path.read_text(encoding="utf-8").splitlines():
            utterance, _, text = line.partition(" ")
            texts[utterance] = text.strip()
    genders = _librispeech_genders(folder)
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        speaker, chapter, number = [*path.stem.split("-"), "", ""][:3]
        labels: Labels = {"speaker": speaker, "chapter": chapter, "utterance": number}
        if speaker in genders:
            labels["gender"] = genders[speaker]
        if path.stem in texts:
            labels["text"] = texts[path.stem]
        name = _name(path, top)
        yield Source(path, name, name, split, labels, licence)


def _librispeech_genders(chapter: Path) -> dict[str, str]:
    """Gender by speaker: lines ``ID | SEX | SUBSET | MINUTES | NAME``, ``;`` before comments."""
    for folder in chapter.parents[:3]:
        path = folder / "SPEAKERS.TXT"
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            fields = [line.split("|") for line in lines if not line.startswith(";")]
            return {row[0].strip(): row[1].strip() for row in fields if len(row) >= 3}
    return {}
