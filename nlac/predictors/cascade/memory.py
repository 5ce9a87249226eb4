"""Memory of NLMS stages and online networks: arrays that live as long as their owner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.arithmetic import QUARTERS
from nlac.kernels.vectors_i16 import SUM_LANES
from nlac.predictors.cascade.nlms import StageCell
from nlac.predictors.cascade.parameters import StageParameters
from nlac.predictors.cascade.vectors import STAGE_LANES, StageLane
from nlac.predictors.networks import online
from nlac.predictors.networks.online import ONLINE_CELLS, OnlineCell
from nlac.predictors.networks.tables import tanh_table

_HISTORY_PAD = 4096 + 16  # zeros before a history


class StageMemory:
    """Owner of the arrays to which the cells of stages and online networks hold addresses."""

    def __init__(self) -> None:
        self._keep: list[NDArray[np.generic]] = []

    def _new(self, size: int, kind: type[np.generic] = np.int64) -> int:
        """Address of a new array of zeros, at the start of a cache line, as vectors like it."""
        width = np.dtype(kind).itemsize
        array = np.zeros(size + 64 // width, kind)
        self._keep.append(array)
        address: int = array.ctypes.data
        return -(-address // 64) * 64

    def _filled(self, values: NDArray[np.generic]) -> int:
        """Address of a new array that holds these values."""
        address = self._new(values.size, values.dtype.type)
        array = self._keep[-1]
        begin = (address - array.ctypes.data) // values.itemsize
        array[begin : begin + values.size] = values.ravel()
        return address

    def _cells(self, size: int) -> NDArray[np.int64]:
        """New cells, which live as long as this object."""
        array = np.zeros(size, np.int64)
        self._keep.append(array)
        return array

    def _history(self, frames: int) -> int:
        """Address of time 0 of a new int16 history, with zeros before it."""
        return self._new(_HISTORY_PAD + frames + 16, np.int16) + 2 * _HISTORY_PAD

    def _stage(
        self, cells: NDArray[np.int64], stage: StageParameters, history: int,
        other: int, ahead: int, history_shift: int,
    ) -> None:
        """Fill the cells of a stage; `other` is the address of the reference's history, or 0."""
        cells[StageCell.TAPS] = stage.taps
        cells[StageCell.HISTORY] = history
        cells[StageCell.WEIGHTS] = self._new(stage.taps, np.int32)
        cells[StageCell.COPIES] = self._new(stage.taps, np.int16)
        cells[StageCell.SUMS] = self._new(4 * SUM_LANES, np.int32)
        if other and stage.cross_taps:
            cells[StageCell.CROSS_TAPS] = stage.cross_taps
            cells[StageCell.OTHER_HISTORY] = other
            cells[StageCell.OTHER_WEIGHTS] = self._new(stage.cross_taps, np.int32)
            cells[StageCell.OTHER_COPIES] = self._new(stage.cross_taps, np.int16)
            cells[StageCell.AHEAD] = ahead
            cells[StageCell.OTHER_SUMS] = self._new(4 * SUM_LANES, np.int32)
        cells[StageCell.HISTORY_SHIFT] = history_shift
        cells[StageCell.GROUP] = 4 if stage.taps > 32 else 1

    def _stage_lanes(self, stages: Sequence[StageParameters]) -> int:
        """Address of the cells of `StageLane` for these stages."""
        address = self._new(STAGE_LANES)
        cells = self._keep[-1]
        begin = (address - cells.ctypes.data) // 8 + StageLane.STEP
        # for three means of powers in Q8 and errors in Q3: 3 * 2**(46 + 8 - 3 - step / 4)
        cells[begin : begin + len(stages)] = [
            (3 * QUARTERS[stage.step & 3] << 21) >> (stage.step >> 2) for stage in stages
        ]
        return address

    def _online(self, step: int, history: int, other: int, ahead: int) -> int:
        """Address of the cells of a new online network; `other` is as in `_stage`."""
        cells = self._cells(ONLINE_CELLS)
        cells[OnlineCell.HISTORY] = history
        cells[OnlineCell.OTHER_HISTORY], cells[OnlineCell.AHEAD] = other, ahead
        cells[OnlineCell.STEP] = online.step_factor(step)
        cells[OnlineCell.INPUTS] = self._filled(online.first_inputs())
        # for each pair of inputs: unit by unit, the weights of both
        weights = online.first_weights().T
        pairs = (weights >> 16).astype(np.int16).reshape(-1, 2, online.UNITS)
        cells[OnlineCell.WEIGHTS] = self._filled(weights)
        cells[OnlineCell.COPIES] = self._filled(pairs.transpose(0, 2, 1))
        cells[OnlineCell.LINEAR] = self._new(online.WIDE, np.int32)
        cells[OnlineCell.LINEAR_COPIES] = self._new(online.WIDE, np.int16)
        for cell in (OnlineCell.SUMS, OnlineCell.START, OnlineCell.OUTWARD, OnlineCell.VALUES):
            cells[cell] = self._new(online.UNITS, np.int32)
        shifts = np.full(online.UNITS, online.SUM_SHIFT, np.int32)
        cells[OnlineCell.SHIFTS] = self._filled(shifts)
        cells[OnlineCell.TANH] = tanh_table().ctypes.data
        address: int = cells.ctypes.data
        return address
