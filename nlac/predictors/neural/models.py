"""The model that a stream of `cnn` or `gru` names, and what it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream.header import StreamHeader

if TYPE_CHECKING:
    from nlac.predictors.networks.layers import Network
    from nlac.predictors.networks.models import Model


def model_predictor(model: Model) -> str:
    """Name of the predictor that a model is for."""
    return "gru" if model.network.is_recurrent else "cnn"


def needed_model(stream: StreamHeader) -> Model:
    """The model that a stream names.

    Raises
    ------
    ModelMismatch
        It is not here.
    CorruptStream
        The stream names none, or one that cannot be used.
    """
    from nlac.predictors.networks.models import find_model

    if not stream.model_hash:
        raise CorruptStream("names no model", path="header.model_hash")
    model = find_model(stream.model_hash)
    check_network(model.network, CorruptStream)
    return model


def check_network(network: Network, error: type[UsageError | CorruptStream]) -> None:
    """Raise an error unless the network understands features and gives answers."""
    from nlac.predictors.neural.features import FEATURES, OUTPUTS

    if (network.inputs, network.outputs) != (FEATURES, OUTPUTS):
        raise error(
            f"the model has {network.inputs} inputs and {network.outputs} outputs instead of "
            f"{FEATURES} and {OUTPUTS}"
        )
