"""Networks for tests: random ones with weights and shifts as extreme as the rules allow.

Also what tests of blocks and streams share: options for a model file, and samples.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nlac.predictors.networks.layers import (
    ACTIVATION_LIMIT,
    Activation,
    Affine,
    Gru,
    Linear,
    Network,
)


def random_affine(rng, rows, columns, *, extreme=False) -> Affine:
    """Weights of any size that keep the sums within 32 bits."""
    most = min(127, ((1 << 31) - (1 << 26)) // (ACTIVATION_LIMIT * columns)) if extreme else 60
    weights = rng.integers(-most, most + 1, (rows, columns)).astype(np.int8)
    if extreme:
        weights = np.where(weights < 0, -most, most).astype(np.int8)
    reach = 1 << 24 if extreme else 1 << 14
    bias = rng.integers(-reach, reach, rows).astype(np.int32)
    shift = rng.integers(0 if extreme else 8, 25 if extreme else 14, rows).astype(np.int32)
    return Affine(weights, bias, shift)


def random_linear(rng, inputs, outputs, activation, *, extreme=False, **options) -> Linear:
    """A layer; `options` are its other fields."""
    rows = 2 * outputs if activation == Activation.GATED else outputs
    affine = random_affine(rng, rows, options.get("taps", 1) * inputs, extreme=extreme)
    return Linear(affine, activation, **options)


def random_gru(rng, inputs, units, *, extreme=False) -> Gru:
    """A layer of `units`."""
    return Gru(
        random_affine(rng, 3 * units, inputs, extreme=extreme),
        random_affine(rng, 3 * units, units, extreme=extreme),
    )


def random_network(
    rng, *, extreme=False, recurrent=0.25, activations=tuple(Activation)
) -> Network:
    """A few layers of any kind, of odd sizes."""
    inputs = width = int(rng.integers(1, 40))
    layers = []
    for _ in range(int(rng.integers(1, 6))):
        outputs = int(rng.integers(1, 40))
        if rng.random() < recurrent:
            layers.append(random_gru(rng, width, outputs, extreme=extreme))
        else:
            residual = bool(rng.random() < 0.5)
            layers.append(
                random_linear(
                    rng, width, width if residual else outputs,
                    activations[rng.integers(len(activations))],
                    extreme=extreme, taps=int(rng.integers(1, 3)),
                    dilation=int(rng.integers(1, 20)), residual=residual,
                )
            )
        width = layers[-1].outputs
    return Network(inputs, tuple(layers))


def loud(rng, *shape) -> np.ndarray:
    """Inputs of which many are at the very limits."""
    values = rng.integers(-ACTIVATION_LIMIT, ACTIVATION_LIMIT + 1, shape)
    return np.where(rng.random(shape) < 0.4, np.sign(values) * ACTIVATION_LIMIT, values).astype(
        np.int16
    )


def kind_of(path: Path) -> str:
    return path.stem.split("-")[0]


def behind_lpc(path: Path) -> bool:
    return path.stem.endswith("-lpc")


def options_for(path: Path, **others) -> dict:
    return {"preset": "high", "predictor": kind_of(path), "model": path, **others}


def music(frames: int, channels: int = 2, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 300, (frames, channels)) + rng.normal(0, 500, (frames, 1))
    return np.clip(np.cumsum(steps, 0) * 0.3, -32768, 32767).astype(np.int32)
