"""Memory of a cascade: all arrays of a block, allocated at once and found by address."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.vectors_i64 import DIAGONALS, TILE
from nlac.predictors.cascade import covariance as cov
from nlac.predictors.cascade import nlms as lms
from nlac.predictors.cascade import rls as ex
from nlac.predictors.cascade.memory import StageMemory
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.lpc.parameters import PAD

# cells of a channel
(
    C_EXPERTS, C_NUM_EXPERTS, C_WINDOW, C_STACK, C_STAGES, C_NUM_CASCADES, C_NUM_STAGES, C_FINALS,
    C_NUM_FINALS, C_ONLINE, C_LOW, C_HIGH, C_LOCATIONS, C_SAMPLES, C_SCALED, C_DOWN, C_RESIDUALS,
    C_UNIT, C_STACKED, C_REFERENCE, C_AHEAD, C_AROUND, C_LAG, C_BATCH, C_FIRST, C_PLAIN,
) = range(26)
CHANNEL = 26 + 8  # the plain sum is followed by the experts' predictions
LOCATIONS = 8
SCALED_BITS = 19  # magnitude of samples in covariances
_FOLLOWING = 64  # zeros after samples: vector loops look a little further than they use
_STACK_LOAD = 1 << 32  # what is added to the diagonals of stacks, relative to 2**60
_FIRST_MEMORY = 9  # of the stack of experts
_PATIENT = 8  # memory from which on finals are solved half as often for each step
_MEAN_RATE = 3  # of the error by which stacks weight, as a power of two
# inputs of stacks are clipped at 2**clip times their mean (experts: practically never)
_EXPERT_CLIP, _FINAL_CLIP = 8, 1


class CascadeState(StageMemory):
    """The state of a block, one row of `channels` a channel.

    Attributes
    ----------
    channels : (channels, CHANNEL) int64
        Cells of the channels; those that hold addresses point into arrays that live as long
        as this object.
    locations : (channels, LOCATIONS) int64
        Where the predictions of the present sample are put.
    """

    def __init__(
        self,
        parameters: CascadeParameters,
        references: Sequence[int],
        limits: Sequence[tuple[int, int]],
        units: Sequence[int],
        frames: int,
        long_term: bool,
    ) -> None:
        super().__init__()
        count = len(references)
        self.channels = np.zeros((count, CHANNEL), np.int64)
        self.locations = np.zeros((count, LOCATIONS), np.int64)
        self._frames = frames
        self._share(parameters)
        self._bits = [max(abs(low), abs(high)).bit_length() for low, high in limits]
        for c, ((low, high), bits) in enumerate(zip(limits, self._bits, strict=True)):
            row = self.channels[c]
            row[C_LOW], row[C_HIGH] = low << 8, high << 8
            row[C_UNIT] = units[c]
            row[C_REFERENCE] = references[c]
            row[C_AHEAD] = 1 if 0 <= references[c] < c else 0
            row[C_DOWN] = max(0, bits - SCALED_BITS)
            row[C_SAMPLES] = self._new(PAD + frames + _FOLLOWING)
            row[C_SCALED] = row[C_SAMPLES]
            if row[C_DOWN]:
                row[C_SCALED] = self._new(PAD + frames + _FOLLOWING)
            row[C_RESIDUALS] = self._history(frames)
            # an online network's location comes first
            row[C_LOCATIONS] = self.locations[c, len(parameters.online) :].ctypes.data
        if parameters.online:
            self._errors = [self._history(frames) for _ in range(count)]
        for c in range(count):
            self._build(c, parameters, long_term)

    def _share(self, p: CascadeParameters) -> None:
        """Allocate what is filled and used up within a step, once for all experts and channels."""
        lengths = [
            2 * (2 * max(e.ltp_taps for e in p.rls) + 1),
            max(e.cross_order for e in p.rls),
            max(e.order for e in p.rls) + 1,
        ]
        total = sum(lengths) + DIAGONALS + TILE
        self._sums = self._new(total * total)
        size = max(e.order + 1 + e.cross_order + 2 * (2 * e.ltp_taps + 1) for e in p.rls) + TILE
        self._factor = self._new(size * size + 64)
        self._inverses = self._new(size)

    def _build(self, c: int, p: CascadeParameters, long_term: bool) -> None:
        row = self.channels[c]
        reference = int(row[C_REFERENCE])
        ahead = int(row[C_AHEAD])
        other = self.channels[reference] if reference >= 0 else None
        own_taps = max(e.order for e in p.rls)
        other_taps = max(e.cross_order for e in p.rls) if other is not None else 0
        around = max(e.ltp_taps for e in p.rls) if long_term else 0
        wide = 2 * around + 1 if around else 0
        lengths = (wide if other is not None else 0, wide, other_taps, own_taps + 1)
        total = sum(lengths)
        stride = -(-(total + DIAGONALS) // TILE) * TILE
        window = self._cells(cov.WINDOW)
        batch = 1 << p.batch
        first = 2
        window[: cov.PARTS] = (
            total, first, stride, batch, self._sums
        )
        starts = np.concatenate([[0], np.cumsum(lengths)])
        # by stretch: whose samples, and where they begin at frame 0
        other_row = row if other is None else other
        sources = (other_row, row, other_row, row)
        places = (PAD, PAD, PAD - other_taps + ahead, PAD - own_taps)
        for i in range(cov.SEGMENTS):
            part = cov.PARTS + 4 * i
            window[part : part + 4] = (
                starts[i], lengths[i], sources[i][C_SCALED], places[i]
            )
        row[C_WINDOW] = window.ctypes.data
        row[C_BATCH], row[C_AROUND], row[C_FIRST] = batch, around, first
        rls = self._cells(len(p.rls) * ex.EXPERT).reshape(len(p.rls), ex.EXPERT)
        bits = self._bits[c] if other is None else max(self._bits[c], self._bits[reference])
        rescaled = int(row[C_DOWN] - other_row[C_DOWN])
        for cells, e in zip(rls, p.rls, strict=True):
            side = 2 * e.ltp_taps + 1 if e.ltp_taps and long_term else 0
            number = (
                side if other is not None else 0, side,
                min(e.cross_order, other_taps), e.order + 1,
            )
            size = sum(number)
            width = -(-size // TILE) * TILE
            cells[ex.E_COUNT], cells[ex.E_FIRST], cells[ex.E_STRIDE] = size, first, width
            cells[ex.E_COVARIANCE] = self._new(width * size + 64)
            cells[ex.E_FACTOR] = self._factor
            cells[ex.E_COEFFICIENTS] = self._new(width + 64)
            cells[ex.E_DECAY], cells[ex.E_PERIOD] = e.forgetting - p.batch, e.period
            cells[ex.E_INVERSES] = self._inverses
            cells[ex.E_LOAD] = 1 << e.loading
            cells[ex.E_OPTIONAL] = cells[ex.E_OFF] = e.optional
            cells[ex.E_UP] = 61 - 2 * min(bits, SCALED_BITS) - 13
            cells[ex.E_OTHER_UP] = max(rescaled, 0)
            cells[ex.E_OTHER_DOWN] = max(-rescaled, 0)
            begin = np.concatenate([[0], np.cumsum(number)])
            for i in range(cov.SEGMENTS):
                part = ex.E_PARTS + 5 * i
                skipped = lengths[i] - number[i]
                if i < 2:
                    skipped //= 2  # the middle of the longest
                cells[part : part + 5] = (
                    begin[i], number[i], starts[i] + skipped,
                    sources[i][C_SAMPLES], places[i] + skipped,
                )
        row[C_EXPERTS], row[C_NUM_EXPERTS] = rls.ctypes.data, len(p.rls)
        shift = max(0, 8 + self._bits[c] + 1 - ex.INPUT_BITS)
        stack_rows = self._cells((1 + len(p.final_combiners)) * ex.STACK).reshape(-1, ex.STACK)
        inputs = self._new(TILE * ex.STACK_BATCH)
        own_inputs = self._new(TILE * ex.STACK_BATCH)
        self._stack(
            stack_rows[0], len(p.rls), _FIRST_MEMORY, p.period, shift, own_inputs
        )
        stack_rows[0][ex.S_CLIP] = _EXPERT_CLIP
        stages = [s for cascade in p.cascades for s in cascade]
        for cells, memory in zip(stack_rows[1:], p.final_combiners, strict=True):
            period = p.period << max(0, memory - _PATIENT)
            self._stack(cells, len(p.rls) + len(stages), memory, period, shift, inputs)
        row[C_STACK], row[C_FINALS] = stack_rows.ctypes.data, stack_rows[1:].ctypes.data
        row[C_NUM_FINALS] = len(p.final_combiners)
        stage_rows = self._cells(len(stages) * lms.STAGE).reshape(-1, lms.STAGE)
        row[C_STAGES] = stage_rows.ctypes.data
        row[C_NUM_CASCADES] = len(p.cascades)
        row[C_NUM_STAGES] = len(p.cascades[0]) if p.cascades else 0
        for i, stage in enumerate(stages):
            first_of_cascade = i % len(p.cascades[0]) == 0
            own = int(row[C_RESIDUALS])
            if not first_of_cascade:
                own = self._history(self._frames)
            theirs = 0 if other is None else int(other[C_RESIDUALS])
            self._stage(stage_rows[i], stage, own, theirs, ahead, int(row[C_UNIT]))
        if p.online:
            theirs = 0 if other is None else self._errors[reference]
            row[C_ONLINE] = self._online(p.online[0], self._errors[c], theirs, ahead)

    def _stack(
        self,
        cells: NDArray[np.int64],
        count: int,
        memory: int,
        period: int,
        shift: int,
        inputs: int,
    ) -> None:
        cells[ex.S_COUNT] = count
        cells[ex.S_COVARIANCE] = self._new(TILE * TILE + 64)
        cells[ex.S_FACTOR] = self._factor
        cells[ex.S_COEFFICIENTS] = self._new(TILE)
        cells[ex.S_INPUTS] = inputs
        cells[ex.S_INVERSES] = self._inverses
        cells[ex.S_DECAY] = memory - ex.STACK_BITS
        cells[ex.S_PERIOD] = period * ex.STACK_BATCH
        cells[ex.S_LOAD], cells[ex.S_SHIFT], cells[ex.S_RATE] = _STACK_LOAD, shift, _MEAN_RATE
        cells[ex.S_CLIP] = _FINAL_CLIP
