"""Encode a block of `cnn` or `gru`, with a cascade or windows of `lpc` as base predictor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlac._errors import NlacError, UsageError
from nlac.bitstream.header import StreamHeader
from nlac.codec.encoder import cascade
from nlac.codec.encoder.analysis import analyse_block
from nlac.codec.encoder.cascade import history_shifts
from nlac.codec.encoder.choice import wanted_predictor
from nlac.codec.encoder.lpc import fallback
from nlac.codec.encoder.lpc.block import (
    LpcSettings,
    candidate_parameters,
    encode_lpc,
    window_settings,
)
from nlac.codec.encoder.models import choose_model, model_base
from nlac.codec.encoder.options import EncodeOptions
from nlac.entropy.value_sets import ValueSet
from nlac.entropy.varint import write_varint
from nlac.entropy.words import write_words
from nlac.predictors.cascade.parameters import MIN_HISTORY_SHIFT
from nlac.predictors.lpc.block import write_side_info
from nlac.predictors.networks.layers import Network
from nlac.predictors.networks.torch_runner import encoding_device
from nlac.predictors.neural.block import start_base
from nlac.predictors.neural.kinds import FORWARD
from nlac.predictors.neural.models import model_predictor, needed_model
from nlac.predictors.neural.samples import encode_samples, make_runners


@dataclass(frozen=True, slots=True)
class ForwardSettings:
    """Encoder choices for a network behind windows of `lpc`.

    Attributes
    ----------
    lpc : LpcSettings
        Search for the windows; segments have a multiple of `PIECE` frames.
    network : Network
        Network that corrects the prediction.
    device : str
        Device of the network: "cpu", "cuda", or "auto" for a GPU if there is one.
    ahead : bool
        Run the base predictor ahead of the network, on a thread of its own.
    """

    lpc: LpcSettings
    network: Network
    device: str = "cpu"
    ahead: bool = False


def choose(options: EncodeOptions) -> tuple[bytes, bytes]:
    """Check model and device; return empty parameters and the model hash.

    Raises
    ------
    UsageError
        The model does not exist, or does not suit the options.
    MissingDependency
        The device is not available.
    """
    model = choose_model(wanted_predictor(options), options.model_name)
    # so that a missing GPU is an error before any work
    encoding_device(options.device, model.network.is_recurrent)
    if model_base(model) is None and options.effort:
        raise UsageError(f"model {model.name} takes no effort: its base predictor is no cascade")
    window_settings(options, model_predictor(model))
    return b"", model.hash


def encode(
    channels: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions, before: bytes
) -> bytes:
    """Code the channels of a block, (channels, frames) int32."""
    model = needed_model(stream)
    base, network, name = model_base(model), model.network, model_predictor(model)
    device = encoding_device(options.device, network.is_recurrent)
    ahead = options.num_threads > 1
    if base is None:
        windows = window_settings(options, name)
        return encode_forward(channels, ForwardSettings(windows, network, device, ahead))
    settings = replace(
        cascade.settings_of(options, name), parameters=base, network=network, device=device,
        ahead=ahead,
    )  # fmt: skip
    return cascade.encode_cascade(channels, settings.at_rate(stream.sample_rate))


def encode_forward(channels: NDArray[np.int32], settings: ForwardSettings) -> bytes:
    """Code a block with windows of `lpc` as base predictor, or keep the lpc fallback if smaller.

    Parameters
    ----------
    channels : (channels, frames) int32
        At least one channel and one frame.
    settings : ForwardSettings

    Returns
    -------
    bytes
        The coded channels (spec 11.20; 11.9 for the fallback).
    """
    block = analyse_block(channels, settings.lpc.analysis)
    order, ordered = block.inter_channel.order.tolist(), block.ordered
    shifts = history_shifts(ordered)
    bodies = []
    used: list[ValueSet] = []
    for parameters, sets in candidate_parameters(
        block, settings.lpc, [cascade.best_sets(block)]
    ):
        used = sets
        runners = make_runners(settings.network, len(ordered), settings.device)
        base = start_base(order, parameters, sets, shifts)
        coded = encode_samples(base, ordered, runners, settings.ahead)
        if coded is None:
            raise NlacError("encoder fault: a sample is outside its value set; please report it")
        side_info = write_side_info(order, sets, parameters)
        side_info += b"".join(write_varint(shift - MIN_HISTORY_SHIFT) for shift in shifts)
        bodies.append(bytes([FORWARD]) + side_info + write_words(*coded))
    best = min(bodies, key=len)
    if fallback.worth_trying(block, used, len(best)):
        best = min(best, encode_lpc(channels, settings.lpc, block), key=len)
    return best
