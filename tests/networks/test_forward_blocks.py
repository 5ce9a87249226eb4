"""Network blocks behind windows whose coefficients are sent."""

from __future__ import annotations

import numpy as np
import pytest
from lpc_blocks import decode_lpc
from strategies import joined
from tiny_networks import tiny_network

from nlac._errors import CorruptStream
from nlac.codec.encoder import network as forward_block
from nlac.codec.encoder.lpc.block import LpcSettings
from nlac.codec.encoder.network import ForwardSettings, encode_forward
from nlac.codec.encoder.presets import SegmentationSettings
from nlac.predictors.neural.block import decode_forward
from nlac.predictors.neural.kinds import FORWARD

NETWORK = tiny_network("cnn")


def settings_of(*effort: int) -> ForwardSettings:
    return ForwardSettings(LpcSettings((SegmentationSettings(*effort),)), NETWORK)


def test_segments_sets_lags_and_delays():
    pieces = ("sine", "quiet_noise", "music", "fractional_grid", "repeated_loop", "silence")
    samples = np.ascontiguousarray(joined(pieces, 9000, 2, 16).T)
    samples[1] = np.roll(samples[0], 5) + samples[1] // 8
    payload = encode_forward(samples, settings_of(34, 1024, 5, 16))
    assert payload[0] == FORWARD
    back = decode_forward(payload, 0, *samples.shape[::-1], NETWORK)
    np.testing.assert_array_equal(back, samples)


def test_a_smaller_lpc_block_takes_its_place():
    rare = np.random.default_rng(1).random((1, 4000)) < 0.01
    samples = rare.astype(np.int32)
    settings = settings_of(34, 1024, 5, 16)
    payload = encode_forward(samples, settings)
    assert payload[0] != FORWARD
    np.testing.assert_array_equal(decode_lpc(payload, 0, 4000, 1), samples)
    with pytest.raises(CorruptStream, match="coder 7"):
        decode_lpc(b"\7" + payload[1:], 0, 4000, 1)


def test_units_are_checked(cascade_alone):
    samples = np.ascontiguousarray(joined(("music",), 1500, 1, 16).T)
    settings = settings_of(34, 1024, 5, 16)
    payload = encode_forward(samples, settings)
    (parameters, sets), *_ = forward_block.candidate_parameters(
        forward_block.analyse_block(samples, settings.lpc.analysis), settings.lpc
    )
    at = 1 + len(forward_block.write_side_info([0], sets, parameters))
    assert payload[at] <= 32
    damaged = payload[:at] + b"\x21" + payload[at + 1 :]
    with pytest.raises(CorruptStream, match="33 is too large"):
        decode_forward(damaged, 0, 1500, 1, NETWORK)


def test_segments_begin_with_pieces(cascade_alone):
    changing = joined(("sine", "noise") * 4, 512, 1, 16)
    samples = np.ascontiguousarray(changing.T)
    payload = encode_forward(samples, settings_of(34, 512, 2, 0))
    with pytest.raises(CorruptStream, match="within a piece"):
        decode_forward(payload, 0, 4096, 1, NETWORK)
