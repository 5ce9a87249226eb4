"""Memory of LMS stages and online networks: arrays that live as long as their owner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import QUARTERS
from nlac.predictors.cascade import nlms as lms
from nlac.predictors.cascade.parameters import StageParameters
from nlac.predictors.networks import online
from nlac.predictors.networks.tables import tanh_table

_HISTORY_PAD = 4096 + 16  # zeros before a history


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

    def _filled(self, values: NDArray[np.generic]) -> int:
        """Address of a new array that holds these."""
        address = self._new(values.size, values.dtype.type)
        array = self._keep[-1]
        begin = (address - array.ctypes.data) // values.itemsize
        array[begin : begin + values.size] = values.ravel()
        return address

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
        if other and stage.cross_taps:
            cells[lms.L_OTHER] = stage.cross_taps
            cells[lms.L_OTHER_HISTORY] = other
            cells[lms.L_OTHER_WEIGHTS] = self._new(stage.cross_taps, np.int32)
            cells[lms.L_OTHER_COPIES] = self._new(stage.cross_taps, np.int16)
            cells[lms.L_AHEAD] = ahead
        cells[lms.L_UNIT] = unit
        cells[lms.L_GROUP] = 4 if stage.taps > 32 else 1
        # for three means of powers in Q8 and errors in Q3: 3 * 2**(46 + 8 - 3 - step / 4)
        cells[lms.L_STEP] = (3 * QUARTERS[stage.step & 3] << 21) >> (stage.step >> 2)

    def _online(self, step: int, history: int, other: int, ahead: int) -> int:
        """Address of the cells of a new online network; `other` is as for a stage."""
        cells = self._cells(online.NETWORK)
        cells[online.N_HISTORY] = history
        cells[online.N_OTHER_HISTORY], cells[online.N_AHEAD] = other, ahead
        cells[online.N_STEP] = online.step_factor(step)
        cells[online.N_INPUTS] = self._filled(online.first_inputs())
        # by pair of inputs: the weights of the first in all units, then those of the second
        weights = online.first_weights().T
        pairs = (weights >> 16).astype(np.int16).reshape(-1, 2, online.UNITS)
        cells[online.N_WEIGHTS] = self._filled(weights)
        cells[online.N_COPIES] = self._filled(pairs.transpose(0, 2, 1))
        cells[online.N_LINEAR] = self._new(online.WIDE, np.int32)
        cells[online.N_LINEAR_COPIES] = self._new(online.WIDE, np.int16)
        for cell in (online.N_SUMS, online.N_START, online.N_OUTWARD, online.N_VALUES):
            cells[cell] = self._new(online.UNITS, np.int32)
        shifts = np.full(online.UNITS, online.SUM_SHIFT, np.int32)
        cells[online.N_SHIFTS] = self._filled(shifts)
        cells[online.N_TANH] = tanh_table().ctypes.data
        address: int = cells.ctypes.data
        return address
