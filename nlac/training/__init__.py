"""The research bench: train sample predictors and other models of audio, and hear what they make.

Data: `open_dataset`, `prepare`, `CropLoader`. Recipes: `Recipe`, `CropRecipe`, `SampleRecipe`,
`SamplePredictor`, `register`. Experiments: `read_experiment`, `train`, `load_run`, `find_runs`.
Generation: `generate_audio`, `continue_audio`, `diverge_audio`, `Sampling`. docs/training.md and
the notebooks beside it show them at work.

Folders: `data` makes batches of recordings, `recipes` are models and what joins them to data,
`config` reads settings, `loop` trains (`training` in one call), `runs` are folders of runs,
`tuning` searches for settings, `signal` are transforms, `generation` and `evaluation` use what was
trained; `codec` trains the networks of `cnn` and `gru`. Training needs PyTorch; decoding never
does. Nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlac.training.config.experiment import Experiment, make_experiment, read_experiment
    from nlac.training.data import (
        Batch,
        CropLoader,
        CropSettings,
        Dataset,
        PrepareSettings,
        fixed_crops,
        open_dataset,
        prepare,
    )
    from nlac.training.generation.audio import (
        Generated,
        continue_audio,
        diverge_audio,
        generate_audio,
    )
    from nlac.training.generation.divergence import Divergence
    from nlac.training.generation.files import read_audio, write_audio
    from nlac.training.generation.sampling import Sampling
    from nlac.training.loop.trainer import Trainer
    from nlac.training.recipes.base import Figure, Recipe
    from nlac.training.recipes.crops import CropRecipe
    from nlac.training.recipes.experiments.samples import SampleRecipe
    from nlac.training.recipes.predictor import SamplePredictor
    from nlac.training.recipes.registry import find_recipe, recipe_names, register
    from nlac.training.recipes.stepper import Stepper
    from nlac.training.runs.folder import RunFolder, find_runs
    from nlac.training.runs.loading import TrainedRun, load_run
    from nlac.training.runs.plot import plot_curves
    from nlac.training.training import train

__all__ = [
    "Batch",
    "CropLoader",
    "CropRecipe",
    "CropSettings",
    "Dataset",
    "Divergence",
    "Experiment",
    "Figure",
    "Generated",
    "PrepareSettings",
    "Recipe",
    "RunFolder",
    "SamplePredictor",
    "SampleRecipe",
    "Sampling",
    "Stepper",
    "TrainedRun",
    "Trainer",
    "continue_audio",
    "diverge_audio",
    "find_recipe",
    "find_runs",
    "fixed_crops",
    "generate_audio",
    "load_run",
    "make_experiment",
    "open_dataset",
    "plot_curves",
    "prepare",
    "read_audio",
    "read_experiment",
    "recipe_names",
    "register",
    "train",
    "write_audio",
]

_MODULES = {
    "config.experiment": "Experiment make_experiment read_experiment",
    "data": "Batch CropLoader CropSettings Dataset fixed_crops open_dataset",
    "data.preparation": "PrepareSettings prepare",
    "generation.audio": "Generated continue_audio diverge_audio generate_audio",
    "generation.divergence": "Divergence",
    "generation.files": "read_audio write_audio",
    "generation.sampling": "Sampling",
    "loop.trainer": "Trainer",
    "training": "train",
    "recipes.base": "Figure Recipe",
    "recipes.crops": "CropRecipe",
    "recipes.experiments.samples": "SampleRecipe",
    "recipes.predictor": "SamplePredictor",
    "recipes.registry": "find_recipe recipe_names register",
    "recipes.stepper": "Stepper",
    "runs.folder": "RunFolder find_runs",
    "runs.loading": "TrainedRun load_run",
    "runs.plot": "plot_curves",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
