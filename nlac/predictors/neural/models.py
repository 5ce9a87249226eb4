"""Find and check the model of a `cnn` or `gru` stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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


def describe_model(path: Path) -> dict[str, Any]:
    """Describe a model file.

    Returns
    -------
    dict
        ``model`` (the name of the file without extension), ``path``, ``bytes``, ``hash``,
        ``predictor``, ``front`` (its base predictor), ``inputs``, ``outputs``, ``weights`` (their
        number), ``layers`` (``kind``, ``outputs``, ``taps``, ``dilation``, ``residual`` of each),
        ``samples`` (the receptive field; None for recurrent networks) and ``card``.

    Raises
    ------
    CorruptStream
        It is no model file, or it is damaged.
    """
    from nlac.predictors.networks.layers import Linear
    from nlac.predictors.networks.models import open_model

    model = open_model(path)
    network = model.network
    layers: list[dict[str, Any]] = []
    for layer in network.layers:
        is_linear = isinstance(layer, Linear)
        layers.append(
            {
                "kind": "linear" if is_linear else "gru",
                "outputs": layer.outputs,
                "taps": layer.taps if isinstance(layer, Linear) else 1,
                "dilation": layer.dilation if isinstance(layer, Linear) else 1,
                "residual": layer.residual if isinstance(layer, Linear) else False,
            }
        )
    reach = 1 + sum((each["taps"] - 1) * each["dilation"] for each in layers)
    return {
        "model": path.stem,
        "path": str(path),
        "bytes": path.stat().st_size,
        "hash": model.hash.hex(),
        "predictor": model_predictor(model),
        "front": model.card.get("front", ""),
        "inputs": network.inputs,
        "outputs": network.outputs,
        "weights": network.num_weights,
        "layers": layers,
        "samples": None if network.is_recurrent else reach,
        "card": model.card,
    }
