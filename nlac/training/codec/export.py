"""Make a model file of a run of the recipe `codec`."""

from __future__ import annotations

from pathlib import Path

from nlac._errors import UsageError
from nlac.predictors.networks.models import Model
from nlac.training.codec.modules import make_module
from nlac.training.codec.quantise import to_network
from nlac.training.codec.recipe import NETWORK
from nlac.training.config.experiment import make_experiment
from nlac.training.runs.card import make_card
from nlac.training.runs.checkpoints import best_weights
from nlac.training.runs.folder import RunFolder


def export(folder: str | Path, name: str) -> Model:
    """Make a model of the weights of a run that were best in validation so far.

    Parameters
    ----------
    folder : str or Path
        Folder of the run.
    name : str
        Name on the card.

    Raises
    ------
    UsageError
        The folder has no checkpoint, or the run is one of another recipe.
    """
    run = RunFolder(folder)
    weights = best_weights(folder)
    experiment = make_experiment(run.config())
    if experiment.name != "codec":
        raise UsageError(
            f"{folder}: a run of the recipe {experiment.name}; models for the codec are made by "
            "runs of the recipe codec"
        )
    settings = experiment.settings.model
    module = make_module(settings)
    module.load_state_dict(
        {k.removeprefix(NETWORK): v for k, v in weights.items() if k.startswith(NETWORK)}
    )
    card = make_card(run, name) | {"predictor": settings.predictor, "front": settings.front}
    if settings.licence:
        card["licence"] = settings.licence
    card["metrics"]["bits_relative_to_front"] = card["metrics"].pop("relative")
    return Model(to_network(module), card)
