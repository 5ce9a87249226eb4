"""Networks in PyTorch, whole sequences at a time, on a CPU or a GPU.

All numbers are integers in float64. That is exact, since every sum stays far below 2**53, so the
outputs are those of `reference` on every device. There are no convolutions (their
algorithms may transform the data) and no functions but matrix products, additions,
multiplications by powers of two, floor, clamp and look-up. PyTorch is needed only here,
and never to decode.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nlac._errors import MissingDependency
from nlac._log import logger
from nlac.predictors.networks.layers import (
    ACTIVATION_LIMIT,
    GATE_TOP,
    Activation,
    Affine,
    Linear,
    Network,
)
from nlac.predictors.networks.tables import sigmoid_table, tanh_table

if TYPE_CHECKING:
    from torch import Tensor

_CHUNK = 1 << 15  # times that are computed at once


def pick_device(name: str) -> str:
    """Name of the device to use for ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    MissingDependency
        PyTorch or the GPU is not available.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependency(
            f"device {name} needs PyTorch: pip install 'nlac[neural]'"
        ) from error
    has_gpu = torch.cuda.is_available()
    if name == "cuda" and not has_gpu:
        raise MissingDependency("PyTorch finds no GPU that it can use (CUDA); use the CPU instead")
    return "cuda" if has_gpu and name != "cpu" else "cpu"


@cache
def encoding_device(name: str, recurrent: bool = False) -> str:
    """Where an encoder runs its networks: ``"cpu"``, in compiled code, or ``"cuda"``, in PyTorch.

    ``auto`` is the GPU if there is one that PyTorch can use, but not for recurrent networks:
    their steps depend on each other, and compiled code ends one before a GPU begins.

    Raises
    ------
    MissingDependency
        ``cuda`` is asked for, and PyTorch or the GPU is not available.
    """
    if name == "auto" and (recurrent or not (find_spec("torch") and _has_driver())):
        return "cpu"
    device = name if name == "cpu" else pick_device(name)
    if recurrent and device != "cpu":
        logger.warning(
            "steps of a recurrent network wait for each other, which is slow on a GPU; device "
            "auto leaves them to the CPU, for the same bytes"
        )
    return device


def _has_driver() -> bool:
    """Whether the driver of a GPU is installed. Asking PyTorch would take seconds, to import it."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


class BulkRunner:
    """Layers of a network on a device, with their state for one sequence, 0 at first.

    Parameters
    ----------
    network : Network
    device : str
        As PyTorch calls it.
    """

    def __init__(self, network: Network, device: str) -> None:
        self._device = device
        self._outputs = network.outputs
        self._layers = [
            _LinearRun(layer, device) if isinstance(layer, Linear) else _GruRun(layer, device)
            for layer in network.layers
        ]

    def run(self, inputs: NDArray[np.int16]) -> NDArray[np.int16]:
        """Return the outputs for the next times of the sequence, (times, outputs) int16."""
        import torch

        out = np.empty((len(inputs), self._outputs), np.int16)
        no_autocast = torch.autocast(device_type=torch.device(self._device).type, enabled=False)
        with torch.no_grad(), no_autocast:
            for begin in range(0, len(inputs), _CHUNK):
                piece = np.ascontiguousarray(inputs[begin : begin + _CHUNK])
                x = torch.from_numpy(piece).to(self._device)
                out[begin : begin + _CHUNK] = self.outputs(x).cpu().numpy()
        return out

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs for the next times, int16 like the inputs and on the same device."""
        x = inputs.double()
        for layer in self._layers:
            x = layer(x)
        return x.short()


class _Matrix:
    def __init__(self, affine: Affine, device: str) -> None:
        self.weights = _tensor(affine.weights.T, device)
        self.start = _tensor(affine.start, device)
        self.scale = _tensor(np.ldexp(1.0, -affine.shift), device)

    def __call__(self, x: Tensor) -> Tensor:
        return ((x @ self.weights + self.start) * self.scale).floor()


class _Table:
    def __init__(self, table: NDArray[np.int16], device: str) -> None:
        self.table = _tensor(table, device)

    def __call__(self, x: Tensor) -> Tensor:
        index = x.clamp(-GATE_TOP - 1, GATE_TOP) + (GATE_TOP + 1)
        return self.table[index.long()]


class _LinearRun:
    def __init__(self, layer: Any, device: str) -> None:
        import torch

        self.layer = layer
        self.matrix = _Matrix(layer.affine, device)
        self.sigmoid, self.tanh = _Table(sigmoid_table(), device), _Table(tanh_table(), device)
        columns = layer.affine.weights.shape[1] // layer.taps
        shape = ((layer.taps - 1) * layer.dilation, columns)
        self.past = torch.zeros(shape, dtype=torch.float64, device=device)

    def __call__(self, x: Tensor) -> Tensor:
        import torch

        columns = x
        if self.layer.taps == 2:
            both = torch.cat([self.past, x])
            self.past = both[len(x) :]
            columns = torch.cat([both[: len(x)], x], dim=1)
        y = self.matrix(columns)
        activation = self.layer.activation
        if activation == Activation.NONE:
            y = y.clamp(-ACTIVATION_LIMIT, ACTIVATION_LIMIT)
        elif activation == Activation.RELU:
            y = y.clamp(0, ACTIVATION_LIMIT)
        elif activation == Activation.TANH:
            y = self.tanh(y)
        else:
            left, right = y.chunk(2, dim=1)
            y = _rounded(self.tanh(left) * self.sigmoid(right), 15)
        return (x + y).clamp(-ACTIVATION_LIMIT, ACTIVATION_LIMIT) if self.layer.residual else y


class _GruRun:
    def __init__(self, layer: Any, device: str) -> None:
        import torch

        self.inward = _Matrix(layer.inward, device)
        self.recurrent = _Matrix(layer.recurrent, device)
        self.sigmoid, self.tanh = _Table(sigmoid_table(), device), _Table(tanh_table(), device)
        self.state = torch.zeros(layer.outputs, dtype=torch.float64, device=device)

    def __call__(self, x: Tensor) -> Tensor:
        import torch

        inward = self.inward(x)
        out = []
        h = self.state
        for t in range(len(x)):
            a, c = inward[t].chunk(3), self.recurrent(h).chunk(3)
            reset = self.sigmoid(_rounded(a[0] + c[0], 2))
            update = self.sigmoid(_rounded(a[1] + c[1], 2))
            candidate = self.tanh(_rounded(a[2] + _rounded(reset * c[2], 15), 2))
            h = _rounded(update * h + (32768 - update) * candidate, 15)
            out.append(h)
        self.state = h
        return torch.stack(out)


def _rounded(x: Tensor, bits: int) -> Tensor:
    """Shift down by some bits, rounding half up."""
    return ((x + (1 << bits >> 1)) * 2.0**-bits).floor()


def _tensor(array: NDArray[Any], device: str) -> Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, np.float64)).to(device)
