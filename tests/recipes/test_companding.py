"""Mu-law levels, pre-emphasis, bytes: there and back."""

from __future__ import annotations

import numpy as np
import pytest
from model_tools import sound

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.signal.companding import (
    SILENCES,
    compress,
    decode_mu_law,
    encode_mu_law,
    expand,
    integers_in_level,
)
from nlac.training.signal.emphasis import deemphasise, emphasise
from nlac.training.signal.representation import Bytes, MuLaw, Waveform

ALL = np.arange(-32768, 32768)


@pytest.mark.parametrize("silence", SILENCES)
@pytest.mark.parametrize("levels", [256, 64, 1024])
def test_levels(silence, levels):
    codes = np.arange(levels)
    values = decode_mu_law(codes, levels, silence)
    assert (np.diff(values) > 0).all()
    assert np.array_equal(encode_mu_law(values, levels, silence), codes)
    single = torch.from_numpy(codes)
    back = encode_mu_law(decode_mu_law(single, levels, silence), levels, silence)
    assert torch.equal(back, single)
    # never falling, and every level is used
    found = encode_mu_law(np.linspace(-1, 1, 1_000_001), levels, silence)
    assert (np.diff(found) >= 0).all()
    assert np.array_equal(np.unique(found), codes)


def test_silence_by_convention():
    zero = np.zeros(1)
    assert encode_mu_law(zero, silence="centred") == [128]
    assert decode_mu_law(np.array([128]), silence="centred") == [0.0]
    assert encode_mu_law(zero, silence="paired") == [128]
    middle = decode_mu_law(np.array([127, 128]), silence="paired")
    assert middle[1] == -middle[0] == pytest.approx(8.6e-5, rel=0.01)
    # full scale comes back in one convention only
    ends = np.array([-1.0, 1.0])
    assert decode_mu_law(encode_mu_law(ends), silence="paired") == pytest.approx(ends)
    centred = decode_mu_law(encode_mu_law(ends, silence="centred"), silence="centred")
    assert centred == pytest.approx([-1.0, 0.957], abs=1e-3)
    with pytest.raises(UsageError, match="silence: other; one of centred, paired"):
        encode_mu_law(zero, silence="other")


def test_curve_is_the_published_one():
    x = np.array([-1.0, -0.1, 0.0, 0.01, 0.5, 1.0])
    expected = np.sign(x) * np.log(1 + 255 * np.abs(x)) / np.log(256)
    assert compress(x) == pytest.approx(expected)
    assert expand(compress(x)) == pytest.approx(x)
    assert compress(np.array([-3.0, 7.0])) == pytest.approx([-1, 1])


@pytest.mark.parametrize("silence", SILENCES)
def test_error_is_half_a_level(silence):
    x = ALL / 32768
    codes = encode_mu_law(x, silence=silence)
    error = np.abs(decode_mu_law(codes, silence=silence) - x)
    # relative to the curve's slope a level is 1/128 wide, or 2/255
    half = 0.5 / 127.5 * np.log(256) * (1 / 255 + np.abs(x))
    inside = codes < 255
    assert (error[inside] < 1.03 * half[inside] + 1e-6).all()
    assert error.max() < 0.05


@pytest.mark.parametrize("silence", SILENCES)
def test_integers_in_levels(silence):
    codes = encode_mu_law(ALL / 32768, silence=silence)
    counts = np.bincount(codes, minlength=256)
    sizes = integers_in_level(np.arange(256), silence=silence)
    assert np.array_equal(sizes, np.maximum(counts, 1))
    # with pre-emphasis the levels lie about the predicted part
    offset = np.array([0.25])
    near = encode_mu_law(ALL / 32768 - 0.25, silence=silence)
    moved = integers_in_level(np.arange(256), silence=silence, offset=offset)
    assert np.array_equal(moved, np.maximum(np.bincount(near, minlength=256), 1))


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.85, 0.97])
def test_emphasis_inverts(coefficient):
    x = sound(3, 5000) / 32768
    there = emphasise(x, coefficient)
    assert there[:, 0] == pytest.approx(x[:, 0])
    assert there[:, 1:] == pytest.approx(x[:, 1:] - coefficient * x[:, :-1])
    assert np.abs(deemphasise(there, coefficient) - x).max() < 1e-12
    single = emphasise(torch.from_numpy(x).float(), coefficient)
    bound = 2**-23 / (1 - coefficient)
    assert np.abs(deemphasise(single.numpy(), coefficient) - x).max() < bound
    # a continuation
    rest = deemphasise(there[:, 100:], coefficient, x[:, 99])
    assert np.abs(rest - x[:, 100:]).max() < 1e-12


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_bytes(bits):
    rng = np.random.default_rng(0)
    samples = rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), (2, 3, 200))
    representation = Bytes(bits)
    codes = representation.encode(samples)
    size = bits // 8
    assert codes.shape == (2, 3, 200 * size)
    assert codes.min() >= 0
    assert codes.max() <= 255
    assert np.array_equal(codes, representation.encode(torch.from_numpy(samples)).numpy())
    step = 2.0 ** (1 - bits)
    assert np.array_equal(representation.decode(codes), samples * step)
    assert representation.decode(codes[..., :-1]).shape[-1] == 199
    # the high byte keeps the order of samples
    ends = np.array([-(1 << (bits - 1)), 0, (1 << (bits - 1)) - 1])
    assert representation.encode(ends)[::size].tolist() == [0, 128, 255]
    with pytest.raises(UsageError, match="bits: 12; 8, 16 or 24"):
        Bytes(12)


def test_waveform_and_levels():
    samples = sound(2, 300)
    for bits in (16, 24):
        wave = Waveform(bits)
        scaled = samples << (bits - 16)
        assert np.array_equal(wave.decode(wave.encode(scaled)) * 2 ** (bits - 1), scaled)
        tensor = wave.encode(torch.from_numpy(scaled))
        assert np.array_equal(tensor.numpy(), wave.encode(scaled))
    levels = MuLaw(emphasis=0.9)
    codes = levels.encode(samples)
    assert codes.dtype == np.int64
    # each prediction stands on the true sample before it
    stood = levels.predicted(codes, samples)
    assert np.abs(stood - samples / 32768).max() < 0.01
    assert np.array_equal(stood[:, 0], levels.decode(codes)[:, 0])
