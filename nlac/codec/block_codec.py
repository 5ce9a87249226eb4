"""The payload of a block: what kind it is, and who codes it (spec, section "Block payload").

``encode_block`` and ``decode_block`` are all that the stream layer knows of
samples.  A payload begins with its mode: samples as they are, predicted
integers, or floats taken apart into predicted integers and a rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlac._errors import CorruptStream, UsageError
from nlac._typing import IntSamples, Samples
from nlac.bitstream import constants as c
from nlac.bitstream.header import StreamHeader
from nlac.bitstream.varint import read_varint, write_varint
from nlac.codec.channels import ChannelMap, split_channels
from nlac.codec.network_choice import (
    NETWORK_PREDICTORS,
    choose_model,
    model_front,
    needed_model,
    wanted_predictor,
)
from nlac.codec.options import EncodeOptions
from nlac.codec.pcm import pcm_bytes
from nlac.predictors.registry import get_predictor, predictor_by_id

if TYPE_CHECKING:
    from nlac.codec.cascade_block import CascadeSettings
    from nlac.codec.lpc_block import LpcSettings

VERBATIM, INTEGERS, FLOATS = 0, 1, 2
# preset: searches for segments and coefficients (the fields of `Effort`), whether to guess
# which of them will do best or to try them all, and whether to search for repetition thoroughly
_LPC_PRESETS = {
    "fast": (((34, 4096, 1, 8, 1024),), True, False),
    "standard": (((66, 1024, 5, 16), (258, 4096, 3, 16, 1024)), True, True),
    "high": (((66, 1024, 5, 16), (258, 4096, 3, 16, 1024)), False, True),
    "max": (
        ((66, 1024, 5, 16), (66, 512, 6, 32), (258, 4096, 3, 16, 1024), (258, 2048, 4, 32, 512)),
        False,
        True,
    ),
}
_LPC_PRESETS["neural"] = _LPC_PRESETS["max"]


@dataclass(frozen=True, slots=True)
class PredictorChoice:
    """What the stream header says of predictor and coder."""

    predictor_id: int
    predictor_parameters: bytes = b""
    coder_id: int = c.CODER_AUTO
    model_hash: bytes = b""


def choose_predictor(
    sample_rate: int, channels: int, bits_per_sample: int, is_float: bool, options: EncodeOptions
) -> PredictorChoice:
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
    if options.effort and found.predictor_id not in (c.PREDICTOR_CASCADE, *NETWORK_PREDICTORS):
        raise UsageError(
            f"predictor {found.name} has no effort; presets high, max and neural have it"
        )
    if found.predictor_id == c.PREDICTOR_LPC:
        _lpc_settings(options)
        return PredictorChoice(c.PREDICTOR_LPC, coder_id=coder)
    if found.predictor_id == c.PREDICTOR_CASCADE and options.coder != "rice":
        _cascade_settings(options)
        return PredictorChoice(c.PREDICTOR_CASCADE, coder_id=coder)
    if options.coder == "rice":
        raise UsageError(f"predictor {found.name} has no Rice codes; lpc has them")
    if found.predictor_id in NETWORK_PREDICTORS:
        model = choose_model(found.name, options.model_name)
        from nlac.predictors.networks.bulk import encoding_device

        # a GPU that is missing is told before any work
        encoding_device(options.device, model.network.is_recurrent)
        if model_front(model) is None and options.effort:
            raise UsageError(f"model {model.name} has no cascade before it, so no effort")
        return PredictorChoice(found.predictor_id, coder_id=coder, model_hash=model.hash)
    predictor = found.from_options(options.predictor_options)
    return PredictorChoice(
        found.predictor_id, predictor.parameters(), coder, predictor.model_hash
    )


def encode_block(samples: Samples, stream: StreamHeader, options: EncodeOptions) -> bytes:
    """Code the samples of one block, (frames, channels); returns its payload."""
    plain = bytes([VERBATIM]) + pcm_bytes(samples, stream.bits_per_sample)
    if stream.is_float:
        from nlac.codec.floats import split

        integers, side = split(samples.astype(np.float32, copy=False))
        head = bytes([FLOATS]) + write_varint(len(side)) + side
    else:
        integers = samples.astype(np.int32, copy=False)
        head = bytes([INTEGERS])
    description, coded = split_channels(integers)
    payload = head + description
    if len(coded):
        payload += _encode_channels(coded, stream, options)
    return min(payload, plain, key=len)


def decode_block(payload: bytes, num_frames: int, stream: StreamHeader) -> Samples:
    """Decode one block; returns (num_frames, channels).

    Raises
    ------
    CorruptStream
        The payload is not what an encoder writes.
    """
    if not payload:
        raise CorruptStream("empty payload", path="payload")
    mode = payload[0]
    if mode == VERBATIM:
        return _verbatim(payload, num_frames, stream)
    if mode != (FLOATS if stream.is_float else INTEGERS):
        raise CorruptStream(f"unknown mode {mode}", path="payload.mode")
    at, side = 1, b""
    if mode == FLOATS:
        length, at = read_varint(payload, at)
        side = payload[at : at + length]
        at += length
    channels = ChannelMap(payload, at, stream.channels)
    coded = np.zeros((0, num_frames), np.int32)
    if channels.num_coded:
        coded = _decode_channels(payload, channels.end, channels.num_coded, num_frames, stream)
    elif channels.end != len(payload):
        raise CorruptStream("bytes follow the last channel", path="payload")
    integers = channels.join(coded, num_frames)
    if mode == FLOATS:
        from nlac.codec.floats import join

        return join(integers, side)
    _check_depth(integers, stream.bits_per_sample)
    return integers


def _encode_channels(
    coded: NDArray[np.int32], stream: StreamHeader, options: EncodeOptions
) -> bytes:
    if stream.predictor_id == c.PREDICTOR_LPC:
        from nlac.codec.lpc_block import encode_lpc

        return encode_lpc(coded, _lpc_settings(options))
    if stream.predictor_id == c.PREDICTOR_CASCADE:
        from nlac.codec.cascade_block import encode_cascade

        settings = _cascade_settings(options)
        return encode_cascade(
            coded, replace(settings, parameters=settings.parameters.at_rate(stream.sample_rate))
        )
    if stream.predictor_id in NETWORK_PREDICTORS:
        from nlac.predictors.networks.bulk import encoding_device

        model = needed_model(stream)
        front, network = model_front(model), model.network
        device = encoding_device(options.device, network.is_recurrent)
        ahead = options.num_threads > 1
        if front is None:
            from nlac.codec.forward_block import ForwardSettings, encode_forward

            windows = window_settings(options)
            return encode_forward(coded, ForwardSettings(windows, network, device, ahead))
        from nlac.codec.cascade_block import encode_cascade

        settings, front = _cascade_settings(options), front.at_rate(stream.sample_rate)
        return encode_cascade(
            coded,
            replace(settings, parameters=front, network=network, device=device, ahead=ahead),
        )
    from nlac.codec.generic_block import encode_generic

    predictor = predictor_by_id(stream.predictor_id).from_parameters(
        stream.predictor_parameters, stream.model_hash
    )
    return encode_generic(coded, stream.bits_per_sample, stream.sample_rate, predictor)


def _decode_channels(
    payload: bytes, at: int, count: int, num_frames: int, stream: StreamHeader
) -> NDArray[np.int32]:
    own = (c.PREDICTOR_LPC, c.PREDICTOR_CASCADE, *NETWORK_PREDICTORS)
    if stream.predictor_id in own and stream.predictor_parameters:
        raise CorruptStream("the predictor has none", path="header.predictor_parameters")
    if stream.predictor_id == c.PREDICTOR_LPC:
        from nlac.codec.lpc_block import decode_lpc

        if stream.model_hash:
            raise CorruptStream("lpc has none", path="header.model_hash")
        return decode_lpc(payload, at, num_frames, count, stream.coder_id)
    if stream.predictor_id == c.PREDICTOR_CASCADE:
        from nlac.codec.cascade_block import decode_cascade

        if stream.model_hash or stream.coder_id == c.CODER_RICE:
            raise CorruptStream("cascade has neither model nor Rice codes", path="header")
        return decode_cascade(payload, at, num_frames, count, stream.coder_id)
    if stream.predictor_id in NETWORK_PREDICTORS:
        from nlac.codec.cascade_block import decode_cascade
        from nlac.codec.forward_block import FORWARD, decode_forward

        if stream.coder_id == c.CODER_RICE:
            raise CorruptStream("networks have no Rice codes", path="header.coder_id")
        network = needed_model(stream).network
        if payload[at : at + 1] == bytes([FORWARD]):
            return decode_forward(payload, at, num_frames, count, network)
        return decode_cascade(payload, at, num_frames, count, stream.coder_id, network)
    from nlac.codec.generic_block import decode_generic

    if stream.coder_id == c.CODER_RICE:
        raise CorruptStream("only lpc has Rice codes", path="header.coder_id")
    predictor = predictor_by_id(stream.predictor_id).from_parameters(
        stream.predictor_parameters, stream.model_hash
    )
    return decode_generic(
        payload[at:], count, num_frames, stream.bits_per_sample, stream.sample_rate, predictor
    )


def _lpc_settings(options: EncodeOptions) -> LpcSettings:
    from nlac.codec.lpc_block import LpcSettings
    from nlac.predictors.lpc_analysis import Effort

    if options.predictor_options:
        raise UsageError(f"lpc has no option {next(iter(options.predictor_options))!r}")
    efforts, guess, thorough = _LPC_PRESETS[options.preset]
    return LpcSettings(
        tuple(Effort(*effort) for effort in efforts),
        guess,
        options.long_term,
        thorough,
        24 if thorough else 0,
        options.coder,
        quick=not thorough,
    )


def _cascade_settings(options: EncodeOptions) -> CascadeSettings:
    from nlac.codec.cascade_block import CascadeSettings
    from nlac.predictors.cascade_parameters import PRESETS

    name = "high" if options.preset in ("fast", "standard") else options.preset
    return CascadeSettings(
        PRESETS[name],
        options.long_term,
        rival=window_settings(options),
        effort=options.effort,
    )


def window_settings(options: EncodeOptions) -> LpcSettings:
    """How other predictors make windows as those of `lpc`."""
    from nlac.codec.lpc_block import LpcSettings
    from nlac.predictors.lpc_analysis import Effort

    if options.predictor_options:
        unknown = next(iter(options.predictor_options))
        raise UsageError(f"{wanted_predictor(options)} has no option {unknown!r}")
    return LpcSettings(
        tuple(Effort(*effort) for effort in _LPC_PRESETS["standard"][0]),
        long_term=options.long_term,
        coder=options.coder,
    )


def _check_depth(samples: IntSamples, bits_per_sample: int) -> None:
    limit = 1 << (bits_per_sample - 1)
    if samples.size and (int(samples.min()) < -limit or int(samples.max()) >= limit):
        raise CorruptStream(f"sample exceeds {bits_per_sample} bits", path="samples")


def _verbatim(payload: bytes, num_frames: int, stream: StreamHeader) -> Samples:
    width = (stream.bits_per_sample + 7) // 8
    if len(payload) != 1 + width * num_frames * stream.channels:
        raise CorruptStream("length does not fit the samples", path="payload")
    shape = (num_frames, stream.channels)
    if stream.is_float:
        return np.frombuffer(payload, "<f4", offset=1).reshape(shape).astype(np.float32)
    data = np.frombuffer(payload, np.uint8, offset=1).reshape(-1, width)
    words = np.zeros((len(data), 4), np.uint8)
    words[:, 4 - width :] = data
    samples = (words.view("<i4") >> np.int32(32 - 8 * width)).astype(np.int32).reshape(shape)
    _check_depth(samples, stream.bits_per_sample)
    return samples
