"""Time free generation on one core: cached states against naive recomputation.

    python benchmarks/generation.py [--json FILE]

Models have random weights, which take as long as trained ones, and draw with the settings named in
the table. Naive recomputation runs the whole model over its receptive field for each sample, as it
is trained; cached generation goes through `nlac.training.generation`. Both run side by side, one
after the other in rounds, on one thread; the best round of each counts. Compilation is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from nlac._output import open_output
from nlac.training.generation.free_run import generate
from nlac.training.generation.sampling import Sampler, Sampling
from nlac.training.recipes.attention.bytes import ByteTransformer, ByteTransformerSettings
from nlac.training.recipes.dilated.cnn import Cnn, CnnSettings
from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings
from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.recipes.recurrent.gru import Gru, GruSettings
from nlac.training.recipes.stepper import Stepper

ROUNDS = 5
CACHED, NAIVE = 4000, 12  # values of a round
MODELS: dict[str, Callable[[], SamplePredictor]] = {
    "WaveNet-256": lambda: WaveNet(WaveNetSettings()),
    "GRU-128": lambda: Gru(GruSettings()),
    "CNN": lambda: Cnn(CnnSettings()),
    "CNN, front 32": lambda: Cnn(CnnSettings(front_order=32)),
    "byte transformer": lambda: ByteTransformer(ByteTransformerSettings()),
}
# what is asked for: times the naive speed, samples a second
WANTED = {"WaveNet-256": (100.0, 4000.0), "GRU-128": (0.0, 15000.0)}


def naive(model: SamplePredictor, start: NDArray[np.int64], count: int, sampling: Sampling) -> None:
    """Draw some values, each from a run over the last receptive field."""
    sampler, x = Sampler(model, sampling), torch.from_numpy(start)
    for _ in range(count):
        seen = x[:, -model.receptive_field :]
        # the value at the end is what is predicted: any will do
        following = torch.zeros_like(seen[:, :1])
        outputs = model(torch.cat([seen, following], 1))[:, -1]
        drawn = torch.from_numpy(sampler.draw(outputs.numpy())[:, None])
        x = torch.cat([x, drawn.to(x.dtype)], 1)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@torch.no_grad()
def measure(name: str, sampling: Sampling) -> dict[str, float | str]:
    """Samples a second of both ways."""
    torch.manual_seed(1)
    model = MODELS[name]().eval()
    stepper: Stepper = model.stepper()
    times = model.receptive_field
    noise = np.rint(np.random.default_rng(0).normal(0, 1000, (1, times))).astype(np.int64)
    start = model.representation.encode(noise)[:, :times]
    generate(model, 10, sampling, stepper=stepper)
    naive(model, start, 1, sampling)
    cached, whole = [], []
    for _ in range(ROUNDS):
        cached.append(seconds(lambda: generate(model, CACHED, sampling, stepper=stepper)))
        whole.append(seconds(lambda: naive(model, start, NAIVE, sampling)))
    size = model.representation.codes_per_sample
    return {
        "model": name,
        "weights": sum(p.numel() for p in model.parameters()),
        "receptive_field": model.receptive_field,
        "cached": CACHED / size / min(cached),
        "naive": NAIVE / size / min(whole),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        # one core, whatever else would use more
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sampling = Sampling(temperature=0.9, top_k=64, seed=1)
    print(f"{'model':18} {'weights':>9} {'field':>6} {'cached/s':>9} {'naive/s':>8} {'ratio':>7}")
    results, missed = [], []
    for name in MODELS:
        found = measure(name, sampling)
        ratio = float(found["cached"]) / float(found["naive"])
        results.append(found)
        print(
            f"{name:18} {found['weights']:9,} {found['receptive_field']:6} "
            f"{found['cached']:9,.0f} {found['naive']:8,.1f} {ratio:7,.0f}",
            flush=True,
        )
        times, speed = WANTED.get(name, (0.0, 0.0))
        if ratio < times or float(found["cached"]) < speed:
            missed.append(f"{name}: at least {times:g} x naive and {speed:,.0f} a second")
    if arguments.json:
        text = json.dumps({"sampling": sampling.as_dict(), "models": results}, indent=2)
        with open_output(arguments.json, force=True) as out:
            out.write(text.encode() + b"\n")
    for line in missed:
        print(f"not reached: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
