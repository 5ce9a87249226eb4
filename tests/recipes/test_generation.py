"""Drawing values, free runs, and where they part from a recording."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from model_tools import NAMES, inputs_of, sound, telling

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import OutputExists, UsageError
from nlac.training.generation.divergence import _parted, best_place, diverge
from nlac.training.generation.free_run import generate
from nlac.training.generation.plot import save_divergence
from nlac.training.generation.sampling import Sampler, Sampling


def draws(model, outputs, count, **settings):
    sampler = Sampler(model, Sampling(**settings))
    return sampler.draw(np.repeat(np.asarray(outputs, np.float32)[None], count, 0))


def shares(model, outputs, **settings):
    drawn = draws(model, outputs, 40_000, seed=7, **settings)
    return np.bincount(drawn, minlength=len(outputs)) / len(drawn)


LOGITS = np.log([0.1, 0.4, 0.05, 0.25, 0.2])


def test_levels_are_drawn_as_likely_as_they_are():
    model = telling("gru")
    assert shares(model, LOGITS) == pytest.approx(np.exp(LOGITS), abs=0.01)
    sharp = np.exp(LOGITS / 0.5) / np.exp(LOGITS / 0.5).sum()
    assert shares(model, LOGITS, temperature=0.5) == pytest.approx(sharp, abs=0.01)
    assert shares(model, LOGITS, temperature=0)[1] == 1.0


def test_top_k_and_top_p():
    model = telling("gru")
    two = np.array([0, 0.4, 0, 0.25, 0]) / 0.65
    assert shares(model, LOGITS, top_k=2) == pytest.approx(two, abs=0.01)
    assert shares(model, LOGITS, top_k=99) == pytest.approx(np.exp(LOGITS), abs=0.01)
    # 0.4 + 0.25 is less than 0.7, so one more is needed
    three = np.array([0, 0.4, 0, 0.25, 0.2]) / 0.85
    assert shares(model, LOGITS, top_p=0.7) == pytest.approx(three, abs=0.01)
    assert shares(model, LOGITS, top_p=0.3)[1] == 1.0
    # top_p is of what top_k leaves
    assert shares(model, LOGITS, top_k=2, top_p=0.6)[1] == 1.0


def test_equal_levels_go_by_number():
    model = telling("gru")
    assert shares(model, np.zeros(5), top_k=1)[0] == 1.0
    assert shares(model, np.zeros(5), temperature=0)[0] == 1.0


def test_logistics():
    model = telling("cnn")
    log_scale = math.log(0.01)
    outputs = [2.0, 1.0, -90.0, 0.25, -0.5, 0.9, log_scale, log_scale - 2, log_scale]
    drawn = draws(model, outputs, 20_000)
    first = drawn > -0.2
    share = 1 / (1 + math.exp(-1))
    assert first.mean() == pytest.approx(share, abs=0.01)
    assert drawn[first].mean() == pytest.approx(0.25, abs=1e-3)
    assert drawn[first].std() == pytest.approx(0.01 * math.pi / math.sqrt(3), rel=0.03)
    assert np.array_equal(drawn * 32768, np.rint(drawn * 32768))
    half = draws(model, outputs, 20_000, temperature=0.5, top_k=1)
    assert half.std() == pytest.approx(0.005 * math.pi / math.sqrt(3), rel=0.03)
    # the second part is lighter, but so narrow that its top is higher
    assert draws(model, outputs, 1, temperature=0) == [-0.5]
    # what is beyond full scale is drawn at it
    outside = [0.0] * 3 + [3.0] * 3 + [log_scale] * 3
    assert draws(model, outside, 1) == [1 - 2.0**-15]


def test_points():
    model = telling("cnn kernel 3")
    model.variance.fill_(0.04)
    assert draws(model, [0.125], 3, temperature=0).tolist() == [0.125] * 3
    assert draws(model, [0.0], 20_000).std() == pytest.approx(0.2, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_values(name):
    model = telling(name)
    x, condition = inputs_of(model, times=20)
    given = None if condition is None else condition.numpy()

    def run(seed):
        return generate(model, 50, Sampling(seed=seed, top_p=0.9), x.numpy(), given)

    assert run(5).tobytes() == run(5).tobytes()
    assert run(5).tobytes() != run(6).tobytes()
    assert run(5).shape == (2, 50)


def test_generation_without_a_beginning():
    model = telling("gru")
    reported = []
    levels = generate(model, 2500, batch=3, report=reported.append)
    assert levels.shape == (3, 2500)
    assert sum(reported) == 2500
    assert generate(model, 0).shape == (1, 0)
    # a longer run begins as a shorter one
    assert np.array_equal(generate(model, 10, batch=3), levels[:, :10])
    with pytest.raises(UsageError, match="length: -1; at least 0"):
        generate(model, -1)


def test_bad_sampling_names_key_value_and_range():
    for key, value, allowed in (
        ("temperature", -0.1, "from 0.0 to 100.0"),
        ("top_p", 0.0, "from 1e-06 to 1.0"),
        ("top_k", 0.5, "from 0 to"),
        ("seed", -1, "from 0 to"),
    ):
        with pytest.raises(UsageError, match=f"{key}: {value}; {allowed}"):
            Sampling(**{key: value})


@pytest.mark.parametrize("name", ["gru", "cnn front", "bytes"])
def test_divergence(name):
    model = telling(name)
    samples = sound(1, 900)[0]
    result = diverge(model, samples, 300, 8000, window=128)
    assert len(result.truth) == len(result.forced) == len(result.free) == 600
    assert np.array_equal(result.truth * 32768, samples[300:])
    assert len(result.free_track.snr) == 4
    if result.first_difference:
        same = result.first_difference
        assert np.array_equal(result.forced[:1], result.free[:1])
        assert result.forced[same] != result.free[same]
    told = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert told["free"]["snr"] == result.free_track.snr
    assert "run" in result.summary()


def test_divergence_of_a_model_that_knows(tmp_path):
    """The free run of a good predictor stays with a sine, that of a bad one does not."""
    model = telling("cnn front")
    with torch.no_grad():
        for parameter in model.stack.parameters():
            parameter.zero_()
    samples = np.rint(9000 * np.sin(0.05 * np.arange(1500))).astype(np.int64)
    result = diverge(model, samples, 500, 8000, window=200)
    assert min(result.forced_track.snr) > 40
    assert min(result.free_track.snr) > 10
    assert result.parted is None
    assert "stays with the recording" in result.summary()
    assert max(map(abs, result.free_track.energy)) < 1
    lost = diverge(telling("gru"), samples, 500, 8000, window=200)
    assert lost.parted == 0
    path = tmp_path / "parting.png"
    save_divergence(lost, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(OutputExists):
        save_divergence(lost, path)


@pytest.mark.parametrize(
    ("bad", "begin"),
    [([], None), (range(6), 0), (range(3, 6), 300), ([3, 4], 300), ([2, 3, 5], 200), ([1], None)],
)
def test_one_window_does_not_decide_where_runs_part(bad, begin):
    """A bad window costs a little more here than a good one gains."""
    truth = np.ones(650)
    run = truth.copy()
    for window in bad:
        run[100 * window : 100 * window + 100] = -0.5
    assert _parted(truth, run, 100) == begin


def test_divergence_needs_a_window():
    with pytest.raises(UsageError, match="begin: 600; at least a window of 128 samples"):
        diverge(telling("gru"), sound(1, 700)[0], 600, 8000, window=128)


def test_best_place():
    rng = np.random.default_rng(0)
    long = rng.normal(0, 1, 500)
    place, match = best_place(long, 3 * long[123:223] + rng.normal(0, 0.01, 100), 200)
    assert place == 123
    assert match == pytest.approx(1.0, abs=1e-3)
    # periods are alike: the nearest counts
    sine = np.sin(2 * np.pi * np.arange(500) / 50)
    assert best_place(sine, sine[:100], 210)[0] == 200
    assert best_place(np.zeros(300), np.ones(100), 7) == (7, 0.0)
