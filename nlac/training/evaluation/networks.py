"""Sample predictors of runs: code lengths and predicted samples, each from the true ones before."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nlac._errors import UsageError
from nlac._typing import F64
from nlac.training.evaluation.method import IDEAL, Measured, Method
from nlac.training.evaluation.recordings import Item
from nlac.training.evaluation.runs import Loaded
from nlac.training.recipes.predictor import SamplePredictor
from nlac.training.signal.companding import decode_mu_law, integers_in_level
from nlac.training.signal.representation import Bytes, MuLaw


class Network(Method):
    """A sample predictor; channels are coded apart from each other, each by itself.

    Parameters
    ----------
    loaded : Loaded
        The run, with a `SamplePredictor`.
    """

    def __init__(self, loaded: Loaded) -> None:
        self._loaded, self.info = loaded, loaded.info
        assert isinstance(loaded.model, SamplePredictor)
        self._model = loaded.model

    @torch.inference_mode()
    def measure(self, item: Item) -> Measured:
        """Add up the code lengths of a recording."""
        model, device = self._model, self._loaded.device
        form = model.representation
        if item.bits != form.bits:
            raise UsageError(f"samples of {item.bits} bits; the model takes {form.bits}")
        samples = np.ascontiguousarray(item.samples.T)
        begin = time.perf_counter()
        x = form.encode(torch.from_numpy(samples).to(device))
        condition = self._loaded.condition(item, len(samples))
        codes, predicted, right, at = [], [], 0, 0
        for outputs in model.sweep(x, condition):
            here = x[:, at : at + outputs.shape[1]]
            at += outputs.shape[1]
            codes.append(model.nll(outputs, here).double().cpu().numpy())
            predicted.append(expected(model, outputs))
            if model.kind == "categorical":
                right += int((outputs.argmax(-1) == here).sum())
        seconds = time.perf_counter() - begin
        bits = float(np.concatenate(codes, 1).sum()) / math.log(2)
        figures: dict[str, Any] = {}
        if model.kind == "categorical":
            figures["accuracy"] = right / x.numel()
        cross_entropy = bits / samples.size
        if isinstance(form, MuLaw):
            bits += rest_bits(form, samples, x.cpu().numpy())
        full = np.concatenate(predicted, 1)
        if isinstance(form, MuLaw) and form.emphasis:
            full = full + form.emphasis * _before(samples) * 2.0 ** (1 - form.bits)
        top = 2.0 ** (form.bits - 1)
        return Measured(
            seconds, bits, IDEAL, cross_entropy=cross_entropy,
            predicted=np.clip(full * top, -top, top - 1).T, figures=figures,
        )  # fmt: skip


def expected(model: SamplePredictor, outputs: Tensor) -> F64:
    """Mean of what a model predicts, which has the least squared error.

    Of bytes it is the mean of the high one, and the middle of what the others may be: the outputs
    for these have seen the true high byte. Of mu-law levels it is that of the emphasised signal.

    Parameters
    ----------
    model : SamplePredictor
        The model.
    outputs : (batch, times, outputs) float Tensor
        Its outputs.

    Returns
    -------
    (batch, times) float64 array
        In units of full scale.
    """
    form = model.representation
    if model.kind == "point":
        found = outputs[..., 0]
    elif model.kind == "logistics":
        logits, means, _ = outputs.float().chunk(3, -1)
        found = (torch.softmax(logits, -1) * means).sum(-1)
    elif isinstance(form, Bytes):
        high = torch.softmax(outputs[:, :: form.codes_per_sample].float(), -1)
        levels = torch.arange(256, device=outputs.device, dtype=torch.float32)
        middle = 0.5 if form.codes_per_sample > 1 else 0.0
        found = ((high * levels).sum(-1) + middle) / 128 - 1
    else:
        assert isinstance(form, MuLaw)
        values = decode_mu_law(np.arange(form.levels), form.levels, form.silence)
        table = torch.from_numpy(values).float().to(outputs.device)
        found = torch.softmax(outputs.float(), -1) @ table
    return found.double().cpu().numpy()  # type: ignore[no-any-return]


def rest_bits(form: MuLaw, samples: Any, codes: Any) -> float:
    """Bits of samples within their levels, all values of a level being equally likely.

    Parameters
    ----------
    form : MuLaw
        The levels.
    samples : (channels, frames) integer array
        Samples.
    codes : (channels, frames) int64 array
        Their levels.
    """
    offset = form.emphasis * _before(samples) * 2.0 ** (1 - form.bits)
    sizes = integers_in_level(codes, form.levels, form.silence, form.bits, offset)
    return float(np.log2(sizes).sum())


def _before(samples: Any) -> F64:
    """The sample before each, 0 before the first."""
    before = np.zeros(samples.shape)
    before[:, 1:] = samples[:, :-1]
    return before
