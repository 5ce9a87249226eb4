"""Prefilters: what they leave and restore, when encoders take them, what decoders refuse."""

from __future__ import annotations

import numpy as np
import pytest
from lpc_blocks import decode_lpc

from nlac._errors import CorruptStream
from nlac.codec.encoder import prefilter as encoder
from nlac.codec.encoder.lpc.block import LpcSettings, encode_lpc, quick_size
from nlac.codec.encoder.presets import PRESETS
from nlac.codec.encoder.value_sets.choice import plain_sets
from nlac.entropy.varint import read_varint, write_signed, write_varint
from nlac.predictors.prefilter import (
    PREFILTERED,
    Prefilter,
    decode_prefiltered,
    residual,
    write_prefilters,
)

FRAMES = 40_000
NONE = Prefilter(0, np.zeros(0, np.int64))


def band_limited(bits: int, channels: int = 2) -> np.ndarray:
    """Noise without the upper half of its spectrum, as of twice the sample rate."""
    random = np.random.default_rng(7)
    spectrum = np.fft.rfft(random.normal(0, 1, (channels, FRAMES)), axis=1)
    spectrum[:, spectrum.shape[1] // 2 :] = 0
    x = np.fft.irfft(spectrum, FRAMES, axis=1)
    return np.round(x / np.abs(x).max() * ((1 << (bits - 1)) - 1)).astype(np.int32)


def restored(filters, errors, first_of):
    """What a decoder makes of residuals."""
    data = bytes([PREFILTERED]) + write_prefilters(filters, first_of)
    return decode_prefiltered(data, 0, errors.shape[1], len(errors), lambda *_: errors.copy())


@pytest.mark.parametrize(("taps", "shift"), [(2, 0), (4, 12), (18, 24), (34, 24)])
def test_residuals_are_restored(taps, shift):
    x = band_limited(24)
    filters = [encoder.design(x[:1], taps, shift)[0], NONE]
    errors = residual(filters, x)
    assert np.all(errors[0, :taps] == 0)
    assert np.array_equal(errors[1], x[1])
    assert np.array_equal(restored(filters, errors, x), x)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_filters_of_four_taps_on_all_channels(channels):
    """Two channels are restored side by side."""
    x = band_limited(16, channels)
    filters = encoder.design(x, 4, 12)
    assert all(len(each.coefficients) == 4 for each in filters)
    assert np.array_equal(restored(filters, residual(filters, x), x), x)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("spoilt", [0, 1])
def test_samples_beyond_32_bits_are_refused(channels, high, spoilt):
    filters = [Prefilter(0, np.array([1, 0, 0, 0]))] * channels
    first = np.zeros((channels, 20), np.int32)
    errors = first.copy()
    assert np.array_equal(restored(filters, errors, first), first)
    errors[spoilt % channels, 10:13] = 2**30 if high else -(2**30) - 1
    with pytest.raises(CorruptStream, match="sample exceeds 32 bits"):
        restored(filters, errors, first)
    errors[:, 12] = 0
    if high:
        # one short of the limit
        errors[spoilt % channels, 11] -= 1
    else:
        errors[spoilt % channels, 11] += 2
    assert restored(filters, errors, first).dtype == np.int32


def test_no_filter_where_none_could_be_sent(monkeypatch):
    """Nothing is written that decoders refuse."""
    monkeypatch.setattr(encoder, "_design", lambda *_: False)
    assert [len(each.coefficients) for each in encoder.design(band_limited(16), 4, 12)] == [0, 0]


def test_a_filter_takes_off_what_the_spectrum_tells():
    x = band_limited(24, 1)
    filters = encoder.design(x, 34, 24)
    errors = residual(filters, x)
    assert np.std(errors[0, 100:].astype(float)) < 2e-3 * np.std(x[0].astype(float))


def test_residuals_beyond_32_bits_are_told():
    x = np.array([[2**31 - 1, -(2**31)] * 8], np.int32)
    assert residual([Prefilter(0, np.array([1, 0]))], x) is None


@pytest.mark.parametrize("preset", ["fast", "standard"])
def test_wide_spectra_get_one(preset):
    x = band_limited(24)
    settings = LpcSettings(PRESETS[preset].segmentations, quick=preset == "fast")
    data = encode_lpc(x, settings)
    assert read_varint(data, 0)[0] == PREFILTERED
    assert np.array_equal(decode_lpc(data, 0, FRAMES, 2), x)
    without = LpcSettings(settings.segmentations, quick=settings.quick, prefilter=False)
    assert len(data) < 0.97 * len(encode_lpc(x, without))


def test_white_noise_and_grids_get_none():
    noise = np.random.default_rng(3).integers(-(2**20), 2**20, (1, FRAMES), dtype=np.int32)
    assert encoder.choose(noise, [plain_sets(noise)], quick_size) is None
    x = band_limited(12) * 37
    settings = LpcSettings(PRESETS["standard"].segmentations)
    assert read_varint(encode_lpc(x, settings), 0)[0] != PREFILTERED


def head(taps: int, shift: int, numbers: list[int]) -> bytes:
    return (
        bytes([PREFILTERED]) + write_varint(taps) + write_varint(shift)
        + b"".join(map(write_signed, numbers))
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (head(11, 0, [0] * 22), "11 taps; 0, or 2 to 10"),
        (head(2, 25, [0] * 4), "shift 25 is more than 24"),
        (head(2, 0, [1 << 34, 0, 0, 0]), "number out of range"),
        (head(2, 0, [1 << 30, 1 << 30, 0, 0]), "too large"),
        (head(2, 0, [0, 0, (1 << 31) - 1, 1]), "sample exceeds 32 bits"),
        (head(2, 0, [2, 0, 0, 1 << 30]), "sample exceeds 32 bits"),
    ],
    ids=["taps", "shift", "number", "sum", "first", "sample"],
)
def test_bad_prefilters_are_refused(data, told):
    with pytest.raises(CorruptStream, match=told):
        decode_prefiltered(data, 0, 10, 1, lambda *_: np.zeros((1, 10), np.int32))


def test_residuals_before_the_filter_must_be_zero():
    data = head(2, 0, [1, 0, 5, 0])
    with pytest.raises(CorruptStream, match="not 0"):
        decode_prefiltered(data, 0, 10, 1, lambda *_: np.ones((1, 10), np.int32))


def test_prefilters_do_not_nest():
    inner = head(2, 0, [1, 0, 5, 0])
    with pytest.raises(CorruptStream, match="coder"):
        decode_lpc(inner + inner, 0, 10, 1)


@pytest.mark.parametrize("taps", [1, 35])
def test_a_filter_has_2_to_34_taps(taps):
    data = head(taps, 0, [0] * 2 * taps)
    with pytest.raises(CorruptStream, match=f"{taps} taps; 0, or 2 to 34"):
        decode_prefiltered(data, 0, 99, 1, lambda *_: np.zeros((1, 99), np.int32))
