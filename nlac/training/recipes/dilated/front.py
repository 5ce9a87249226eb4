"""Adaptive linear prediction before a network: least squares over the past, solved anew at times.

A network on raw samples spends its capacity on learning linear prediction, and does that worse
than least squares. So samples are first predicted by weights that minimise the squared error over
all blocks before the present one, where a block `memory` samples ago counts 1/e as much as the last
one. The network then sees the error of this prediction, relative to its running mean. Samples of
another channel may help to predict: those that are known before the sample, see `stereo`.

Everything is backward-adaptive: a function of past samples only, without parameters.
`adaptive_front` has whole sequences at once, `FrontState` one sample after the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nlac._typing import F64, FloatSamples

FEATURES = 5
_SPANS = (16, 128, 1024)  # samples of the running means of the absolute error
_UNIT = 1  # index of the span that errors are relative to
_GROUP = 64  # blocks that are worked on at once, which bounds the memory
# loading of the diagonal: relative to its mean, and in squared steps between samples
_RIDGE, _FLOOR = 1e-9, 16.0
_LEAST = 0.25  # added to running means, in steps
# an error that is taken to precede the first sample: a loud beginning would cost thousands of bits
# if none were expected
_PRIOR = 2.0**-6


class Front(NamedTuple):
    """What is known before each sample, float32.

    Attributes
    ----------
    features : (batch, times, FEATURES) Tensor
        Inputs of the network: last error and predicted change of the sample, relative to the
        unit; two ratios of running means; the level.
    prediction, unit : (batch, times) Tensor
        Predicted sample, and running mean of the absolute error.
    """

    features: Tensor
    prediction: Tensor
    unit: Tensor


@dataclass(frozen=True, slots=True)
class FrontSize:
    """What predicts, and how quickly it adapts.

    Attributes
    ----------
    own, other : int
        Number of past samples that predict the next one; number of samples of another channel.
    memory : int
        Samples after which the weight of an error falls to 1/e.
    every : int
        Samples of a block, after which weights are computed anew.
    step : float
        Distance between two neighbouring samples.
    """

    own: int
    other: int
    memory: int
    every: int
    step: float


def stereo(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Channels of stereo recordings as sequences, and what the other channel tells before each.

    The first channel is coded before the second: it knows the past of the second only, while the
    second knows the present sample of the first.

    Parameters
    ----------
    samples : (batch, 2, times) float Tensor
        Samples in -1 to 1.

    Returns
    -------
    x, other : (2 * batch, times) float Tensor
        Both channels of each recording after each other; the last sample of the other channel that
        is known before each.
    """
    left, right = samples[:, 0], samples[:, 1]
    other = torch.stack([functional.pad(right, (1, 0))[:, :-1], left], 1)
    return samples.flatten(0, 1), other.flatten(0, 1)


@torch.no_grad()
def adaptive_front(x: Tensor, other: Tensor | None, size: FrontSize) -> Front:
    """Predict each sample linearly from those before it.

    Parameters
    ----------
    x : (batch, times) float Tensor
        Samples in -1 to 1.
    other : (batch, times) float Tensor or None
        Samples of another channel, each known before that of `x`; silence if None.
    size : FrontSize
        What predicts.
    """
    samples, step = x.double(), size.step
    beside = torch.zeros_like(samples) if other is None else other.double()
    prediction = _predict(samples, beside, size)
    error = samples - prediction
    sums = functional.pad(error.abs().cumsum(1), (1, 0))
    times = torch.arange(x.shape[1], device=x.device)
    means = []
    for span in _SPANS:
        total = sums[:, times] - sums[:, (times - span).clamp_min(0)] + _PRIOR * (times < span)
        means.append(total / (times + 1).clamp_max(span) + _LEAST * step)
    unit = means[_UNIT]
    last = functional.pad(samples, (1, 0))[:, :-1]
    last_error = functional.pad(error, (1, 0))[:, :-1]
    features = torch.stack(
        [
            torch.asinh(last_error / unit),
            torch.asinh((prediction - last) / unit),
            torch.log(means[0] / unit),
            torch.log(means[2] / unit),
            torch.log(unit / step) / 4 - 1,
        ],
        dim=-1,
    )
    return Front(features.float(), prediction.float(), unit.float())


