"""Settings of models: a bad one is named, with its value and what is allowed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.recipes.attention.bytes import ByteTransformerSettings
from nlac.training.recipes.continuation import ContinuationSettings
from nlac.training.recipes.dilated.cnn import CnnSettings
from nlac.training.recipes.dilated.wavenet import WaveNetSettings
from nlac.training.recipes.mel.autoencoder import AutoencoderSettings
from nlac.training.recipes.recurrent.gru import Gru, GruSettings


@pytest.mark.parametrize(
    ("kind", "name", "value", "message"),
    [
        (WaveNetSettings, "residual", 17, "residual: 17; a multiple of 4 from 4 to 1024"),
        (WaveNetSettings, "layers", 0, "layers: 0; from 1 to 16"),
        (WaveNetSettings, "layers", 10.0, "layers: 10.0; from 1 to 16"),
        (WaveNetSettings, "layers", True, "layers: True; from 1 to 16"),
        (WaveNetSettings, "input", "bytes", "input: bytes; one of embedding, one-hot"),
        (WaveNetSettings, "emphasis", 1.0, "emphasis: 1.0; from 0.0 to 0.99"),
        (WaveNetSettings, "emphasis", float("nan"), "emphasis: nan; from 0.0 to 0.99"),
        (CnnSettings, "bits", 20, "bits: 20; 8, 12, 16 or 24"),
        (CnnSettings, "front_other", 4, "front_other: 4; 0 where front_order is 0"),
        (CnnSettings, "output", "mse", "output: mse; one of logistics, point"),
        (GruSettings, "units", 126, "units: 126; a multiple of 4"),
        (ByteTransformerSettings, "heads", 3, "heads: 3; a divisor of width / 2, 64"),
        (AutoencoderSettings, "residual", 1, "residual: 1; true or false"),
        (AutoencoderSettings, "hop", 600, "hop: 600; from 1 to 512"),
        (AutoencoderSettings, "l1", 0, "l1, mse, convergence, perceptual: 0; one of them"),
        (ContinuationSettings, "kernel", 8, "kernel: 8; odd"),
        (ContinuationSettings, "heads", 3, "heads: 3; a divisor of 256"),
    ],
)
def test_bad_settings(kind, name, value, message):
    with pytest.raises(UsageError) as found:
        kind(**{name: value})
    assert str(found.value).startswith(message)


def test_whole_numbers_are_floats_where_these_are_wanted():
    settings = AutoencoderSettings(l1=2)
    assert settings.l1 == 2.0
    assert type(settings.l1) is float
    assert settings.as_dict()["l1"] == 2.0
    assert AutoencoderSettings(**settings.as_dict()) == settings


def test_states_are_passed_on():
    model = Gru(GruSettings(units=8, embedding=4)).eval()
    x = torch.randint(0, 256, (2, 60))
    with torch.no_grad():
        whole = model(x)
        first, state = model.forward_from(x[:, :25], model.initial_state(2))
        second, _ = model.forward_from(x[:, 25:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
