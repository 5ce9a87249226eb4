"""Every recipe learns a tiny set by heart, in seconds, to the loss stated here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from model_tools import sound

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac.training.evaluation.metrics import prediction_gain, residual_entropy
from nlac.training.recipes.attention.bytes import ByteTransformer, ByteTransformerSettings
from nlac.training.recipes.baseline.lpc import LpcSettings, predict
from nlac.training.recipes.continuation import Continuation, ContinuationSettings
from nlac.training.recipes.dilated.cnn import Cnn, CnnSettings
from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings
from nlac.training.recipes.mel.autoencoder import AutoencoderSettings, MelAutoencoder
from nlac.training.recipes.mel.losses import autoencoder_loss
from nlac.training.recipes.recurrent.gru import Gru, GruSettings

SMALL = {"residual": 24, "gate": 24, "skip": 32, "layers": 5}


def trained(model, steps, rate, loss_of, clip=1.0):
    """Loss, and figures beside it, after some steps of Adam."""
    optimiser = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    model.train()
    for _ in range(steps):
        loss, _ = loss_of()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return [float(loss.detach()) if i == 0 else loss for i, loss in enumerate(loss_of())]


def predictor(model, times, steps, rate):
    samples = torch.from_numpy(sound(2, times, seed=3))
    x = model.representation.encode(samples)
    return trained(model, steps, rate, lambda: model.loss(model(x), x))


def test_lpc_predicts_sines():
    t = np.arange(4000)
    samples = np.rint(8000 * np.sin(0.1 * t) + 4000 * np.sin(0.31 * t)).astype(np.int32)[:, None]
    entropy = []
    for order in (8, 16, 32):
        residual = predict(samples, LpcSettings(order=order, frame=0)).residual[order:]
        entropy.append(residual_entropy(residual))
        assert prediction_gain(samples, residual) > 50
    # of 13 bits
    assert max(entropy) < 5.5


@pytest.mark.parametrize(("front", "rate", "bits"), [(0, 3e-3, 11.0), (8, 1e-2, 7.5)])
def test_cnn_code_length(front, rate, bits):
    model = Cnn(CnnSettings(**SMALL, parts=3, front_order=front))
    loss, figures = predictor(model, 400, 240, rate)
    # a new one takes 15 bits, or 10 with a front
    assert figures["bits"] < bits
    assert loss == pytest.approx(float(figures["bits"]) * math.log(2), rel=1e-4)


def test_cnn_squared_error():
    model = Cnn(CnnSettings(**SMALL, output="point"))
    loss, figures = predictor(model, 400, 120, 1e-2)
    # power of the sound: 2e-2
    assert loss < 1e-4
    assert figures["mse"] == pytest.approx(loss)


def test_gru():
    model = Gru(GruSettings(units=48, embedding=24, emphasis=0.5))
    loss, figures = predictor(model, 200, 120, 2e-2)
    assert loss < 0.3
    assert figures["accuracy"] > 0.9


def test_wavenet():
    model = WaveNet(WaveNetSettings(**SMALL))
    loss, figures = predictor(model, 300, 100, 1e-2)
    assert loss < 0.3
    assert figures["accuracy"] > 0.9


def test_byte_transformer():
    model = ByteTransformer(ByteTransformerSettings(width=48, layers=2, window=64))
    loss, figures = predictor(model, 100, 120, 5e-3)
    assert loss < 0.3
    assert figures["accuracy"] > 0.9


def test_continuation_in_two_stages():
    settings = ContinuationSettings(
        rate=800, seconds=0.4, width=16, stages=2, layers=1, heads=2, dropout=0.0
    )
    model = Continuation(settings)
    both = torch.from_numpy(sound(4, 640, seed=2) / 32768).float()[:, None]
    x, following = both[..., :320], both[..., 320:]
    silence = float(x.abs().mean())
    untouched = [p.clone() for p in model.transformer.parameters()]
    model.set_stage(1)
    loss, figures = trained(model, 150, 1e-2, lambda: model.loss(model(x), x, following))
    assert loss < 0.3 * silence
    assert set(figures) == {"reconstruction"}
    assert all(map(torch.equal, model.transformer.parameters(), untouched))
    model.set_stage(2)
    loss, figures = trained(model, 150, 5e-3, lambda: model.loss(model(x), x, following))
    assert loss < 0.8 * silence
    assert figures["prediction"] < 0.5 * silence


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"pooling": "time", "residual": True, "attention": True, "activation": "gelu"},
        {"l1": 0.0, "mse": 1.0, "classes": 3},
    ],
    ids=["plain", "time", "label"],
)
def test_mel_autoencoder(switches):
    settings = AutoencoderSettings(
        rate=8000, size=256, hop=64, bands=16, frames=16, latent=16, **switches
    )
    model = MelAutoencoder(settings)
    audio = torch.from_numpy(sound(3, settings.samples) / 32768).float()
    model.spectrum.fit([audio])
    labels = torch.arange(3) if settings.classes else None
    loss, _ = trained(model, 140, 1e-2, lambda: autoencoder_loss(model, audio, labels))
    # normalised bands have a mean square of 1
    assert loss < 0.2
