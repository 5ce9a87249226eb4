"""Models of whole spectra and of seconds: shapes, switches, and the audio that they make."""

from __future__ import annotations

import numpy as np
import pytest
from model_tools import sound

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.recipes.continuation import Continuation, ContinuationSettings
from nlac.training.recipes.mel.autoencoder import AutoencoderSettings, MelAutoencoder
from nlac.training.recipes.mel.losses import autoencoder_loss, with_phases
from nlac.training.recipes.mel.synthesis import draw, rebuild

SMALL = {"rate": 8000, "size": 256, "hop": 64, "bands": 16, "frames": 16, "latent": 6}
SHORT = {"rate": 800, "seconds": 0.4, "width": 8, "stages": 2, "layers": 1, "heads": 2}


def audio(settings, batch=3):
    return torch.from_numpy(sound(batch, settings.samples) / 32768).float()


@pytest.mark.parametrize("pooling", ["global", "time"])
@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("extras", [False, True])
def test_autoencoder_switches(pooling, classes, extras):
    settings = AutoencoderSettings(
        **SMALL, pooling=pooling, classes=classes, residual=extras, attention=extras,
        dropout=0.2 * extras, activation="silu" if extras else "relu",
        l1=1.0, mse=0.5, convergence=0.1, perceptual=0.1,
    )  # fmt: skip
    model = MelAutoencoder(settings)
    x = audio(settings)
    label = torch.tensor([0, 1, 1]) if classes else None
    model.spectrum.fit([x])
    encoded = model(model.spectrum(x), label)
    assert encoded.bands.shape == (3, 16, 16)
    assert encoded.latent.shape == ((3, 6, 2) if pooling == "time" else (3, 6))
    loss, figures = autoencoder_loss(model, x, label)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert set(figures) == {"l1", "mse", "convergence", "perceptual"}
    total = figures["l1"] + 0.5 * figures["mse"] + 0.1 * (
        figures["convergence"] + figures["perceptual"]
    )
    assert float(loss.detach()) == pytest.approx(float(total), rel=1e-5)


def test_labels_and_shapes_are_checked():
    labelled = MelAutoencoder(AutoencoderSettings(**SMALL, classes=2)).eval()
    plain = MelAutoencoder(AutoencoderSettings(**SMALL)).eval()
    bands = torch.zeros(1, 16, 16)
    with pytest.raises(UsageError, match="condition: this model takes one class from 0 to 1"):
        labelled(bands)
    with pytest.raises(UsageError, match="condition: this model takes none"):
        plain(bands, torch.zeros(1, dtype=torch.long))
    with pytest.raises(UsageError, match=r"spectra of shape \(1, 16, 8\); \(batch, 16, 16\)"):
        plain(bands[:, :, :8])
    both = [labelled(bands, torch.tensor([i])).bands for i in (0, 1)]
    assert not torch.equal(*both)


def test_phases_of_the_original():
    model = MelAutoencoder(AutoencoderSettings(**SMALL))
    x = audio(model.settings)
    same = model.spectrum.plain(x).exp()
    torch.testing.assert_close(with_phases(model, same, x), x, rtol=0, atol=2e-3)
    torch.testing.assert_close(with_phases(model, 2 * same, x), 2 * x, rtol=0, atol=4e-3)


@pytest.mark.parametrize("pooling", ["global", "time"])
def test_audio_of_an_autoencoder(pooling):
    model = MelAutoencoder(AutoencoderSettings(**SMALL, pooling=pooling, classes=2))
    x = audio(model.settings)
    model.spectrum.fit([x])
    label = np.array([1])
    for _ in range(3):
        model(model.spectrum(x), torch.tensor([0, 1, 1]))
    model.eval()
    assert model.latent_deviation.min() < 1
    given = sound(1, 2500)[0] / 32768
    made = rebuild(model, given, label, iterations=4, seed=3)
    assert made.shape == (2500,)
    assert np.isfinite(made).all()
    again = rebuild(model, given, label, iterations=4, seed=3)
    assert made.tobytes() == again.tobytes()
    gated = rebuild(model, given, label, iterations=4, gate_db=20, seed=3)
    assert 0 < (gated**2).sum() < (made**2).sum()
    drawn = [draw(model, 1.0, label, iterations=4, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0].shape == (model.settings.samples,)
    assert drawn[0].tobytes() == drawn[1].tobytes() != drawn[2].tobytes()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_continuation(channels, pooling):
    settings = ContinuationSettings(**SHORT, channels=channels, pooling=pooling, spectral=0.1)
    assert (settings.samples, settings.tokens, settings.inner) == (320, 20, 16)
    model = Continuation(settings)
    x = torch.from_numpy(sound(2 * channels, 320) / 32768).float().reshape(2, channels, 320)
    outputs = model(x)
    assert outputs.rebuilt.shape == outputs.following.shape == x.shape
    loss, figures = model.loss(outputs, x, x.flip(2))
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    both = float(figures["reconstruction"] + figures["prediction"])
    assert float(loss.detach()) == pytest.approx(both, rel=1e-5)
    # loud and quiet are alike
    model.eval()
    quiet = model(x / 4).following
    torch.testing.assert_close(quiet * 4, model(x).following, rtol=1e-4, atol=1e-5)


def test_continuing_for_longer():
    model = Continuation(ContinuationSettings(**SHORT)).eval()
    x = sound(1, 500) / 32768
    once, twice = model.go_on(x, 320), model.go_on(x, 700)
    assert twice.shape == (1, 700)
    assert np.array_equal(twice[:, :320], once)
    assert np.array_equal(model.go_on(x[:, -320:], 320), once)
    assert model.go_on(x[:, :10], 5).shape == (1, 5)
    assert model.go_on(x, 0).shape == (1, 0)
    model.set_stage(1)
    with pytest.raises(UsageError, match="stage: 1; "):
        model.go_on(x, 10)
    with pytest.raises(UsageError, match="stage: 3; 1 or 2"):
        model.set_stage(3)
    with pytest.raises(UsageError, match=r"audio of shape \(1, 1, 300\); \(batch, 1, 320\)"):
        model(torch.zeros(1, 1, 300))
