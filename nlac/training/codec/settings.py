"""Settings of the codec's networks, in sections or flat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from nlac._errors import UsageError
from nlac.codec.encoder.presets import BASES
from nlac.training.config.checks import SettingError, at_least, between, setting
from nlac.training.config.train import TrainSettings


@dataclass(frozen=True, slots=True)
class CodecModel:
    """A network for the predictors `cnn` and `gru`.

    Attributes
    ----------
    predictor : {"cnn", "gru"}
        Kind of network.
    front : str
        Base predictor that the network corrects, a key of `nlac.codec.encoder.presets.BASES`.
    start : str
        Initial weights: the best of a run (its folder), or those of a model (its file, or the name
        of a shipped model). The network must be of the same kind, and as large or smaller; its
        base predictor may be another. If empty, weights are random.
    width, depth : int
        Channels or units; layers (1 for `gru`).
    gated : bool
        Use gated units instead of rectified ones (`cnn` only).
    quantised : float
        Fraction of the steps, the last ones, that train with weights rounded as in the export.
    licence : str
        Licence of the model, for its card; that of its data if empty.
    """

    predictor: Literal["cnn", "gru"] = "cnn"
    front: str = setting("rls", f"one of {', '.join(BASES)}", lambda name: name in BASES)
    start: str = setting("", is_path=True)
    width: int = setting(
        32, "a multiple of 16 from 16 to 320", lambda n: 16 <= n <= 320 and n % 16 == 0
    )
    depth: int = 7
    gated: bool = False
    quantised: float = between(0, 1, 0.15)
    licence: str = ""

    def __post_init__(self) -> None:
        most = 12 if self.predictor == "cnn" else 1
        if not 1 <= self.depth <= most:
            raise UsageError(f"depth: {self.depth}; from 1 to {most} for {self.predictor}")
        if self.gated and self.predictor != "cnn":
            raise UsageError("gated: true; only for the predictor cnn")


@dataclass(frozen=True, slots=True)
class CodecData:
    """Crops of recordings that the base predictor runs over.

    Attributes
    ----------
    corpus : str
        Folder of recordings, with a manifest or without.
    categories : list of str
        Categories of the manifest to use; all if empty.
    avoid : list of str
        Leave out recordings whose licence has one of these words, for example "NC".
    often : dict of str to int
        Factor by which recordings of a category are drawn more often than others.
    seconds : float
        Length of the crops.
    mixed : float
        Fraction of the crops that are sums of two recordings.
    pool, refresh : int
        Crops kept at a time; steps after which one of them is replaced.
    length, burn_in : int
        Samples of a sequence; samples at its beginning that only warm up the network.
    valid_crops : int
        Crops of a validation.
    """

    corpus: str = setting(is_path=True)
    categories: list[str] = setting([])
    avoid: list[str] = setting([])
    often: dict[str, int] = setting(
        {}, "counts of 1 or more by category", lambda counts: all(n >= 1 for n in counts.values())
    )
    seconds: float = setting(3.0, "more than 0", lambda x: x > 0)
    mixed: float = between(0, 1, 0.0)
    pool: int = at_least(1, 24)
    refresh: int = at_least(1, 10)
    length: int = at_least(1, 2048)
    burn_in: int = at_least(0, 128)
    valid_crops: int = at_least(1, 12)

    def __post_init__(self) -> None:
        if self.burn_in >= self.length:
            raise UsageError(f"burn_in: {self.burn_in}; less than length, {self.length}")


# the settings of the loop that suit these networks, where a flat configuration says nothing
_TRAIN = {
    "batch": 16, "optimiser": "adamw", "rate": 3e-3, "decay": 1e-3, "schedule": "cosine",
    "floor": 0.02, "ema": 0.998, "threads": 1,
}  # fmt: skip


def is_flat(values: Mapping[str, Any]) -> bool:
    """Whether a configuration without a recipe is one of the codec's networks."""
    return "corpus" in values or "predictor" in values


def sections(values: Mapping[str, Any]) -> dict[str, Any]:
    """Divide a flat configuration of one of the codec's networks into sections.

    Raises
    ------
    SettingError
        A setting is unknown.
    """
    parts: dict[str, Any] = {"recipe": "codec", "data": {}, "model": {}, "train": dict(_TRAIN)}
    kinds: dict[str, type] = {"train": TrainSettings, "data": CodecData, "model": CodecModel}
    known = {each.name: section for section, kind in kinds.items() for each in fields(kind)}
    for name, value in values.items():
        if name == "bfloat16":
            if not isinstance(value, bool):
                raise SettingError("bfloat16", f"{value!r}; true or false")
            parts["train"]["precision"] = "bfloat16" if value else "float32"
        elif name in known:
            parts[known[name]][name] = value
        else:
            names = ", ".join(sorted({*known, "bfloat16"}))
            raise SettingError(name, f"unknown setting (known: {names})")
    return parts
