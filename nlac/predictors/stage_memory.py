"""Memory of LMS stages: arrays that live as long as their owner, found by address."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.predictors import cascade_lms as lms
from nlac.predictors.cascade_parameters import StageParameters

_HISTORY_PAD = 4096 + 16  # zeros before a history
# 2**(30 - i / 4)
_QUARTERS = (1073741824, 902905651, 759250125, 638450708)


class StageMemory:
    """What has stages."""

    def __init__(self) -> None:
        self._keep: list[NDArray[np.generic]] = []

    def _new(self, size: int, kind: type[np.generic] = np.int64) -> int:
        # vectors want cache lines of their own
        width = np.dtype(kind).itemsize
        array = np.zeros(size + 64 // width, kind)
        self._keep.append(array)
        address: int = array.ctypes.data
        return -(-address // 64) * 64

    def _cells(self, size: int) -> NDArray[np.int64]:
        array = np.zeros(size, np.int64)
        self._keep.append(array)
        return array

    def _history(self, frames: int) -> int:
        """Address of time 0 of a new history."""
        return self._new(_HISTORY_PAD + frames + 16, np.int16) + 2 * _HISTORY_PAD

    def _stage(
        self, cells: NDArray[np.int64], stage: StageParameters, history: int,
        other: int, ahead: int, unit: int,
    ) -> None:
        """Fill the cells of a stage; `other` is the address of the reference's history, or 0."""
        cells[lms.L_TAPS] = stage.taps
        cells[lms.L_HISTORY] = history
        cells[lms.L_WEIGHTS] = self._new(stage.taps, np.int32)
        cells[lms.L_COPIES] = self._new(stage.taps, np.int16)
        if other and stage.other:
            cells[lms.L_OTHER] = stage.other
            cells[lms.L_OTHER_HISTORY] = other
            cells[lms.L_OTHER_WEIGHTS] = self._new(stage.other, np.int32)
            cells[lms.L_OTHER_COPIES] = self._new(stage.other, np.int16)
            cells[lms.L_AHEAD] = ahead
        cells[lms.L_UNIT] = unit
        cells[lms.L_GROUP] = 4 if stage.taps > 32 else 1
        # for three means of powers in Q8 and errors in Q3: 3 * 2**(46 + 8 - 3 - step / 4)
        cells[lms.L_STEP] = (3 * _QUARTERS[stage.step & 3] << 21) >> (stage.step >> 2)
