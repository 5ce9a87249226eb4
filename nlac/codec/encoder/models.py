"""Models for encoding: find one by name, its base predictor, its metadata item."""

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
    """Open a model by path or name, and check that it is one for `predictor`.

    Raises
    ------
    UsageError
        The model does not exist, or is for another predictor.
    """
    from nlac.predictors.networks.models import open_model

    found = open_model(name)
    if model_predictor(found) != predictor:
        raise UsageError(f"model {found.name} is for {model_predictor(found)}, not {predictor}")
    check_network(found.network, UsageError)
    return found


def model_base(model: Model) -> CascadeParameters | None:
    """Parameters of the base predictor that a model was trained with; None for windows of `lpc`.

    Raises
    ------
    UsageError
        The model card names an unknown base predictor.
    """
    name = model.card.get("front")
    if not isinstance(name, str) or name not in BASES:
        raise UsageError(
            f"model {model.name}: unknown base predictor {name!r}; known: {', '.join(BASES)}"
        )
    return BASES[name]


def model_item(stream: StreamHeader) -> MetadataItem:
    """Metadata item that embeds the model of a stream (spec 6.6).

    Raises
    ------
    UsageError
        The stream is coded without a model.
    """
    from nlac.predictors.networks.models import find_model

    if not stream.model_hash:
        raise UsageError("no model to embed: only predictors cnn and gru use one")
    return MetadataItem(ITEM_MODEL, find_model(stream.model_hash).to_bytes())
