"""Results at the end of a run: figures, pictures, and audio where a recipe makes some."""

from __future__ import annotations

import importlib.util

import torch

from nlac.training.generation.files import write_audio
from nlac.training.loop.devices import to_device
from nlac.training.recipes.base import Feed, Recipe
from nlac.training.runs.folder import RunFolder, write_json

_SAMPLE_SECONDS = 2.0


@torch.no_grad()
def write_results(
    run: RunFolder, recipe: Recipe, model: torch.nn.Module, feed: Feed, device: torch.device
) -> list[str]:
    """Write what belongs to a run that has ended.

    Parameters
    ----------
    run : RunFolder
        The run.
    recipe : Recipe
        Its recipe, which may predict and generate samples.
    model : nn.Module
        The model with its best weights.
    feed : Feed
        Its data.
    device : torch.device
        Device of the model.

    Returns
    -------
    list of str
        Names of the files, relative to the folder.
    """
    metadata = run.metadata()
    figures = {
        "recipe": metadata["recipe"], "criterion": metadata["criterion"],
        "results": metadata["results"],
    }  # fmt: skip
    write_json(run.results / "metrics.json", figures)
    written = [run.results / "metrics.json"]
    rate = feed.facts.get("rate")
    if rate:
        batches = feed.validation()
        predicted = recipe.predictions(model, to_device(batches[0], device)) if batches else None
        generated = recipe.sample(model, _SAMPLE_SECONDS, recipe.settings.seed)
        for path, samples in (
            (run.results / "predictions.wav", predicted),
            (run.artifacts / "generated.wav", generated),
        ):
            if samples is not None:
                write_audio(path, samples, int(rate), force=True)
                written.append(path)
    if importlib.util.find_spec("matplotlib") is not None:
        from nlac.training.runs.plot import plot_curves

        plot_curves([run], run.results / "curves.png")
        written.append(run.results / "curves.png")
    return [path.relative_to(run.path).as_posix() for path in written]
