"""Random networks, and streams that are written with one."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

import nlac
from nlac.predictors.networks.layers import Activation, Affine, Gru, Linear, Network
from nlac.predictors.networks.models import Model

INPUTS, OUTPUTS = 20, 4


def random_matrix(rng: np.random.Generator, rows: int, columns: int, *down: int) -> Affine:
    """Weights of every size; sums are shifted by about so much."""
    top = int(rng.choice([3, 40, 127]))
    weights = rng.integers(-top, top + 1, (rows, columns))
    bias = rng.integers(-20000, 20001, rows)
    shift = rng.integers(*down, rows)
    return Affine(weights.astype(np.int8), bias.astype(np.int32), shift.astype(np.int32))


def random_network(seed: int, recurrent: bool = False) -> Network:
    """Some layers of any kind between the features and the answers."""
    rng = np.random.default_rng(seed)
    layers: list[Any] = []
    width = INPUTS
    for number in range(int(rng.integers(1, 4))):
        if recurrent and not number:
            units = int(rng.integers(1, 13))
            inner = random_matrix(rng, 3 * units, units, 8, 13)
            layers.append(Gru(random_matrix(rng, 3 * units, width, 6, 11), inner))
            width = units
            continue
        activation = Activation(int(rng.integers(4)))
        taps, residual = int(rng.integers(1, 3)), bool(rng.random() < 0.4)
        length = width if residual else int(rng.integers(1, 13))
        rows = 2 * length if activation == Activation.GATED else length
        layers.append(
            Linear(
                random_matrix(rng, rows, taps * width, 4, 12),
                activation,
                taps=taps,
                dilation=int(rng.integers(1, 40)),
                residual=residual,
            )
        )
        width = length
    last = Activation(int(rng.integers(3)))
    return Network(INPUTS, (*layers, Linear(random_matrix(rng, OUTPUTS, width, 5, 13), last)))


def random_model(seed: int, front: str, recurrent: bool = False) -> Model:
    return Model(random_network(seed, recurrent), {"name": f"random {seed}", "front": front})


def written(samples: np.ndarray, model: Any, bits: int | None = 16, kind: str = "cnn") -> bytes:
    """A stream with a model, which is a path or the name of one that is shipped."""
    stream = io.BytesIO()
    nlac.write(
        stream,
        samples,
        44100,
        bits_per_sample=bits,
        predictor=kind,
        model=model,
        device="cpu",
        block_seconds=60.0,
        threads=1,
    )
    return stream.getvalue()
