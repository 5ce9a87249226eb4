"""Models for encoding: which one the options mean, its base predictor, and its item."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nlac._errors import UsageError
from nlac.bitstream.constants import ITEM_MODEL
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem
from nlac.codec.encoder.presets import BASES
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.neural.models import check_network, model_predictor

if TYPE_CHECKING:
    from nlac.predictors.networks.models import Model


def choose_model(predictor: str, name: str | os.PathLike[str]) -> Model:
    """The model of a path or name.

    Raises
    ------
    UsageError
        There is no such model, or it is not for this predictor.
    """
    from nlac.predictors.networks.models import open_model

    found = open_model(name)
    if model_predictor(found) != predictor:
        raise UsageError(f"model {found.name} is for {model_predictor(found)}, not {predictor}")
    check_network(found.network, UsageError)
    return found


def model_base(model: Model) -> CascadeParameters | None:
    """Parameters of the cascade that a model was trained behind; None for `lpc`.

    Raises
    ------
    UsageError
        Its card names none that is known here.
    """
    name = model.card.get("front")
    if not isinstance(name, str) or name not in BASES:
        raise UsageError(
            f"model {model.name} needs the base predictor {name!r}, known: {', '.join(BASES)}"
        )
    return BASES[name]


def model_item(stream: StreamHeader) -> MetadataItem:
    """The item that embeds the model which a stream is coded with.

    Raises
    ------
    UsageError
        It is coded without one.
    """
    from nlac.predictors.networks.models import find_model

    if not stream.model_hash:
        raise UsageError("a model can be embedded only where the predictor has one: cnn or gru")
    return MetadataItem(ITEM_MODEL, find_model(stream.model_hash).to_bytes())
