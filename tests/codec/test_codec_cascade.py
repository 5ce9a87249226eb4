"""Blocks of the cascade there and back: kinds of signals, channels, depths, and damage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from codec_tools import code, header_of, size
from strategies import joined

from nlac._errors import CorruptStream, UsageError
from nlac.codec.decoder.payload import decode_block
from nlac.codec.encoder.cascade import CascadeSettings, encode_cascade
from nlac.codec.encoder.choice import choose_predictor
from nlac.codec.encoder.options import EncodeOptions
from nlac.codec.encoder.payload import encode_block
from nlac.codec.encoder.presets import CASCADES as PARAMETERS
from nlac.predictors.cascade.block import CASCADE, decode_cascade
from nlac.predictors.cascade.parameter_codes import write_parameters
from nlac.predictors.cascade.parameters import RlsParameters

pytestmark = pytest.mark.usefixtures("cascade_alone")
PRESETS = ("high", "max")


def music(frames: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    """Coloured noise whose channels resemble each other."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 300, (frames, channels)) + rng.normal(0, 500, (frames, 1))
    return np.clip(np.cumsum(steps, 0) * 0.3, -32768, 32767).astype(np.int32)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(
    "names",
    [
        ("extremes",),
        ("nyquist_square",),
        ("slow_square", "noise"),
        ("silence", "noise", "silence"),
        ("quiet_noise", "extremes", "quiet_noise"),
        ("sine", "heavy_tails"),
        ("impulses", "clipped", "ramp"),
        ("repeated_loop", "fractional_grid", "bursts"),
    ],
)
def test_full_scale(names, preset):
    for bits in (1, 16, 32):
        code(joined(names, 1500, 2, bits), bits, preset)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("frames", [1, 2, 15, 16, 17, 33, 1023, 1025, 4097])
def test_lengths(frames, preset):
    code(music(frames), 16, preset)


