"""How much of a recording a model sees, from its settings alone: PyTorch is not needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nlac.training.recipes.dilated.reach import dilations, reach

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """Samples of a recording that one output of a model depends on.

    Attributes
    ----------
    samples : int or None
        Their number; None where there is no limit.
    about : str
        How the model looks back.
    kernel : int
        Taps of each dilated convolution; 0 for models without.
    dilations : tuple of int
        Their dilations, from the input on.
    """

    samples: int | None
    about: str
    kernel: int = 0
    dilations: tuple[int, ...] = ()

    def as_dict(self, rate: int | None) -> dict[str, Any]:
        """Values for JSON, with ``milliseconds`` at a sample rate."""
        known = self.samples is not None and rate
        return {
            "samples": self.samples,
            "milliseconds": 1000 * self.samples / rate if known else None,  # type: ignore[operator]
            "about": self.about,
            "kernel": self.kernel,
            "dilations": list(self.dilations),
        }


def receptive_field(recipe: str, model: Values) -> ReceptiveField | None:
    """Receptive field of the model of a shipped recipe.

    Parameters
    ----------
    recipe : str
        Name of the recipe.
    model : mapping
        Section `model` of its configuration, with every default filled in.

    Returns
    -------
    ReceptiveField or None
        None for other recipes, and where settings are missing.
    """
    found = _RECIPES.get(recipe)
    try:
        return None if found is None else found(model)
    except (KeyError, TypeError, ValueError):
        return None


def _stack(model: Values, more: int, about: str) -> ReceptiveField:
    of_layers = dilations(model["layers"], model["repeats"], model["dilations"])
    kernel = model["kernel"]
    return ReceptiveField(reach(kernel, of_layers) + more, about, kernel, tuple(of_layers))


def _cnn(model: Values) -> ReceptiveField:
    about = "dilated causal convolutions"
    if model["front_order"]:
        about += "; the linear prediction before them adapts over a longer time"
    return _stack(model, 0, about)


def _wavenet(model: Values) -> ReceptiveField:
    taps = 2 if model["input"] == "one-hot" else 1
    return _stack(model, taps - 1, "dilated causal convolutions with gated units")


def _gru(model: Values) -> ReceptiveField:
    about = "a state that keeps something of all samples; it was trained to look back so far"
    return ReceptiveField(model["context"], about)


def _bytes(model: Values) -> ReceptiveField:
    codes = model["layers"] * (model["window"] - 1) + 1
    about = f"attention over {model['window']} bytes in each of {model['layers']} layers"
    return ReceptiveField(-(-codes * 8 // model["bits"]), about)


def _continuation(model: Values) -> ReceptiveField:
    return ReceptiveField(round(model["seconds"] * model["rate"]), "all of the passage it is given")


def _mel(model: Values) -> ReceptiveField:
    samples = (model["frames"] - 1) * model["hop"]
    return ReceptiveField(samples, f"a spectrum of {model['frames']} windows")


def _codec(model: Values) -> ReceptiveField:
    if model["predictor"] == "gru":
        return ReceptiveField(None, "a state that keeps something of all samples before")
    of_layers = dilations(model["depth"])
    about = "dilated causal convolutions over what the base predictor knows"
    return ReceptiveField(reach(2, of_layers), about, 2, tuple(of_layers))


_RECIPES: dict[str, Callable[[Values], ReceptiveField]] = {
    "bytes": _bytes,
    "cnn": _cnn,
    "codec": _codec,
    "continuation": _continuation,
    "gru": _gru,
    "mel": _mel,
    "wavenet": _wavenet,
}