def _predict(samples: Tensor, other: Tensor, size: FrontSize) -> Tensor:
    batch, times = samples.shape
    every, order = size.every, size.own + size.other
    blocks = -(-times // every)
    rest = blocks * every - times
    padded = functional.pad(samples, (size.own, rest))
    beside = functional.pad(other, (size.other, rest))
    fade = math.exp(-every / size.memory)
    # products of samples that predict, and beside them those with the sample to predict
    products = samples.new_zeros(batch, 1, order * (order + 1))
    identity = torch.eye(order, dtype=samples.dtype, device=samples.device)
    pieces = []
    for begin in range(0, blocks, _GROUP):
        count = min(_GROUP, blocks - begin)
        first, last = begin * every, (begin + count) * every
        windows = padded[:, first : last + size.own - 1].unfold(1, size.own, 1)
        if size.other:
            # of the other channel, the sample at the same place is known
            near = beside[:, first + 1 : last + size.other].unfold(1, size.other, 1)
            windows = torch.cat([windows, near], 2)
        windows = windows.reshape(batch, count, every, order)
        wanted = padded[:, first + size.own : last + size.own].reshape(batch, count, every, 1)
        new = (windows.transpose(2, 3) @ torch.cat([windows, wanted], 3)).flatten(2)
        # what all blocks before each have left, as one product: entry (i, j) is fade**(i - 1 - j)
        ages = torch.arange(count + 1, dtype=samples.dtype, device=samples.device)
        since = ages[:, None] - 1 - ages[None, :count]
        left = torch.where(since >= 0, fade ** since.clamp_min(0), 0.0) @ new
        left = left + (fade**ages)[:, None] * products
        products = left[:, -1:]
        both = left[:, :-1].unflatten(2, (order, order + 1))
        matrix, targets = both[..., :order], both[..., order:]
        mean = matrix.diagonal(dim1=2, dim2=3).mean(2)
        matrix = matrix + (_RIDGE * mean + _FLOOR * size.step**2)[..., None, None] * identity
        weights = torch.cholesky_solve(targets, torch.linalg.cholesky(matrix))
        pieces.append((windows @ weights).reshape(batch, count * every))
    return torch.cat(pieces, 1)[:, :times]


class FrontState:
    """`adaptive_front` one sample after the other, in NumPy.

    Attributes
    ----------
    features : (batch, FEATURES) float32 array
        As in `Front`, before the next sample.
    prediction, unit : (batch,) float64 array
        The same.

    Parameters
    ----------
    batch : int
        Number of sequences.
    size : FrontSize
        What predicts.
    other : (batch,) float64 array
        Of another channel, what is known before the first sample.
    """

    features: FloatSamples
    prediction: F64
    unit: F64

    def __init__(self, batch: int, size: FrontSize, other: F64) -> None:
        self._size, self._fade = size, math.exp(-size.every / size.memory)
        self._time = 0
        order = size.own + size.other
        # past samples, then those of the other channel; the latest last
        self._history = np.zeros((batch, order))
        self._weights = np.zeros((batch, order))
        self._products, self._new_products = np.zeros((2, batch, order, order))
        self._targets, self._new_targets = np.zeros((2, batch, order))
        # sums of absolute errors before each of the last samples
        self._sums = np.zeros((batch, max(_SPANS) + 1))
        self._last_error, self._last = np.zeros((2, batch))
        if size.other:
            self._history[:, -1] = other
        self._prepare()

    def update(self, samples: F64, other: F64) -> None:
        """Learn the next sample of each sequence.

        Parameters
        ----------
        samples : (batch,) float64 array
            Samples in -1 to 1.
        other : (batch,) float64 array
            Of another channel, what is known before the samples after these.
        """
        error = samples - self.prediction
        self._new_products += self._history[:, :, None] * self._history[:, None, :]
        self._new_targets += self._history * samples[:, None]
        self._history[:, :-1] = self._history[:, 1:]
        self._history[:, self._size.own - 1] = samples
        if self._size.other:
            self._history[:, -1] = other
        self._last = samples
        self._time += 1
        length = self._sums.shape[1]
        before = self._sums[:, (self._time - 1) % length]
        self._sums[:, self._time % length] = before + np.abs(error)
        self._last_error = error
        if self._time % self._size.every == 0:
            self._solve()
        self._prepare()

    def _solve(self) -> None:
        for old, new in (
            (self._products, self._new_products),
            (self._targets, self._new_targets),
        ):
            old *= self._fade
            old += new
            new[:] = 0.0
        order = self._history.shape[1]
        mean = np.einsum("bii->b", self._products) / order
        loading = _RIDGE * mean + _FLOOR * self._size.step**2
        matrix = self._products + loading[:, None, None] * np.eye(order)
        self._weights = np.linalg.solve(matrix, self._targets[..., None])[..., 0]

    def _prepare(self) -> None:
        time, length = self._time, self._sums.shape[1]
        self.prediction = (self._history * self._weights).sum(1)
        now = self._sums[:, time % length]
        means = []
        for span in _SPANS:
            total = now - self._sums[:, max(time - span, 0) % length] + _PRIOR * (time < span)
            means.append(total / min(time + 1, span) + _LEAST * self._size.step)
        self.unit = means[_UNIT]
        self.features = np.stack(
            [
                np.arcsinh(self._last_error / self.unit),
                np.arcsinh((self.prediction - self._last) / self.unit),
                np.log(means[0] / self.unit),
                np.log(means[2] / self.unit),
                np.log(self.unit / self._size.step) / 4 - 1,
            ],
            axis=1,
        ).astype(np.float32)