@pytest.mark.parametrize(
    ("rate", "octaves"),
    [
        (1, 2), (8000, 2), (12000, 2), (12001, 1), (16000, 1), (24000, 1), (24001, 0), (44100, 0),
        (48000, 0), (192000, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("parameters", PARAMETERS.values())
def test_quick_experts_forget_as_much_a_second(parameters, rate, octaves):
    found = parameters.at_rate(rate)
    found.check()
    less = [e.forgetting - f.forgetting for e, f in zip(parameters.rls, found.rls, strict=True)]
    assert less == [octaves] * 2 + [0] * (len(less) - 2)
    again = tuple(
        replace(f, forgetting=e.forgetting) for e, f in zip(parameters.rls, found.rls, strict=True)
    )
    assert replace(found, rls=again) == parameters


def test_memories_stay_in_range():
    """Of cascades that forget quickly already, at any rate."""
    quick = RlsParameters(16, 8, 6, 2)
    parameters = replace(PARAMETERS["high"], rls=(quick, replace(quick, forgetting=7)))
    assert [e.forgetting for e in parameters.at_rate(8000).rls] == [6, 6]


@pytest.mark.parametrize(("batch", "found"), [(6, (5, 5, 6)), (5, (5, 5, 5)), (4, (4, 4, 4))])
def test_long_batches_become_shorter(batch, found):
    parameters = replace(PARAMETERS["high"], batch=batch)
    assert tuple(parameters.at_rate(rate).batch for rate in (8000, 24000, 44100)) == found


@pytest.mark.parametrize("model", [None, "gru-rls"])
def test_blocks_follow_the_rate(model):
    samples = music(4000, 1)
    options = EncodeOptions(preset="high", model=model)
    payloads = {}
    for rate in (8000, 12000, 44100, 48000):
        stream = replace(header_of(samples, 16, options), sample_rate=rate)
        payloads[rate] = encode_block(samples, stream, options)
        np.testing.assert_array_equal(decode_block(payloads[rate], 4000, stream), samples)
    assert payloads[8000] == payloads[12000]
    assert payloads[44100] == payloads[48000]
    assert payloads[8000] != payloads[48000]


@pytest.mark.parametrize("channels", [1, 2, 3, 5, 8])
def test_channels(channels):
    code(music(3000, channels), 16, "high")
    code(np.repeat(music(3000, 1), channels, axis=1), 16, "high")


@pytest.mark.parametrize("preset", PRESETS)
def test_silence_then_full_scale(preset):
    samples = np.zeros((6000, 2), np.int32)
    rng = np.random.default_rng(2)
    samples[3000:] = rng.choice([-(2**23), 2**23 - 1], (3000, 2))
    code(samples, 24, preset)
    code(samples[::-1].copy(), 24, preset)


def test_second_channel_is_ahead():
    base = music(30000, 1)[:, 0]
    samples = np.stack([base[:-12], base[12:]], axis=1)
    assert size(samples, 16, "high") < 0.75 * size(np.stack([base, base[::-1]], 1), 16, "high")


def test_value_sets():
    plain = music(12000) // 4
    grid = (plain.astype(np.int64) * 2153 // 1000).astype(np.int32)
    # one bit a sample less than if all values between occurred
    assert size(grid, 16, "high") < size(plain * 2, 16, "high") + 300
    halves = np.concatenate([music(6000) // 8 * 8, music(6000)])
    code(halves, 16, "high")


@pytest.mark.parametrize("preset", PRESETS)
def test_repetition(preset):
    rng = np.random.default_rng(5)
    bar = rng.normal(0, 2000, (12000, 2)).astype(np.int32)
    samples = np.concatenate([bar + rng.integers(-20, 21, bar.shape) for _ in range(4)])
    samples = samples.astype(np.int32)
    with_lags = size(samples, 16, preset)
    assert with_lags < 0.8 * size(samples, 16, preset, long_term=False)


def test_floats():
    code((music(3000) / 32768).astype(np.float32), 32, "high")
    code(np.random.default_rng(1).normal(0, 0.1, (2000, 2)).astype(np.float32), 32, "high")


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("channels", [1, 2])
def test_online_network(channels, bits):
    """With the largest step, on what makes everything as large as it gets."""
    loud = replace(PARAMETERS["neural"], online=(16,))
    settings = CascadeSettings(loud)
    for names in (("extremes", "silence", "sine"), ("quiet_noise", "extremes", "nyquist_square")):
        samples = np.ascontiguousarray(joined(names, 3000, channels, bits).T)
        data = encode_cascade(samples, settings)
        assert np.array_equal(decode_cascade(data, 0, samples.shape[1], channels), samples)


def test_an_online_network_pays():
    """It follows a curve that no linear filter follows."""
    x = np.random.default_rng(6).normal(0, 60, 20000)
    for t in range(1, len(x)):
        x[t] += 400 * np.sin(x[t - 1] / 150)
    samples = np.rint(x).astype(np.int32)[None]
    sizes = [
        len(encode_cascade(samples, CascadeSettings(replace(PARAMETERS["high"], online=online))))
        for online in ((), (33,))
    ]
    assert sizes[1] < 0.99 * sizes[0]


def test_damage_is_noticed_or_harmless():
    samples = music(3000)
    options = EncodeOptions(preset="high")
    header = header_of(samples, 16, options)
    payload = encode_block(samples, header, options)
    rng = np.random.default_rng(7)
    for _ in range(150):
        broken = bytearray(payload)
        for place in rng.integers(0, min(len(broken), 120), 2):
            broken[place] ^= 1 << int(rng.integers(8))
        try:
            decoded = decode_block(bytes(broken), len(samples), header)
        except CorruptStream:
            continue
        assert decoded.shape == samples.shape
    for cut in range(0, len(payload), 97):
        with pytest.raises(CorruptStream):
            decode_block(payload[:cut], len(samples), header)


def test_headers_that_cannot_be():
    samples = music(100)
    options = EncodeOptions(preset="high")
    header = header_of(samples, 16, options)
    assert not header.predictor_parameters  # blocks have them
    payload = encode_block(samples, header, options)
    for change in ({"predictor_parameters": b"1"}, {"model_hash": bytes(32)}, {"coder_id": 2}):
        with pytest.raises(CorruptStream, match=r"has no|takes no"):
            decode_block(payload, 100, replace(header, **change))


def test_rice_codes_are_refused():
    with pytest.raises(UsageError, match="Rice"):
        choose_predictor(EncodeOptions(preset="high", coder="rice"))


def test_parameters_that_ask_for_too_much_memory_are_refused():
    """A block is a few bytes; what it makes a decoder allocate has an end."""
    wide = RlsParameters(512, 256, 10, 8, 32)
    parameters = replace(PARAMETERS["high"], rls=(wide,) * 5)
    data = bytes([CASCADE]) + write_parameters(parameters) + bytes(200)
    with pytest.raises(CorruptStream, match="memory"):
        decode_cascade(data, 0, 1000, 20)
