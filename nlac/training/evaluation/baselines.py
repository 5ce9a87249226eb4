"""Linear prediction with adaptive Rice codes: what a network has to beat."""

from __future__ import annotations

import time
from collections.abc import Callable

from nlac import __version__
from nlac._typing import IntSamples
from nlac.bench.results import CodecInfo
from nlac.training.evaluation.method import COUNTED, Measured, Method
from nlac.training.evaluation.recordings import Item
from nlac.training.recipes.baseline.joint import JointSettings, predict_jointly
from nlac.training.recipes.baseline.lpc import LpcSettings, Prediction, predict
from nlac.training.recipes.baseline.rice import adaptive_rice_bits

_ORDERS = (8, 16, 32)
_FILE = "-file"
NAMES = (*(f"lpc{n}" for n in _ORDERS), *(f"lpc{n}{_FILE}" for n in _ORDERS), "joint")


class Baseline(Method):
    """Linear prediction by weights that are stored, and the Rice codes of its residual.

    Parameters
    ----------
    name : str
        One of `NAMES`: ``lpc32`` has order 32 and weights for each frame of 4,096 samples,
        ``lpc32-file`` for the whole recording; ``joint`` solves least squares over both channels.
    """

    def __init__(self, name: str) -> None:
        self._predict: Callable[[IntSamples], Prediction]
        if name == "joint":
            joint = JointSettings()
            self._predict = lambda samples: predict_jointly(samples, joint)
            call = f"predict_jointly({joint})"
        else:
            order = int(name.removeprefix("lpc").removesuffix(_FILE))
            settings = LpcSettings(order, 0) if name.endswith(_FILE) else LpcSettings(order)
            self._predict = lambda samples: predict(samples, settings)
            call = f"predict({settings})"
        self.info = CodecInfo(name, "baseline", f"nlac {__version__}", call)

    def measure(self, item: Item) -> Measured:
        """Predict, and count the bits of weights and codes."""
        begin = time.perf_counter()
        found = self._predict(item.samples)
        lengths = adaptive_rice_bits(found.residual)
        seconds = time.perf_counter() - begin
        bits = float(lengths.sum())
        return Measured(
            seconds, bits + found.side_bits, COUNTED,
            cross_entropy=bits / lengths.size, predicted=found.predicted,
        )  # fmt: skip
