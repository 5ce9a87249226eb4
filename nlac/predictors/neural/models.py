"""Find and check the model of a `cnn` or `gru` stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nlac._errors import CorruptStream, UsageError
from nlac.bitstream.header import StreamHeader

if TYPE_CHECKING:
    from nlac.predictors.networks.layers import Network
    from nlac.predictors.networks.models import Model


def model_predictor(model: Model) -> str:
    """Return the name of the predictor that a model is for."""
    return "gru" if model.network.is_recurrent else "cnn"


def needed_model(stream: StreamHeader) -> Model:
    """Return the model that a stream names.

    Raises
    ------
    ModelMismatch
        It is not available.
    CorruptStream
        The stream names no model, or one with the wrong inputs or outputs.
    """
    from nlac.predictors.networks.models import find_model

    if not stream.model_hash:
        raise CorruptStream("names no model", path="header.model_hash")
    model = find_model(stream.model_hash)
    check_network(model.network, CorruptStream)
    return model


def check_network(network: Network, error: type[UsageError | CorruptStream]) -> None:
    """Raise an error unless a network has the inputs and outputs of the format."""
    from nlac.predictors.neural.features import FEATURES, OUTPUTS

    if (network.inputs, network.outputs) != (FEATURES, OUTPUTS):
        raise error(
            f"the model has {network.inputs} inputs and {network.outputs} outputs instead of "
            f"{FEATURES} and {OUTPUTS}"
        )
