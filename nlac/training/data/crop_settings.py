"""Which crops of a dataset make a batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nlac._errors import UsageError
from nlac.training.data.augment import make_augmentations
from nlac.training.data.dataset import Dataset

SHORT = ("pad", "skip", "refuse")
WEIGHTING = ("length", "recording")


@dataclass(frozen=True, slots=True)
class CropSettings:
    """Crops, and the batches that they make.

    Attributes
    ----------
    frames : int
        Frames of a crop that are to be predicted.
    batch : int
        Crops of a batch.
    context : int
        Frames before them that only inform. Where the recording begins later, they are zero.
    pair_frames : int
        Frames after them: the continuation, for pairs of (sound, what follows).
    mono : bool
        Mix stereo to mono.
    augment : sequence of mappings
        Augmentations; see `nlac.training.data.augment`.
    labels : sequence of str
        Labels that batches have.
    where : mapping of str to sequence
        Only recordings whose labels have one of these values: ``{category: [music, speech]}``.
    avoid : sequence of str
        Leave out recordings whose licence has one of these words, for example "NC".
    often : mapping of str to mapping
        Factors by which recordings are drawn more often, by label and value:
        ``{category: {speech: 2}}``.
    weighting : {"length", "recording"}
        Draw every second of audio alike, or every recording.
    short : {"pad", "skip", "refuse"}
        What becomes of recordings that are shorter than a crop: they are filled with zeros, left
        out and counted, or an error.
    """

    frames: int
    batch: int
    context: int = 0
    pair_frames: int = 0
    mono: bool = False
    augment: Sequence[Mapping[str, Any]] = ()
    labels: Sequence[str] = ()
    where: Mapping[str, Sequence[str | int]] = field(default_factory=dict)
    avoid: Sequence[str] = ()
    often: Mapping[str, Mapping[str | int, float]] = field(default_factory=dict)
    weighting: str = "length"
    short: str = "pad"

    def __post_init__(self) -> None:
        for name, lowest in (("frames", 1), ("batch", 1), ("context", 0), ("pair_frames", 0)):
            value = getattr(self, name)
            if type(value) is not int or value < lowest:
                raise UsageError(f"{name}: {value!r}; a whole number of {lowest} or more")
        for name, choices in (("short", SHORT), ("weighting", WEIGHTING)):
            if getattr(self, name) not in choices:
                raise UsageError(f"{name}: {getattr(self, name)!r}; {', '.join(choices)}")
        for label, factors in self.often.items():
            for value, factor in factors.items():
                if not factor > 0:
                    raise UsageError(f"often.{label}.{value}: {factor!r}; a number above 0")
        make_augmentations(self.augment)

    @property
    def num_new(self) -> int:
        """Frames of a crop after its context."""
        return self.frames + self.pair_frames

    @property
    def num_frames(self) -> int:
        """Frames of a crop: context, frames and continuation."""
        return self.context + self.num_new


def choose(
    dataset: Dataset, split: str, settings: CropSettings
) -> tuple[list[int], list[float], int]:
    """Recordings that crops are drawn from.

    Returns
    -------
    indexes : list of int
        Places in `dataset.recordings`.
    weights : list of float
        How often each is drawn.
    num_short : int
        Recordings that were left out because they are short.

    Raises
    ------
    UsageError
        No recording is left, one is too short, or a label or value does not exist.
    """
    for name, wanted in (*settings.where.items(), *settings.often.items()):
        known = dataset.label_values(name)
        for value in wanted:
            if value not in known:
                some = ", ".join(map(str, known[:20])) + (", ..." if len(known) > 20 else "")
                raise UsageError(f"label {name} is never {value!r}; it is {some}")
    avoided = set(settings.avoid)
    indexes, weights, num_short = [], [], 0
    for i in dataset.split(split):
        each = dataset.recordings[i]
        if any(each.labels.get(name) not in wanted for name, wanted in settings.where.items()):
            continue
        if avoided & set(re.findall(r"\w+", each.licence)):
            continue
        if each.frames < settings.num_new and settings.short != "pad":
            if settings.short == "refuse":
                raise UsageError(
                    f"{each.name} has {each.frames} frames, fewer than the {settings.num_new} of "
                    "a crop"
                )
            num_short += 1
            continue
        weight = float(each.frames) if settings.weighting == "length" else 1.0
        for name, factors in settings.often.items():
            weight *= factors.get(each.labels.get(name, ""), 1.0)
        indexes.append(i)
        weights.append(weight)
    if not indexes:
        short = f" ({num_short} are shorter than a crop)" if num_short else ""
        raise UsageError(
            f"{dataset.name} has no recordings in split {split} among those chosen{short}"
        )
    return indexes, weights, num_short
