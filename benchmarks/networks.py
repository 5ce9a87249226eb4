"""Time the networks of the shipped models, in nanoseconds a sample.

    python benchmarks/networks.py [MODEL ...]

First the decoder's way, one step a sample, then the encoder's, which knows all inputs; for
recurrent networks that is the same. Compilation is not timed; the best of several runs counts.
"""

from __future__ import annotations

import sys
from functools import partial

import numpy as np
import timing

from nlac.predictors.networks.models import open_model
from nlac.predictors.networks.step import NetworkWeights, Runner
from nlac.predictors.networks.sweep import runner_for

TIMES = 20_000
best = partial(timing.best, runs=12)


def main() -> None:
    rng = np.random.default_rng(1)
    print(f"{'model':10} {'weights':>8} {'step':>8} {'encoder':>8} {'ratio':>6}")
    for name in sys.argv[1:] or ("cnn", "cnn-rls", "gru", "gru-rls", "neural"):
        network = open_model(name).network
        inputs = rng.integers(-800, 800, (TIMES, network.inputs)).astype(np.int16)
        layout = NetworkWeights(network)
        kinds = Runner, runner_for(network)
        step, encoder = (
            best(lambda: kind(layout).run(inputs)) * 1e9 / TIMES  # noqa: B023
            for kind in kinds
        )
        ratio = encoder / step
        print(f"{name:10} {network.num_weights:8,} {step:8.0f} {encoder:8.0f} {ratio:6.2f}")


if __name__ == "__main__":
    main()
