"""First-order pre-emphasis: high frequencies are raised before few levels make their noise.

``y[t] = x[t] - coefficient * x[t-1]``, and back. A sample before the first is 0. Bringing a
signal back multiplies errors at low frequencies, by up to ``1 / (1 - coefficient)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nlac._typing import F64
from nlac.training.signal.companding import Signal, library_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def emphasise(x: Signal, coefficient: float) -> Signal:
    """Apply pre-emphasis along the last axis.

    Parameters
    ----------
    x : (..., times) float array or Tensor
        Samples.
    coefficient : float
        From 0, which changes nothing, to less than 1.

    Returns
    -------
    (..., times) float array or Tensor
        In -(1 + coefficient) to 1 + coefficient for samples in -1 to 1.
    """
    lib = library_of(x)
    before = lib.zeros_like(x)
    before[..., 1:] = x[..., :-1]
    return x - coefficient * before  # type: ignore[no-any-return]


def deemphasise(y: NDArray[Any], coefficient: float, before: float | F64 = 0.0) -> F64:
    """Invert `emphasise`, in float64.

    What was emphasised in float32 comes back within ``2**-23 / (1 - coefficient)`` of full scale.

    Parameters
    ----------
    y : (..., times) float array
        Emphasised samples.
    coefficient : float
        As for `emphasise`.
    before : float or (...) float64 array
        Sample before the first, where the signal is a continuation.
    """
    from nlac.training.signal.loops import integrate

    rows = np.array(y, np.float64, ndmin=2, order="C").reshape(-1, y.shape[-1])
    first = np.ascontiguousarray(np.broadcast_to(before, y.shape[:-1]), np.float64).reshape(-1)
    integrate(rows, float(coefficient), first)
    return rows.reshape(y.shape)
