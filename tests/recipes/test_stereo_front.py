"""The adaptive front, and what another channel tells it."""

from __future__ import annotations

import numpy as np
import pytest
from model_tools import STACK, sound

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac._errors import UsageError
from nlac.training.recipes.dilated.cnn import Cnn, CnnSettings
from nlac.training.recipes.dilated.front import FrontSize, adaptive_front, stereo

FRONT = {"front_order": 8, "front_other": 4, "front_memory": 300, "front_every": 16}


def recording() -> torch.Tensor:
    """(1, 2, 700) float samples: the right channel is the left one, quieter, and little noise."""
    rng = np.random.default_rng(1)
    left = sound(1, 700)[0] + np.rint(rng.normal(0, 900, 700))
    right = np.rint(0.5 * left + rng.normal(0, 3, 700))
    return torch.from_numpy(np.stack([left, right]) / 32768).float()[None]


def model():
    made = Cnn(CnnSettings(**STACK, parts=3, **FRONT)).eval()
    with torch.no_grad():
        made.stack.last.weight.normal_(0, 0.2)
    return made


def test_what_is_known_before_each_sample():
    samples = recording()
    x, other = stereo(samples)
    assert torch.equal(x, samples[0])
    assert torch.equal(other[1], samples[0, 0])
    assert torch.equal(other[0, 1:], samples[0, 1, :-1])
    assert other[0, 0] == 0


def test_the_other_channel_helps():
    x, other = stereo(recording())
    alone = adaptive_front(x, None, FrontSize(8, 0, 300, 16, 2.0**-15))
    both = adaptive_front(x, other, FrontSize(8, 4, 300, 16, 2.0**-15))

    def error(front):
        return (x - front.prediction)[:, 200:].abs().mean(1) * 32768

    assert error(both)[1] < 5 < 100 < error(alone)[1]
    assert error(both)[0] < 1.1 * error(alone)[0]


@torch.no_grad()
def test_cached_as_naive():
    network = model()
    x, other = stereo(recording())
    expected = network(x, None, other)
    stepper = network.stepper()
    first = stepper.reset(2, other=other[:, 0].numpy())
    rest = stepper.advance(x[:, :-1].numpy(), other[:, 1:].numpy())
    outputs = np.concatenate([first[:, None], rest], 1)
    torch.testing.assert_close(torch.from_numpy(outputs), expected, rtol=1e-5, atol=1e-5)
    pieces = torch.cat(list(network.sweep(x, None, 100, other)), 1)
    torch.testing.assert_close(pieces, expected, rtol=1e-5, atol=1e-5)
    # silence beside it is as nothing
    silent = network(x, None, torch.zeros_like(x))
    assert torch.equal(network(x), silent)


@torch.no_grad()
def test_the_present_of_the_second_channel_stays_hidden():
    network, samples = model(), recording()
    before = network(*both(samples)).unflatten(0, (1, 2))
    changed = samples.clone()
    changed[:, :, 400:] *= -1
    after = network(*both(changed)).unflatten(0, (1, 2))
    assert torch.equal(before[:, 0, :401], after[:, 0, :401])
    # the second channel knows the present of the first
    assert torch.equal(before[:, 1, :400], after[:, 1, :400])
    assert not torch.equal(before[:, 1, 400], after[:, 1, 400])


def both(samples):
    x, other = stereo(samples)
    return x, None, other


def test_models_without_it_say_so():
    plain = Cnn(CnnSettings(**STACK, front_order=8))
    x, other = stereo(recording())
    with pytest.raises(UsageError, match="other: this model uses no other channel"):
        plain(x, None, other)
