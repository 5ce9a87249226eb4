"""No output sees the sample that it predicts, or a later one; all of the receptive field counts."""

from __future__ import annotations

import pytest
from model_tools import NAMES, inputs_of, telling

torch = pytest.importorskip("torch", reason="PyTorch is not installed")


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_no_output_moves_with_what_follows(name):
    model = telling(name)
    x, condition = inputs_of(model)
    before = model(x, condition)
    for t in (0, 1, 47, 148):
        changed = x.clone()
        changed[:, t:] = (x[:, t:] + 5) % 50 if model.kind == "categorical" else -x[:, t:] + 0.01
        after = model(changed, condition)
        assert torch.equal(after[:, : t + 1], before[:, : t + 1])
        assert not torch.equal(after[:, t + 1], before[:, t + 1])


@pytest.mark.parametrize("name", NAMES)
def test_gradients_reach_the_past_only(name):
    model = telling(name).requires_grad_(False)
    x, condition = inputs_of(model)
    t, first = 100, 100
    kept = []
    if "front" in name:
        # the front passes no gradient; its features at t are of samples before t
        model.first.register_forward_pre_hook(lambda _, given: kept.append(watched(given[0])))
        first = t + 1
    elif model.kind == "categorical":
        # levels have no gradient: take that of the vectors that stand for them
        table = model.inputs[0] if hasattr(model, "inputs") else model.embedding
        table.register_forward_hook(lambda *given: kept.append(watched(given[2])))
    else:
        kept.append(watched(x))
    outputs = model(x, condition)
    (gradient,) = torch.autograd.grad(outputs[:, t].sum(), kept[0])
    moved = gradient.reshape(*x.shape, -1).abs().amax((0, 2)) > 0
    assert moved[first - 1]
    assert not moved[first:].any()


def watched(tensor):
    return tensor.requires_grad_()
