"""The receptive field is as long as a model says: not shorter, and not longer."""

from __future__ import annotations

import pytest
from model_tools import STACK, inputs_of, telling

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from nlac.training.recipes.dilated.stack import StackSettings


@pytest.mark.parametrize(
    "name", ["wavenet", "wavenet one-hot", "cnn", "cnn kernel 3", "bytes", "bytes 24"]
)
@torch.no_grad()
def test_receptive_field(name):
    model = telling(name)
    x, condition = inputs_of(model)
    field, t = model.receptive_field, 149
    assert field < t
    before = model(x, condition)[:, t]

    def changed(at):
        other = x.clone()
        other[:, at] = (other[:, at] + 100) % 64 if model.kind == "categorical" else -0.9
        return not torch.equal(model(other, condition)[:, t], before)

    assert changed(t - field)
    assert not changed(t - field - 1)


def test_receptive_field_of_the_full_sizes():
    assert StackSettings().receptive_field == 1024
    assert StackSettings(layers=12).receptive_field == 4096
    assert StackSettings(layers=10, kernel=3).receptive_field == 2047
    assert StackSettings(layers=10, repeats=3).receptive_field == 3070
    assert StackSettings(**STACK, repeats=2).dilation_of_layers() == [1, 2, 4, 1, 2, 4]
    shrinking = StackSettings(**STACK, dilations="shrinking")
    assert shrinking.dilation_of_layers() == [4, 2, 1]


@pytest.mark.parametrize("name", ["wavenet one-hot", "cnn", "cnn front", "gru", "bytes"])
@torch.no_grad()
def test_pieces_are_as_the_whole(name):
    model = telling(name)
    x, condition = inputs_of(model)
    whole = model(x, condition)
    for chunk in (20, 64, 1000):
        pieces = torch.cat(list(model.sweep(x, condition, chunk)), 1)
        torch.testing.assert_close(pieces, whole, rtol=1e-5, atol=1e-5)
