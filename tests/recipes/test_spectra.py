"""Spectra, mel bands, audio of magnitudes, and the noise gate."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.evaluation.metrics import snr
from nlac.training.evaluation.spectral import log_spectral_distance
from nlac.training.recipes.mel.spectrum import LogMel
from nlac.training.recipes.spectral_losses import complex_spectrum, multi_resolution_loss
from nlac.training.signal.griffin_lim import audio_of_mel, griffin_lim, magnitude_of_mel
from nlac.training.signal.noise_gate import noise_gate
from nlac.training.signal.spectra import (
    MelSettings,
    istft,
    log_mel,
    log_power,
    mel_filters,
    mel_spread,
    stft,
)

RATE = 8000
TIME = np.arange(RATE) / RATE
TONE = 0.4 * np.sin(2 * np.pi * 440 * TIME) + 0.2 * np.sin(2 * np.pi * 1330 * TIME)


@pytest.mark.parametrize("length", [4000, 3999, 100])
def test_spectra_invert(length):
    x = np.random.default_rng(0).normal(0, 0.3, (2, length))
    spectrum = stft(x, 256, 64)
    assert spectrum.shape == (2, 129, 1 + length // 64)
    # the last samples may lie beyond the last window
    covered = (length // 64) * 64
    assert istft(spectrum, 64, length)[:, :covered] == pytest.approx(x[:, :covered], abs=1e-9)


def test_spectra_are_those_of_pytorch():
    x = np.random.default_rng(0).normal(0, 0.3, (2, 3000))
    other = complex_spectrum(torch.from_numpy(x), 512, 128).numpy()
    assert stft(x, 512, 128) == pytest.approx(other, abs=1e-9)


def test_a_sine_at_full_scale_has_0_db():
    sine = np.sin(2 * np.pi * 1000 * TIME)
    middle = log_power(sine, 1024, 256)[:, 12]
    assert middle.max() == pytest.approx(0, abs=0.01)
    assert middle.argmax() == 128
    assert log_power(np.zeros(3000)).max() == pytest.approx(-100)


def test_mel_filters():
    settings = MelSettings(RATE, 512, 128, 40)
    filters = mel_filters(settings)
    assert filters.shape == (40, 257)
    assert filters.sum(1) == pytest.approx(np.ones(40))
    assert (np.diff(filters.argmax(1)) >= 0).all()
    spread = mel_spread(settings)
    assert spread.sum(1) == pytest.approx(np.ones(257))
    assert spread[0].argmax() == 0
    # bands narrower than a bin have one all the same
    assert (mel_filters(MelSettings(RATE, 64, 16, 30)).sum(1) > 0).all()
    for wrong, message in (
        ({"size": 511}, "size: 511; even"),
        ({"hop": 400}, "hop: 400; from 1 to 256"),
        ({"bands": 1}, "bands: 1; from 2 to 256"),
        ({"high": 9000.0}, "high: 9000.0; from 0 to 4000"),
        ({"low": 4000.0}, "low: 4000.0; from 0 to less than 4000"),
        ({"rate": 0}, "rate: 0; at least 1"),
    ):
        with pytest.raises(UsageError, match=message):
            MelSettings(**{"rate": RATE, "size": 512, "hop": 128, "bands": 40, **wrong})


def test_log_mel_layer_is_that_of_numpy():
    settings = MelSettings(RATE, 512, 128, 24)
    layer = LogMel(settings)
    x = torch.from_numpy(np.stack([TONE, 0.01 * TONE])).float()
    assert layer.plain(x).numpy() == pytest.approx(log_mel(x.numpy(), settings), abs=1e-3)
    assert torch.equal(layer(x), layer.plain(x))
    layer.fit([x[:1], x[1:]])
    bands = layer(x)
    assert bands.mean((0, 2)).numpy() == pytest.approx(np.zeros(24), abs=1e-3)
    assert bands.std((0, 2), correction=0).numpy() == pytest.approx(np.ones(24), abs=1e-2)
    torch.testing.assert_close(layer.denormalised(bands), layer.plain(x), rtol=1e-4, atol=1e-4)
    # normalisation is kept with the model
    again = LogMel(settings)
    again.load_state_dict(layer.state_dict())
    assert torch.equal(again(x), bands)
    with pytest.raises(UsageError, match="no audio"):
        layer.fit([])


def test_griffin_lim_finds_a_tone():
    magnitude = np.abs(stft(TONE, 512, 128))

    def distance(**how):
        found = griffin_lim(magnitude, 128, len(TONE), **how)
        return np.linalg.norm(np.abs(stft(found, 512, 128)) - magnitude) / np.linalg.norm(magnitude)

    fast, plain = distance(iterations=40), distance(iterations=40, momentum=0.0)
    assert fast < 0.1
    assert fast < plain
    assert distance(iterations=40) == fast
    with pytest.raises(UsageError, match="length: 7000; 63 frames with a hop of 128"):
        griffin_lim(magnitude, 128, 7000)
    with pytest.raises(UsageError, match=r"momentum: 1.0; from 0 to less than 1"):
        griffin_lim(magnitude, 128, len(TONE), momentum=1.0)


def test_audio_of_mel_bands():
    settings = MelSettings(RATE, 512, 128, 64)
    bands = log_mel(TONE, settings)
    magnitude = magnitude_of_mel(bands, settings)
    rebuilt = np.log(np.maximum(mel_filters(settings) @ magnitude * 4 / 512, 1e-5))
    loud = bands > -4
    assert np.abs(rebuilt - bands)[loud].mean() < 0.05
    audio = audio_of_mel(bands, settings, len(TONE))
    assert np.abs(log_mel(audio, settings) - bands)[loud].mean() < 0.2
    spectrum = np.abs(np.fft.rfft(audio))
    assert abs(int(spectrum.argmax()) - 440) < 20


def test_noise_gate():
    rng = np.random.default_rng(0)
    tone = TONE * (TIME > 0.5)
    noisy = tone + rng.normal(0, 0.01, RATE)
    cleaned = noise_gate(noisy, rng.normal(0, 0.01, RATE))
    assert snr(tone, cleaned) > snr(tone, noisy) + 5
    quiet = slice(0, 3000)
    assert np.std(cleaned[quiet]) < 0.3 * np.std(noisy[quiet])
    guessed = noise_gate(noisy)
    assert np.std(guessed[quiet]) < 0.5 * np.std(noisy[quiet])
    assert noise_gate(noisy, reduction_db=0.0) == pytest.approx(noisy, abs=1e-6)
    for name, value in (("reduction_db", -1.0), ("quantile", 1.5), ("smoothing", 2)):
        with pytest.raises(UsageError, match=f"{name}: {value}; "):
            noise_gate(noisy, **{name: value})


def test_multi_resolution_loss():
    x = torch.from_numpy(TONE).float()[None]
    noise = torch.randn_like(x) * 0.1
    assert float(multi_resolution_loss(x, x)) == pytest.approx(0, abs=1e-5)
    near, far = multi_resolution_loss(x + 0.1 * noise, x), multi_resolution_loss(x + noise, x)
    assert 0 < near < far
    assert log_spectral_distance(TONE, TONE + noise[0].numpy()) > 5
    silence = torch.zeros_like(x).requires_grad_()
    multi_resolution_loss(silence, x).backward()
    assert torch.isfinite(silence.grad).all()
