"""Which model a stream of `cnn` or `gru` is coded with, and what the stream says of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream.constants import ITEM_MODEL, PREDICTOR_CNN, PREDICTOR_GRU, PREDICTOR_NAMES
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.metadata import MetadataItem

if TYPE_CHECKING:
    from nlac.codec.options import EncodeOptions
    from nlac.predictors.cascade_parameters import CascadeParameters
    from nlac.predictors.networks.layers import Network
    from nlac.predictors.networks.model import Model

NETWORK_PREDICTORS = (PREDICTOR_CNN, PREDICTOR_GRU)


def choose_model(predictor: str, name: str | os.PathLike[str]) -> Model:
    """The model of a path or name.

    Raises
    ------
    UsageError
        There is no such model, or it is not for this predictor.
    """
    from nlac.predictors.networks.model import open_model

    found = open_model(name)
    if model_predictor(found) != predictor:
        raise UsageError(f"model {found.name} is for {model_predictor(found)}, not {predictor}")
    check_network(found.network, UsageError)
    return found


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
        from nlac.predictors.networks.model import open_model

        return model_predictor(open_model(options.model))
    names = [PREDICTOR_NAMES[number] for number in NETWORK_PREDICTORS]
    if options.predictor not in names:
        raise UsageError(f"predictor {options.predictor} takes no model; {' and '.join(names)} do")
    return options.predictor


def model_predictor(model: Model) -> str:
    """Name of the predictor that a model is for."""
    return "gru" if model.network.is_recurrent else "cnn"


def model_front(model: Model) -> CascadeParameters | None:
    """Parameters of the cascade that a model was trained behind; None for `lpc`.

    Raises
    ------
    UsageError
        Its card names none that is known here.
    """
    from nlac.codec.fronts import FRONTS

    name = model.card.get("front")
    if not isinstance(name, str) or name not in FRONTS:
        raise UsageError(f"model {model.name} needs the front {name!r}, known: {', '.join(FRONTS)}")
    return FRONTS[name]


def needed_model(stream: StreamHeader) -> Model:
    """The model that a stream names.

    Raises
    ------
    ModelMismatch
        It is not here.
    CorruptStream
        The stream names none, or one that cannot be used.
    """
    from nlac.predictors.networks.model import find_model

    if not stream.model_hash:
        raise CorruptStream("names no model", path="header.model_hash")
    model = find_model(stream.model_hash)
    check_network(model.network, CorruptStream)
    return model


def check_network(network: Network, error: type[UsageError | CorruptStream]) -> None:
    """Raise an error unless the network understands features and gives answers."""
    from nlac.predictors.network_features import ANSWERS, FEATURES

    if (network.inputs, network.outputs) != (FEATURES, ANSWERS):
        raise error(
            f"the model has {network.inputs} inputs and {network.outputs} outputs instead of "
            f"{FEATURES} and {ANSWERS}"
        )


def accept_model(stream: StreamHeader, items: Iterable[MetadataItem]) -> None:
    """Make the model known that is embedded in a stream, if it is the one that the stream names.

    The readers of streams call this, so that nobody who reads by them need think of it. A
    model that is known already is kept: the card of a stranger does not replace its own.

    Raises
    ------
    CorruptStream
        The model is not known, and what is embedded is no model.
    """
    if not stream.model_hash:
        return
    data = b"".join(item.data for item in items if item.item_type == ITEM_MODEL)
    if data:
        from nlac.predictors.networks.model import Model, add_model, is_known

        if is_known(stream.model_hash):
            return
        model = Model.from_bytes(data)
        if model.hash == stream.model_hash:
            add_model(model)


def model_item(stream: StreamHeader) -> MetadataItem:
    """The item that embeds the model which a stream is coded with.

    Raises
    ------
    UsageError
        It is coded without one.
    """
    from nlac.predictors.networks.model import find_model

    if not stream.model_hash:
        raise UsageError("a model can be embedded only where the predictor has one: cnn or gru")
    return MetadataItem(ITEM_MODEL, find_model(stream.model_hash).to_bytes())
