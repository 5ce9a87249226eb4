"""Configuration of a training run: a YAML file as a checked object."""

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
        Base predictor that the network corrects, a key of `nlac.codec.encoder.presets.BASES`.
    start : str
        Initial weights: the best of a run (its folder), or those of a model (its file, or the name
        of a shipped model). The network must be of the same kind, and as large or smaller; its
        base predictor may be another. If empty, weights are random.
    width, depth : int
        Channels or units, a multiple of 16; layers (1 for `gru`).
    gated : bool
        Use gated units instead of rectified ones (`cnn` only).
    categories : list of str
        Categories of the manifest to use; all if empty.
    avoid : list of str
        Leave out recordings whose licence has one of these words, for example "NC".
    often : dict of str to int
        Factor by which recordings of a category are drawn more often than others.
    seconds : float
        Length of the crops that the base predictor runs over.
    mixed : float
        Fraction of the crops that are sums of two recordings.
    pool, refresh : int
        Crops kept at a time; steps after which one of them is replaced.
    batch, length, burn_in : int
        Sequences of a step; their length in samples; samples that only warm up the network.
    steps : int
        Number of steps.
    rate, decay, clip, ema : float
        Initial learning rate (it falls by a cosine), weight decay, largest norm of the gradient,
        factor of the exponential moving average of the weights, which is exported.
    quantised : float
        Fraction of the steps, the last ones, that train with weights rounded as in the export.
    bfloat16 : bool
        Compute layers in 16 bits until weights are rounded, which is faster on processors with
        instructions for it.
    valid_every, valid_crops, patience : int
        Steps between two validations; crops of each; number of validations without a gain after
        which training stops (0: never).
    save_every : int
        Steps between two checkpoints.
    seed, threads : int
        Seed of all random numbers; threads of PyTorch.
    licence : str
        Licence of the model, for its card.
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
                raise UsageError(f"{each.name}: {value!r} is not of type {kind.__name__}")
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
        """Values as in the file."""
        return asdict(self)


_COUNTS = (
    "pool", "refresh", "batch", "steps", "valid_every", "valid_crops", "save_every", "threads",
)


def _are_counts(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return all(type(name) is str and type(n) is int and n >= 1 for name, n in value.items())


def make_config(values: Mapping[str, Any]) -> Config:
    """Make a configuration from the values of a file.

    Raises
    ------
    UsageError
        A value is unknown, missing or out of range. The error names it.
    """
    known = {each.name for each in fields(Config)}
    for name in values:
        if name not in known:
            raise UsageError(f"unknown setting {name}; known: {', '.join(sorted(known))}")
    if "corpus" not in values:
        raise UsageError("setting corpus, the folder of recordings, is missing")
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
        raise UsageError(f"{path}: not a mapping of settings")
    for name in ("corpus", "start"):
        if isinstance(values.get(name), str) and values[name]:
            here = path.parent / values[name]
            # otherwise it may be the name of a model
            if name == "corpus" or here.exists():
                values[name] = str(here)
    return make_config(values)
