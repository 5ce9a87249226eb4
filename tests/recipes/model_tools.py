"""Tiny predictors of every kind, and something to predict."""

from __future__ import annotations

import numpy as np

STACK = {"residual": 8, "gate": 8, "skip": 12, "layers": 3}


def tiny_models():
    """Predictors by name, each with every switch somewhere."""
    from nlac.training.recipes.attention.bytes import ByteTransformer, ByteTransformerSettings
    from nlac.training.recipes.dilated.cnn import Cnn, CnnSettings
    from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings
    from nlac.training.recipes.recurrent.gru import Gru, GruSettings

    front = {"front_order": 6, "front_memory": 100, "front_every": 16}
    return {
        "wavenet": lambda: WaveNet(WaveNetSettings(**STACK, repeats=2)),
        "wavenet one-hot": lambda: WaveNet(
            WaveNetSettings(**STACK, input="one-hot", kernel=3, classes=3, emphasis=0.8)
        ),
        "cnn": lambda: Cnn(CnnSettings(**STACK, parts=3)),
        "cnn kernel 3": lambda: Cnn(
            CnnSettings(**STACK, units="relu", dilations="shrinking", kernel=3, output="point")
        ),
        "cnn front": lambda: Cnn(CnnSettings(**STACK, parts=3, **front)),
        "cnn front point": lambda: Cnn(CnnSettings(**STACK, output="point", **front)),
        "gru": lambda: Gru(GruSettings(units=12, embedding=5)),
        "gru deep": lambda: Gru(GruSettings(units=8, layers=3, levels=64, silence="centred")),
        "bytes": lambda: ByteTransformer(
            ByteTransformerSettings(width=16, layers=2, heads=2, window=9)
        ),
        "bytes 24": lambda: ByteTransformer(
            ByteTransformerSettings(width=16, layers=1, heads=4, window=64, bits=24)
        ),
    }


NAMES = (
    "wavenet", "wavenet one-hot", "cnn", "cnn kernel 3", "cnn front", "cnn front point", "gru",
    "gru deep", "bytes", "bytes 24",
)  # fmt: skip


def telling(name: str):
    """A model in evaluation mode, whose last layer is not zero as in a new one."""
    import torch

    model = tiny_models()[name]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.2)
    return model


def inputs_of(model, batch: int = 2, times: int = 150, seed: int = 0):
    """Inputs and condition that the model takes, of a sound."""
    import torch

    samples = torch.from_numpy(sound(batch, times, seed))
    bits = model.representation.bits
    x = model.representation.encode(samples << (bits - 16))
    x = x[:, :times]
    condition = torch.arange(batch) % model.classes if model.classes else None
    return x, condition


def sound(batch: int, times: int, seed: int = 0) -> np.ndarray:
    """(batch, times) int64 of 16 bits: two sines and some noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(times)
    rates = rng.uniform(0.02, 0.4, (2, batch, 1))
    waves = 6000 * np.sin(rates[0] * t) + 2500 * np.sin(rates[1] * t + 1)
    return np.rint(waves + rng.normal(0, 30, (batch, times))).astype(np.int64)


def distributions(model, outputs):
    """Outputs as probabilities, or as they are where they are no logits."""
    import torch

    outputs = torch.as_tensor(outputs)
    return torch.softmax(outputs, -1) if model.kind == "categorical" else outputs
