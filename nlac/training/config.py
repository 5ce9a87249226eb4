"""What a training run is: a YAML file, as a checked object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nlac._errors import MissingDependency, UsageError
from nlac.codec.encoder.presets import BASES


@dataclass(frozen=True, slots=True)
class Config:
    """A training run.

    Attributes
    ----------
    corpus : str
        Folder of recordings, with a manifest or without.
    predictor : {"cnn", "gru"}
        Kind of network.
    front : str
        What stands before it, one of `nlac.codec.encoder.presets.BASES`.
    start : str
        What this network begins with: the best weights of a run, by its folder, or those of a
        model, by its file or the name of one that is shipped. Of the same kind, as large or
        smaller; it may have stood behind another front. None if empty.
    width, depth : int
        Channels or units, a multiple of 16; layers (of a `gru`, 1).
    gated : bool
        Gated units instead of rectified ones (`cnn` only).
    categories : list of str
        Of the manifest; all if empty.
    avoid : list of str
        Words in the licences of recordings that are not to be used, such as "NC".
    often : dict of str to int
        Categories whose recordings are drawn so many times as often as others.
    seconds : float
        Length of the crops that the cascade runs over.
    mixed : float
        Fraction of the crops that are sums of two recordings.
    pool, refresh : int
        Crops that are kept at a time; steps after which one of them is replaced.
    batch, length, burn_in : int
        Sequences of a step, their samples, and how many of these only warm the network up.
    steps : int
        Steps in all.
    rate, decay, clip, ema : float
        Learning rate at first (it falls by a cosine), weight decay, longest gradient, memory of
        the mean of the weights that is exported.
    quantised : float
        Fraction of the steps, the last ones, in which weights are rounded as in the export.
    bfloat16 : bool
        Whether layers compute in 16 bits until weights are rounded: quicker on processors that
        have instructions for it.
    valid_every, valid_crops, patience : int
        Steps between two validations; crops of each; validations without a gain after which
        training stops (0: never).
    save_every : int
        Steps between two checkpoints.
    seed, threads : int
        Of all random numbers; of PyTorch.
    licence : str
        Of the model, for its card.
    """

    corpus: str
    predictor: str = "cnn"
    front: str = "rls"
    start: str = ""
    width: int = 32
    depth: int = 7
    gated: bool = False
    categories: list[str] = field(default_factory=list)
    avoid: list[str] = field(default_factory=list)
    often: dict[str, int] = field(default_factory=dict)
    seconds: float = 3.0
    mixed: float = 0.0
    pool: int = 24
    refresh: int = 10
    batch: int = 16
    length: int = 2048
    burn_in: int = 128
    steps: int = 2000
    rate: float = 3e-3
    decay: float = 1e-3
    clip: float = 1.0
    ema: float = 0.998
    quantised: float = 0.15
    bfloat16: bool = False
    valid_every: int = 250
    valid_crops: int = 12
    patience: int = 0
    save_every: int = 250
    seed: int = 1
    threads: int = 1
    licence: str = "MIT"

    def __post_init__(self) -> None:
        for each in fields(self):
            value, kind = getattr(self, each.name), type(each.default)
            if each.name in ("corpus", "categories", "avoid", "often"):
                continue
            if kind is float and isinstance(value, int) and not isinstance(value, bool):
                value = float(value)
                object.__setattr__(self, each.name, value)
            if type(value) is not kind:
                raise UsageError(f"{each.name}: {value!r} is no {kind.__name__}")
        for name, good in (
            ("predictor", self.predictor in ("cnn", "gru")),
            ("front", self.front in BASES),
            ("width", 16 <= self.width <= 320 and self.width % 16 == 0),
            ("depth", 1 <= self.depth <= (12 if self.predictor == "cnn" else 1)),
            ("gated", not self.gated or self.predictor == "cnn"),
            ("often", _are_counts(self.often)),
            ("seconds", self.seconds > 0),
            ("burn_in", 0 <= self.burn_in < self.length),
            ("mixed", 0 <= self.mixed <= 1),
            ("quantised", 0 <= self.quantised <= 1),
            ("ema", 0 <= self.ema < 1),
            *((name, getattr(self, name) >= 1) for name in _COUNTS),
        ):
            if not good:
                raise UsageError(f"{name}: {getattr(self, name)!r} is out of range")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as in the file."""
        return asdict(self)


_COUNTS = (
    "pool", "refresh", "batch", "steps", "valid_every", "valid_crops", "save_every", "threads",
)


def _are_counts(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(type(name) is str and type(n) is int and n >= 1 for name, n in value.items())


def make_config(values: Mapping[str, Any]) -> Config:
    """Make a configuration of plain values.

    Raises
    ------
    UsageError
        One is unknown, missing or out of range; it is named.
    """
    known = {each.name for each in fields(Config)}
    for name in values:
        if name not in known:
            raise UsageError(f"no such setting: {name} (known: {', '.join(sorted(known))})")
    if "corpus" not in values:
        raise UsageError("corpus: the folder of recordings is missing")
    return Config(**values)


def read_config(path: str | Path) -> Config:
    """Read a YAML file; relative folders in it are relative to it."""
    try:
        import yaml
    except ImportError as error:
        raise MissingDependency("training needs pip install 'nlac[train]'") from error
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: {error}") from error
    if not isinstance(values, dict):
        raise UsageError(f"{path}: no settings")
    for name in ("corpus", "start"):
        if isinstance(values.get(name), str) and values[name]:
            here = path.parent / values[name]
            # what is not there may be the name of a model
            if name == "corpus" or here.exists():
                values[name] = str(here)
    return make_config(values)
