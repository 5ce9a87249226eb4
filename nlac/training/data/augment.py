"""Augmentations of crops, named in a configuration.

A configuration lists them in the order in which they are applied, with their settings::

    augment:
      - {name: gain, low: -12, high: 3}
      - {name: polarity}
      - {name: speed, low: 0.9, high: 1.1, share: 0.5}

Each has a `share`, the probability that a crop gets it. Samples are float32 of shape (channels,
time) in units of the last bit; they are rounded after all augmentations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from nlac._arguments import is_real
from nlac._errors import UsageError
from nlac.training.data.filters import filtered, high_pass, low_pass, peaking

Crop = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """What augmentations know besides the crop.

    Attributes
    ----------
    rate : int
        Frames a second.
    top : int
        Largest sample.
    another : callable
        Gives the crop of another recording, of the same shape, not augmented.
    """

    rate: int
    top: int
    another: Callable[[], Crop]


@dataclass(frozen=True, kw_only=True)
class Augmentation(ABC):
    """Base of augmentations.

    Attributes
    ----------
    share : float
        Probability that a crop gets it, 0 to 1.
    """

    share: float = 1.0
    name: ClassVar[str] = ""

    @abstractmethod
    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Change a crop; the result has the same shape.

        Parameters
        ----------
        crop : (channels, time) float32
            May be changed in place.
        rng : numpy.random.Generator
            That of the crop.
        scene : Scene
        """


_KNOWN: dict[str, type[Augmentation]] = {}


def augmentation(kind: type[Augmentation]) -> type[Augmentation]:
    """Make a class of augmentations known by its attribute `name`; a decorator."""
    _KNOWN[kind.name] = kind
    return kind


@dataclass(frozen=True, kw_only=True)
class _Ranged(Augmentation):
    """An augmentation with an amount between two bounds."""

    low: float
    high: float

    def amount(self, rng: np.random.Generator) -> float:
        """Draw an amount, evenly."""
        return float(rng.uniform(self.low, self.high))


@augmentation
@dataclass(frozen=True, kw_only=True)
class Gain(_Ranged):
    """Gain from `low` to `high` dB, as far as no sample gets beyond full scale."""

    name: ClassVar[str] = "gain"
    low: float = -12.0
    high: float = 0.0

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Multiply by one factor."""
        peak = float(np.abs(crop).max(initial=0.0))
        factor = 10 ** (self.amount(rng) / 20)
        if peak > 0:
            factor = min(factor, max(1.0, scene.top / peak))
        return crop * np.float32(factor)


@augmentation
@dataclass(frozen=True, kw_only=True)
class Polarity(Augmentation):
    """Invert all samples."""

    name: ClassVar[str] = "polarity"
    share: float = 0.5

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Negate."""
        return -crop


@augmentation
@dataclass(frozen=True, kw_only=True)
class Swap(Augmentation):
    """Exchange left and right; mono stays as it is."""

    name: ClassVar[str] = "swap"
    share: float = 0.5

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Reverse the order of the channels."""
        return crop[::-1]


@augmentation
@dataclass(frozen=True, kw_only=True)
class Speed(_Ranged):
    """Play faster (above 1) or slower, which changes time and pitch, by resampling.

    The loader takes more or less of the recording, so that the crop keeps its length.
    """

    name: ClassVar[str] = "speed"
    low: float = 0.9
    high: float = 1.1

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Nothing: the loader has resampled the crop already."""
        return crop


@augmentation
@dataclass(frozen=True, kw_only=True)
class Filter(_Ranged):
    """Low-pass, high-pass or peaking filter at a frequency from `low` to `high` Hz.

    Frequencies are even by octaves, and at most 0.45 of the sample rate. `gain` is the largest
    gain of peaking filters in dB, in both directions.
    """

    name: ClassVar[str] = "filter"
    low: float = 100.0
    high: float = 8000.0
    kind: str = "any"
    q: float = 0.7071
    gain: float = 6.0

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Filter all channels alike."""
        kind = self.kind
        if kind == "any":
            kind = str(rng.choice(["low", "high", "peak"]))
        octaves = rng.uniform(np.log2(self.low), np.log2(self.high))
        hertz = min(2.0**octaves, 0.45 * scene.rate)
        if kind == "low":
            biquad = low_pass(hertz, self.q, scene.rate)
        elif kind == "high":
            biquad = high_pass(hertz, self.q, scene.rate)
        else:
            biquad = peaking(hertz, self.q, rng.uniform(-self.gain, self.gain), scene.rate)
        # twenty times the time in which the slowest part falls to 1/e
        tail = int(20 * scene.rate * self.q / (np.pi * hertz)) + 1
        return filtered(crop, [biquad], tail)


@augmentation
@dataclass(frozen=True, kw_only=True)
class Noise(_Ranged):
    """White noise, `low` to `high` dB below the level of the crop."""

    name: ClassVar[str] = "noise"
    low: float = 30.0
    high: float = 60.0

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Add Gaussian noise, another in each channel."""
        level = float(np.sqrt(np.mean(np.square(crop, dtype=np.float64))))
        sigma = level * 10 ** (-self.amount(rng) / 20)
        return crop + rng.standard_normal(crop.shape, np.float32) * np.float32(sigma)


