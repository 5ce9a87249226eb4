"""Runs as methods: the model of a run with the weights that were best in validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nlac.bench.results import CodecInfo
from nlac.training.evaluation.method import Method
from nlac.training.evaluation.recordings import Item
from nlac.training.loop.devices import choose_device, prepare_device
from nlac.training.recipes.base import Recipe
from nlac.training.runs.folder import RunFolder
from nlac.training.runs.loading import load_run


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run that is ready to be evaluated.

    Attributes
    ----------
    info : CodecInfo
        How it is told.
    run : RunFolder
        Its folder.
    recipe : Recipe
        Its recipe; the data are not open.
    model : nn.Module
        The model, in evaluation mode.
    device : torch.device
        Where the model is.
    rate : int
        Frames a second of its data; 0 if unknown.
    labels : tuple
        Name of the label that is its condition, and the values it was trained with.
    """

    info: CodecInfo
    run: RunFolder
    recipe: Recipe
    model: nn.Module
    device: torch.device
    rate: int
    labels: tuple[str, list[str | int]]

    def condition(self, item: Item, count: int) -> Tensor | None:
        """(count,) classes of a recording; the first where its label is missing or unknown."""
        name, values = self.labels
        if not name:
            return None
        value = item.labels.get(name)
        number = values.index(value) if value in values else 0
        return torch.full((count,), number, device=self.device)


def load(folder: str | Path, device: str = "") -> Loaded:
    """Make the model of a run.

    Parameters
    ----------
    folder : str or Path
        Folder of the run.
    device : str
        See `nlac.training.loop.devices.choose_device`.

    Raises
    ------
    UsageError
        There is no run, or no checkpoint yet.
    """
    chosen = choose_device(device)
    trained = load_run(folder, chosen)
    prepare_device(chosen, trained.experiment.train.threads)
    run, facts = trained.folder, trained.facts
    labels: tuple[str, list[str | int]] = next(iter(facts.get("labels", {}).items()), ("", []))
    commit = str(run.metadata().get("commit") or "")
    name = f"recipe {trained.experiment.name}"
    info = CodecInfo(run.path.resolve().name, "run", commit, name)
    rate = int(facts.get("rate") or 0)
    return Loaded(info, run, trained.recipe, trained.model, chosen, rate, labels)


def needs(folder: str | Path) -> tuple[int, int]:
    """Frames a second, and bits of a sample, that the model of a run takes; 0 for any."""
    facts = RunFolder(folder).metadata().get("data", {})
    return int(facts.get("rate") or 0), int(facts.get("bits") or 0)


def method_of_run(folder: str | Path, device: str = "") -> Method:
    """Make the method that evaluates a run, whatever its recipe.

    Raises
    ------
    UsageError
        The recipe has no samples to compare.
    """
    if RunFolder(folder).config().get("recipe", "codec") == "codec":
        return _codec(folder)
    from nlac.training.evaluation import audio, networks
    from nlac.training.recipes.continuation import Continuation
    from nlac.training.recipes.mel.autoencoder import MelAutoencoder
    from nlac.training.recipes.predictor import SamplePredictor

    loaded = load(folder, device)
    if isinstance(loaded.model, SamplePredictor):
        return networks.Network(loaded)
    if isinstance(loaded.model, MelAutoencoder):
        return audio.Mel(loaded)
    if isinstance(loaded.model, Continuation):
        return audio.Continued(loaded)
    return audio.Other(loaded)


def _codec(folder: str | Path) -> Method:
    from nlac.training.codec.export import export
    from nlac.training.evaluation.codecs import codec_of_model

    name = Path(folder).resolve().name
    return codec_of_model(export(folder, name), name)
