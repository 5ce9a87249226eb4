"""Choose the predictor, coder and model of a stream from the options."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import UsageError
from nlac.bitstream import constants as c
from nlac.codec.encoder.options import EncodeOptions
from nlac.predictors import methods
from nlac.predictors.registry import get_predictor


@dataclass(frozen=True, slots=True)
class PredictorChoice:
    """Fields of the stream header that name predictor, coder and model (spec 5)."""

    predictor_id: int
    predictor_parameters: bytes = b""
    coder_id: int = c.CODER_AUTO
    model_hash: bytes = b""


def choose_predictor(options: EncodeOptions) -> PredictorChoice:
    """Return the header fields for the predictor, coder and model that `options` name.

    Raises
    ------
    UnknownPredictor
        No predictor of that name is registered.
    UsageError
        The predictor does not take one of the options, or the model does not exist.
    MissingDependency
        The device is not available.
    """
    coder = {name: number for number, name in c.CODER_NAMES.items()}[options.coder]
    found = get_predictor(wanted_predictor(options))
    if options.effort and not found.method.has_effort:
        raise UsageError(
            f"predictor {found.name} takes no effort; those of presets high, max and neural do"
        )
    if coder == c.CODER_RICE and not found.method.has_rice:
        raise UsageError(f"predictor {found.name} has no Rice codes; lpc has")
    parameters, model_hash = found.method.choose(options)
    return PredictorChoice(found.predictor_id, parameters, coder, model_hash)


def wanted_predictor(options: EncodeOptions) -> str:
    """Name of the predictor that the options name, directly or by a model.

    Raises
    ------
    UsageError
        The model does not exist, or the predictor takes none.
    """
    if options.model is None:
        return options.predictor_name
    if options.predictor is None:
        from nlac.predictors.networks.models import open_model
        from nlac.predictors.neural.models import model_predictor

        return model_predictor(open_model(options.model))
    names = [row.name for row in methods.METHODS if row.takes_model]
    if options.predictor not in names:
        raise UsageError(f"predictor {options.predictor} takes no model; {' and '.join(names)} do")
    return options.predictor
