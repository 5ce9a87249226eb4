"""Cached states against naive recomputation: the same distribution, the same most likely value."""

from __future__ import annotations

import numpy as np
import pytest
from model_tools import NAMES, distributions, inputs_of, telling

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.generation.free_run import generate
from nlac.training.generation.sampling import Sampler, Sampling
from nlac.training.recipes.dilated.wavenet import WaveNet, WaveNetSettings
from nlac.training.recipes.predictor import SamplePredictor


def array(tensor):
    return None if tensor is None else tensor.numpy()


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_those_of_the_whole(name):
    model = telling(name)
    x, condition = inputs_of(model)
    with torch.no_grad():
        expected = model(x, condition)
    outputs = model.stepper().outputs_for(x.numpy(), array(condition))
    assert outputs.dtype == np.float32
    torch.testing.assert_close(
        distributions(model, outputs), distributions(model, expected), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("name", NAMES)
def test_one_by_one_is_many_at_once(name):
    model = telling(name)
    x, condition = inputs_of(model, times=40)
    stepper = model.stepper()
    once = stepper.outputs_for(x.numpy(), array(condition))
    steps = [stepper.reset(len(x), array(condition))]
    steps += [stepper.step(x[:, t].numpy()) for t in range(39)]
    assert np.array_equal(np.stack(steps, 1), once)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_greedy_generation_is_naive_recomputation(name):
    model = telling(name)
    x, condition = inputs_of(model, times=30)
    greedy = Sampling(temperature=0)
    drawn = generate(model, 60, greedy, x.numpy(), array(condition))
    whole = x
    for t in range(60):
        following = torch.zeros_like(whole[:, :1])
        outputs = model(torch.cat([whole, following], 1), condition)[:, -1]
        values = Sampler(model, greedy).draw(outputs.numpy())
        if model.kind == "categorical":
            assert np.array_equal(values, drawn[:, t])
        else:
            # rounding to a sample may fall to the other side
            assert np.abs(values - drawn[:, t]).max() <= model.step
        given = torch.from_numpy(drawn[:, t : t + 1]).to(whole.dtype)
        whole = torch.cat([whole, given], 1)


@pytest.mark.parametrize("name", ["wavenet one-hot", "cnn kernel 3", "bytes", "bytes 24"])
def test_a_model_without_a_stepper_of_its_own(name):
    model = telling(name)
    x, condition = inputs_of(model, times=90)
    outputs = SamplePredictor.stepper(model).outputs_for(x.numpy(), array(condition))
    own = model.stepper().outputs_for(x.numpy(), array(condition))
    torch.testing.assert_close(
        distributions(model, outputs), distributions(model, own), rtol=1e-5, atol=1e-5
    )


def test_full_wavenet_to_a_hundred_thousandth():
    model = WaveNet(WaveNetSettings()).eval()
    x = torch.randint(0, 256, (1, 1300))
    with torch.no_grad():
        expected = torch.softmax(model(x), -1)
    outputs = torch.softmax(torch.from_numpy(model.stepper().outputs_for(x.numpy())), -1)
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-6)


def test_sequences_side_by_side_do_not_touch():
    model = telling("wavenet one-hot")
    x, condition = inputs_of(model, batch=3)
    both = model.stepper().outputs_for(x.numpy(), array(condition))
    for i in range(3):
        alone = model.stepper().outputs_for(x[i : i + 1].numpy(), array(condition[i : i + 1]))
        assert np.array_equal(alone[0], both[i])


def test_conditions_are_checked():
    model = telling("wavenet one-hot")
    x, _ = inputs_of(model)
    with pytest.raises(UsageError, match="condition: missing; one class from 0 to 2 each"):
        model(x)
    with pytest.raises(UsageError, match=r"condition: shape \(3,\); one class for each of 2"):
        model(x, torch.zeros(3, dtype=torch.long))
    for wrong in (None, np.array([0]), np.array([0, 3]), np.array([-1, 0])):
        with pytest.raises(UsageError, match=r"condition: .*; 2 classes from 0 to 2"):
            model.stepper().reset(2, wrong)
    plain = telling("wavenet")
    with pytest.raises(UsageError, match="condition: this model takes none"):
        plain(x, torch.zeros(2, dtype=torch.long))
    with pytest.raises(UsageError, match="this model takes none"):
        plain.stepper().reset(2, np.zeros(2, np.int64))
    conditioned = [model(x, torch.full((2,), i)) for i in (0, 1)]
    assert not torch.equal(*conditioned)
