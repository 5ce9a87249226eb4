"""What tests of training share: a tiny run, a sound, and a network that says something."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SMALL = {
    "width": 16, "depth": 2, "seconds": 0.25, "pool": 2, "refresh": 2, "batch": 4, "length": 256,
    "burn_in": 16, "steps": 6, "valid_every": 3, "valid_crops": 1, "save_every": 2,
    "quantised": 0.5, "mixed": 0.5,
}  # fmt: skip


def sound(seed: int, frames: int = 6000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 150, (frames, 2)) + rng.normal(0, 300, (frames, 1))
    return np.clip(np.cumsum(steps, 0) * 0.2, -30000, 30000).astype(np.int32)


def telling_module(settings, seed: int):
    """A new network whose last layer is not zero, as it is before training."""
    import torch

    from nlac.training.codec.modules import make_module

    torch.manual_seed(seed)
    module = make_module(settings)
    with torch.no_grad():
        module.last.weight.normal_(0, 0.3)
    return module


def tiny(**changes):
    """The tiny recipe of these tests, with settings by dotted key (with `__` for dots)."""
    from nlac.training.config.experiment import make_experiment
    from nlac.training.config.files import overridden

    values = {
        "recipe": "tiny_recipe.py:tiny",
        "train": {
            "steps": 12, "batch": 4, "rate": 1e-2, "valid_every": 4, "save_every": 5,
            "log_every": 3,
        },
    }  # fmt: skip
    given = {key.replace("__", "."): value for key, value in changes.items()}
    return make_experiment(overridden(values, given), Path(__file__).parent)


def without_times(records: list[dict]) -> list[dict]:
    """Lines of metrics without what differs from run to run."""
    return [{k: v for k, v in record.items() if k != "seconds"} for record in records]