@augmentation
@dataclass(frozen=True, kw_only=True)
class Mix(_Ranged):
    """Add a crop of another recording, `low` to `high` dB louder than it is.

    The sum is halved, so that it does not clip.
    """

    name: ClassVar[str] = "mix"
    share: float = 0.3
    low: float = -12.0
    high: float = 0.0

    def apply(self, crop: Crop, rng: np.random.Generator, scene: Scene) -> Crop:
        """Add."""
        factor = np.float32(10 ** (self.amount(rng) / 20))
        return np.float32(0.5) * (crop + factor * scene.another())


def make_augmentations(values: Sequence[Mapping[str, Any]]) -> tuple[Augmentation, ...]:
    """Make augmentations of the mappings in a configuration.

    Raises
    ------
    UsageError
        A name or a setting is unknown or out of range. The error names place, key and value.
    """
    return tuple(_make(f"augment[{i}]", each) for i, each in enumerate(values))


def _make(where: str, values: Mapping[str, Any]) -> Augmentation:
    if not isinstance(values, Mapping) or "name" not in values:
        raise UsageError(f"{where}: {values!r}; a mapping with a name and settings is needed")
    kind = _KNOWN.get(values["name"])
    if kind is None:
        known = ", ".join(sorted(_KNOWN))
        raise UsageError(f"{where}.name: {values['name']!r}; there are {known}")
    allowed = {each.name: each.default for each in fields(kind) if each.default is not MISSING}
    settings = {key: value for key, value in values.items() if key != "name"}
    for key, value in settings.items():
        if key not in allowed:
            raise UsageError(
                f"{where}.{key}: {kind.name} has no such setting; it has {', '.join(allowed)}"
            )
        if isinstance(allowed[key], str):
            good, what = value in ("any", "low", "high", "peak"), "any, low, high or peak"
        else:
            good, what = is_real(value) and np.isfinite(value), "a number"
        if not good:
            raise UsageError(f"{where}.{key}: {value!r}; {what}")
    made = kind(**settings)
    _check(where, made)
    return made


def _check(where: str, made: Augmentation) -> None:
    if not 0 <= made.share <= 1:
        raise UsageError(f"{where}.share: {made.share!r}; 0 to 1")
    if isinstance(made, _Ranged):
        if made.low > made.high:
            raise UsageError(f"{where}.low: {made.low!r}; at most high, which is {made.high!r}")
        if isinstance(made, Speed) and not 0.25 <= made.low <= made.high <= 4:
            raise UsageError(f"{where}: speeds from {made.low} to {made.high}; 0.25 to 4")
        if isinstance(made, Filter) and not (made.low >= 1 and made.q > 0):
            raise UsageError(f"{where}: low {made.low} and q {made.q}; 1 Hz or more, above 0")


def draw_speed(augmentations: Sequence[Augmentation], rng: np.random.Generator) -> float:
    """Speed that a crop is to be played at; 1.0 if nothing changes it."""
    speed = 1.0
    for each in augmentations:
        if isinstance(each, Speed) and rng.random() < each.share:
            speed *= each.amount(rng)
    return speed


def augment(
    crop: Crop, augmentations: Sequence[Augmentation], rng: np.random.Generator, scene: Scene
) -> Crop:
    """Apply augmentations in order, each by its share."""
    for each in augmentations:
        if not isinstance(each, Speed) and rng.random() < each.share:
            crop = each.apply(crop, rng, scene)
    return crop
