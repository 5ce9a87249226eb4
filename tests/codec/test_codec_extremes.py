"""Samples at the ends of 32 bits: nothing overflows, wherever a stream drives the arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from codec_tools import code, header_of
from strategies import SIGNALS, joined, make

from nlac._errors import NlacError
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.lpc.coders import encode_samples
from nlac.codec.transforms.channels import CODED
from nlac.entropy.value_sets import plain, write_sets
from nlac.entropy.varint import write_varint
from nlac.predictors.lpc.kernels import filled_rows
from nlac.predictors.lpc.parameters import LpcParameters
from nlac.predictors.lpc.side_info import write_parameters

LOW, HIGH = -(2**31), 2**31 - 1


@pytest.mark.parametrize("coder", ["range", "rice"])
@pytest.mark.parametrize(
    "names",
    [
        ("extremes",),
        ("nyquist_square",),
        ("slow_square", "noise"),
        ("silence", "noise", "silence"),
        ("quiet_noise", "extremes", "quiet_noise"),
        ("impulses", "nyquist_square"),
        ("sine", "heavy_tails"),
        ("noise", "ramp", "clipped"),
    ],
)
def test_full_scale(names, coder):
    for preset in ("fast", "standard"):
        code(joined(names, 1500, 2, 32), 32, preset, coder=coder)


@pytest.mark.parametrize("bits", [31, 32])
def test_every_signal(bits):
    for name in sorted(SIGNALS):
        code(make(name, 4000, 2, bits), bits, "standard", coder="range")


def test_opposite_channels_at_full_scale():
    left = make("noise", 5000, 1, 32)
    right = (-1 - left.astype(np.int64)).astype(np.int32)
    right[100] = LOW
    code(np.concatenate([left, right], axis=1), 32)


def test_jump_from_end_to_end():
    samples = np.zeros((3000, 1), np.int32)
    samples[1000:1500:2], samples[1001:1500:2] = LOW, HIGH
    samples[2000:] = HIGH
    code(samples, 32, coder="range")
    code(samples, 32, coder="rice")


def hostile(samples: np.ndarray, coefficient: int, shift: int, order: int, initial: int) -> bytes:
    """A legal payload whose prediction is as wild as a stream may make it."""
    frames, channels = samples.shape
    paired = np.array([1, 0], np.int64) if channels == 2 else np.array([-1], np.int64)
    cell = np.zeros((1, channels), np.int64)
    offset = order * np.arange(channels, dtype=np.int64)[None]
    layout = LpcParameters(
        frames,
        paired,
        np.zeros(channels, np.int64),
        np.array([0, frames], np.int64),
        cell + order,
        cell + shift,
        offset,
        np.zeros(1, np.int64),
        cell,
        offset + order,
        cell,
        np.full(channels * order, coefficient, np.int64),
        np.full(channels, 1 << initial, np.int64),
    )
    sets = [plain(LOW, HIGH)]
    ordered = np.ascontiguousarray(samples.T)
    body, coder, _ = encode_samples(
        layout, sets, filled_rows(layout, ordered), ordered, "range", quick=False
    )
    head = b"\1" + bytes([CODED, 1, 0]) * channels + write_varint(coder)
    return head + bytes(range(channels)) + write_sets(sets) + write_parameters(layout) + body


@pytest.mark.parametrize("initial", [0, 20, 44])
@pytest.mark.parametrize("order", [2, 34, 258])
@pytest.mark.parametrize(("coefficient", "shift"), [(2**19 - 1, 4), (-(2**23), 8), (2**23 - 1, 19)])
def test_wildest_predictions(coefficient, shift, order, initial):
    """Streams that no sane encoder writes decode to what the formulas say."""
    for name in ("extremes", "noise", "slow_square"):
        samples = make(name, 600, 2, 32)
        payload = hostile(samples, coefficient, shift, order, initial)
        back = decode_block(payload, len(samples), header_of(samples, 32))
        np.testing.assert_array_equal(back, samples)
        with pytest.raises(NlacError):
            decode_block(payload[:-4], len(samples), header_of(samples, 32))
