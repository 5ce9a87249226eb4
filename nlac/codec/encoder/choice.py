"""Choose predictor, coder and model of a stream by the options."""

from __future__ import annotations

from dataclasses import dataclass

from nlac._errors import UsageError
from nlac.bitstream import constants as c
from nlac.codec.encoder.options import EncodeOptions
from nlac.predictors.methods import METHODS
from nlac.predictors.neural.models import model_predictor
from nlac.predictors.registry import get_predictor


@dataclass(frozen=True, slots=True)
class PredictorChoice:
    """What the stream header says of predictor and coder."""

    predictor_id: int
    predictor_parameters: bytes = b""
    coder_id: int = c.CODER_AUTO
    model_hash: bytes = b""


def choose_predictor(options: EncodeOptions) -> PredictorChoice:
    """Return predictor, parameters, coder and model that `options` ask for.

    Raises
    ------
    UnknownPredictor
        No predictor of that name is registered.
    UsageError
        It does not know one of the options, or there is no such model.
    MissingDependency
        The device is not there.
    """
    coder = {name: number for number, name in c.CODER_NAMES.items()}[options.coder]
    found = get_predictor(wanted_predictor(options))
    if options.effort and not found.method.has_effort:
        raise UsageError(
            f"predictor {found.name} has no effort; presets high, max and neural have it"
        )
    if coder == c.CODER_RICE and not found.method.has_rice:
        raise UsageError(f"predictor {found.name} has no Rice codes; lpc has them")
    parameters, model_hash = found.method.choose(options)
    return PredictorChoice(found.predictor_id, parameters, coder, model_hash)


def wanted_predictor(options: EncodeOptions) -> str:
    """Name of the predictor that is asked for, if only by a model.

    Raises
    ------
    UsageError
        There is no such model, or it is of no use to the predictor.
    """
    if options.model is None:
        return options.predictor_name
    if options.predictor is None:
        from nlac.predictors.networks.models import open_model

        return model_predictor(open_model(options.model))
    names = [row.name for row in METHODS if row.takes_model]
    if options.predictor not in names:
        raise UsageError(f"predictor {options.predictor} takes no model; {' and '.join(names)} do")
    return options.predictor
