"""State of a cascade: all arrays of a block, allocated at once and found by address."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nlac.kernels.vectors_covariance import DIAGONALS
from nlac.kernels.vectors_i64 import I64_LANES
from nlac.predictors.cascade.cholesky import SYSTEM_CELLS, SystemCell
from nlac.predictors.cascade.covariance import STRETCHES, WINDOW_CELLS, WindowCell
from nlac.predictors.cascade.memory import StageMemory
from nlac.predictors.cascade.nlms import STAGE_CELLS
from nlac.predictors.cascade.parameters import CascadeParameters
from nlac.predictors.cascade.rls import (
    COMBINER_BATCH,
    COMBINER_BITS,
    COMBINER_CELLS,
    INPUT_BITS,
    RLS_CELLS,
    CombinerCell,
    RlsCell,
)
from nlac.predictors.lpc.parameters import PAD


class ChannelCell(IntEnum):
    """Cells of a channel, int64."""

    RLS = 0  # address of the cells of its RLS predictors
    NUM_RLS = 1
    WINDOW = 2  # address of the cells of its longest window
    COMBINER = 3  # address of the cells of the combiner of RLS predictions
    STAGES = 4  # address of the cells of its NLMS stages
    NUM_CASCADES = 5
    NUM_STAGES = 6  # stages of each cascade
    FINAL_COMBINERS = 7  # address of their cells
    NUM_FINAL_COMBINERS = 8
    ONLINE = 9  # address of the cells of its online network, 0 for none
    LOW = 10  # least prediction, Q8
    HIGH = 11  # largest prediction, Q8
    LOCATIONS = 12  # address of the predictions of the present sample, Q8
    SAMPLES = 13  # address of its samples, int64, with PAD zeros before them
    SCALED = 14  # the same, scaled to SCALED_BITS
    DOWN = 15  # bits by which those are shifted down
    RESIDUALS = 16  # address of time 0 of the history of the stages' input
    HISTORY_SHIFT = 17  # residuals are shifted down by so many bits in histories
    COMBINED = 18  # present prediction of the combiner, Q8
    REFERENCE = 19  # coding index of the reference, or -1
    AHEAD = 20  # 1 if the reference's present sample is known
    LTP_TAPS = 21  # frames to each side of the LTP match
    LAG = 22  # frames back to the LTP match, 0 for none
    BATCH = 23  # frames of a batch
    STAGE_SUM = 24  # present sum of the first cascade's predictions, Q8
    LANES = 25  # address of the cells of `StageLane`
    SYSTEMS = 26  # address of the cells of its systems: RLS predictors, combiner, final combiners
    DUE = 27  # systems that are to be solved
    PREDICTIONS = 28  # present predictions of the RLS predictors, Q8


CHANNEL_CELLS = ChannelCell.PREDICTIONS + 8
LOCATIONS = 8
SCALED_BITS = 19  # magnitude of samples in covariances
_FOLLOWING = 64  # zeros after samples, since vector loops read a little further than they use
_COMBINER_LOADING = 1 << 32  # diagonal loading of combiners, relative to 2**60
_FIRST_FORGETTING = 9  # of the combiner of RLS predictions
_PATIENT = 8  # each step of forgetting beyond this halves how often final combiners are solved
_MEAN_RATE = 3  # combiners weight by a mean of |error| that moves by 2**-3
# inputs are clipped at 2**clip times their mean; those of the first combiner practically never
_FIRST_CLIP, _FINAL_CLIP = 8, 1


class CascadeState(StageMemory):
    """State of a block.

    Parameters
    ----------
    parameters : CascadeParameters
    references : sequence of int
        Coding index of the reference of each channel, or -1.
    limits : sequence of (int, int)
        Least and largest sample of each channel.
    history_shifts : sequence of int
        Bits by which residuals are shifted down in the histories of each channel.
    frames : int
        Delayed frames of the block.
    long_term : bool
        Whether there are LTP matches.

    Attributes
    ----------
    channels : (channels, CHANNEL_CELLS) int64
        Cells of the channels; those that hold addresses point into arrays that live as long
        as this object.
    locations : (channels, LOCATIONS) int64
        Predictions of the present sample, Q8.
    """

    def __init__(
        self,
        parameters: CascadeParameters,
        references: Sequence[int],
        limits: Sequence[tuple[int, int]],
        history_shifts: Sequence[int],
        frames: int,
        long_term: bool,
    ) -> None:
        super().__init__()
        count = len(references)
        self.channels = np.zeros((count, CHANNEL_CELLS), np.int64)
        self.locations = np.zeros((count, LOCATIONS), np.int64)
        self._frames = frames
        self._share(parameters)
        self._bits = [max(abs(low), abs(high)).bit_length() for low, high in limits]
        for c, ((low, high), bits) in enumerate(zip(limits, self._bits, strict=True)):
            row = self.channels[c]
            row[ChannelCell.LOW], row[ChannelCell.HIGH] = low << 8, high << 8
            row[ChannelCell.HISTORY_SHIFT] = history_shifts[c]
            row[ChannelCell.REFERENCE] = references[c]
            row[ChannelCell.AHEAD] = 1 if 0 <= references[c] < c else 0
            row[ChannelCell.DOWN] = max(0, bits - SCALED_BITS)
            row[ChannelCell.SAMPLES] = self._new(PAD + frames + _FOLLOWING)
            row[ChannelCell.SCALED] = row[ChannelCell.SAMPLES]
            if row[ChannelCell.DOWN]:
                row[ChannelCell.SCALED] = self._new(PAD + frames + _FOLLOWING)
            row[ChannelCell.RESIDUALS] = self._history(frames)
            # an online network's location comes first
            row[ChannelCell.LOCATIONS] = self.locations[c, len(parameters.online) :].ctypes.data
        if parameters.online:
            self._errors = [self._history(frames) for _ in range(count)]
        for c in range(count):
            self._build(c, parameters, long_term)

    def _share(self, p: CascadeParameters) -> None:
        """Allocate the work space that all predictors and channels share."""
        lengths = [
            2 * (2 * max(e.ltp_taps for e in p.rls) + 1),
            max(e.cross_order for e in p.rls),
            max(e.order for e in p.rls) + 1,
        ]
        total = sum(lengths) + DIAGONALS + I64_LANES
        self._sums = self._new(total * total)
        size = max(e.order + 1 + e.cross_order + 2 * (2 * e.ltp_taps + 1) for e in p.rls)
        size += I64_LANES
        # of systems that are solved together, each has its own
        self._work = [(self._new(size * size + 64), self._new(size)) for _ in range(2)]
        self._combiner_sums = self._new(I64_LANES * I64_LANES)

    def _build(self, c: int, p: CascadeParameters, long_term: bool) -> None:
        """Allocate the arrays of a channel, and fill its cells."""
        row = self.channels[c]
        reference = int(row[ChannelCell.REFERENCE])
        ahead = int(row[ChannelCell.AHEAD])
        other = self.channels[reference] if reference >= 0 else None
        own_taps = max(e.order for e in p.rls)
        other_taps = max(e.cross_order for e in p.rls) if other is not None else 0
        ltp_taps = max(e.ltp_taps for e in p.rls) if long_term else 0
        wide = 2 * ltp_taps + 1 if ltp_taps else 0
        lengths = (wide if other is not None else 0, wide, other_taps, own_taps + 1)
        total = sum(lengths)
        stride = -(-(total + DIAGONALS) // I64_LANES) * I64_LANES
        window = self._cells(WINDOW_CELLS)
        batch = 1 << p.batch
        first = 2
        window[: WindowCell.STRETCHES] = total, first, stride, batch, self._sums
        starts = np.concatenate([[0], np.cumsum(lengths)])
        # of each stretch: the channel of its samples, and the index of the first at frame 0
        other_row = row if other is None else other
        sources = (other_row, row, other_row, row)
        places = (PAD, PAD, PAD - other_taps + ahead, PAD - own_taps)
        for i in range(STRETCHES):
            part = WindowCell.STRETCHES + 4 * i
            window[part : part + 4] = (
                starts[i], lengths[i], sources[i][ChannelCell.SCALED], places[i]
            )  # in the order of WindowStretch
        row[ChannelCell.WINDOW] = window.ctypes.data
        row[ChannelCell.BATCH], row[ChannelCell.LTP_TAPS] = batch, ltp_taps
        systems = self._cells((len(p.rls) + 1 + len(p.final_combiners)) * SYSTEM_CELLS)
        systems = systems.reshape(-1, SYSTEM_CELLS)
        row[ChannelCell.SYSTEMS] = systems.ctypes.data
        systems[:, SystemCell.FACTOR], systems[:, SystemCell.INVERSES] = self._work[c & 1]
        rls = self._cells(len(p.rls) * RLS_CELLS).reshape(len(p.rls), RLS_CELLS)
        bits = self._bits[c] if other is None else max(self._bits[c], self._bits[reference])
        rescaled = int(row[ChannelCell.DOWN] - other_row[ChannelCell.DOWN])
        for cells, system, e in zip(rls, systems[: len(p.rls)], p.rls, strict=True):
            side = 2 * e.ltp_taps + 1 if e.ltp_taps and long_term else 0
            number = (
                side if other is not None else 0, side,
                min(e.cross_order, other_taps), e.order + 1,
            )
            size = sum(number)
            width = -(-size // I64_LANES) * I64_LANES
            cells[RlsCell.COUNT], cells[RlsCell.FIRST], cells[RlsCell.STRIDE] = size, first, width
            cells[RlsCell.COVARIANCE] = self._new(width * size + 64)
            cells[RlsCell.SYSTEM] = system.ctypes.data
            cells[RlsCell.COEFFICIENTS] = self._new(width + 64)
            system[SystemCell.COUNT], system[SystemCell.STRIDE] = size, width
            system[SystemCell.COVARIANCE] = cells[RlsCell.COVARIANCE]
            system[SystemCell.COEFFICIENTS] = cells[RlsCell.COEFFICIENTS]
            system[SystemCell.LOADING] = 1 << e.loading
            cells[RlsCell.DECAY], cells[RlsCell.PERIOD] = e.forgetting - p.batch, e.period
            cells[RlsCell.OPTIONAL] = cells[RlsCell.OFF] = e.optional
            cells[RlsCell.UP] = 61 - 2 * min(bits, SCALED_BITS) - 13
            cells[RlsCell.OTHER_UP] = max(rescaled, 0)
            cells[RlsCell.OTHER_DOWN] = max(-rescaled, 0)
            begin = np.concatenate([[0], np.cumsum(number)])
            for i in range(STRETCHES):
                part = RlsCell.STRETCHES + 5 * i
                skipped = lengths[i] - number[i]
                if i < 2:
                    skipped //= 2  # the middle of the longest window
                cells[part : part + 5] = (
                    begin[i], number[i], starts[i] + skipped,
                    sources[i][ChannelCell.SAMPLES], places[i] + skipped,
                )  # in the order of RlsStretch
        row[ChannelCell.RLS], row[ChannelCell.NUM_RLS] = rls.ctypes.data, len(p.rls)
        shift = max(0, 8 + self._bits[c] + 1 - INPUT_BITS)
        combiners = self._cells((1 + len(p.final_combiners)) * COMBINER_CELLS)
        combiners = combiners.reshape(-1, COMBINER_CELLS)
        inputs = self._new(I64_LANES * COMBINER_BATCH)
        own_inputs = self._new(I64_LANES * COMBINER_BATCH)
        own_systems = systems[len(p.rls) :]
        self._combiner(
            combiners[0], own_systems[0], len(p.rls), _FIRST_FORGETTING, p.period, shift, own_inputs
        )
        combiners[0][CombinerCell.CLIP] = _FIRST_CLIP
        stages = [s for cascade in p.cascades for s in cascade]
        count = len(p.rls) + len(stages)
        for cells, system, forgetting in zip(
            combiners[1:], own_systems[1:], p.final_combiners, strict=True
        ):
            period = p.period << max(0, forgetting - _PATIENT)
            self._combiner(cells, system, count, forgetting, period, shift, inputs)
        row[ChannelCell.COMBINER] = combiners.ctypes.data
        row[ChannelCell.FINAL_COMBINERS] = combiners[1:].ctypes.data
        row[ChannelCell.NUM_FINAL_COMBINERS] = len(p.final_combiners)
        stage_rows = self._cells(len(stages) * STAGE_CELLS).reshape(-1, STAGE_CELLS)
        row[ChannelCell.STAGES] = stage_rows.ctypes.data
        row[ChannelCell.LANES] = self._stage_lanes(stages)
        row[ChannelCell.NUM_CASCADES] = len(p.cascades)
        row[ChannelCell.NUM_STAGES] = len(p.cascades[0]) if p.cascades else 0
        for i, stage in enumerate(stages):
            first_of_cascade = i % len(p.cascades[0]) == 0
            own = int(row[ChannelCell.RESIDUALS])
            if not first_of_cascade:
                own = self._history(self._frames)
            theirs = 0 if other is None else int(other[ChannelCell.RESIDUALS])
            history_shift = int(row[ChannelCell.HISTORY_SHIFT])
            self._stage(stage_rows[i], stage, own, theirs, ahead, history_shift)
        if p.online:
            theirs = 0 if other is None else self._errors[reference]
            row[ChannelCell.ONLINE] = self._online(p.online[0], self._errors[c], theirs, ahead)

    def _combiner(
        self,
        cells: NDArray[np.int64],
        system: NDArray[np.int64],
        count: int,
        forgetting: int,
        period: int,
        shift: int,
        inputs: int,
    ) -> None:
        """Fill the cells of a combiner and its system.

        `count` includes the target, `inputs` is an address.
        """
        cells[CombinerCell.COUNT] = count
        cells[CombinerCell.COVARIANCE] = self._new(I64_LANES * I64_LANES + 64)
        cells[CombinerCell.SUMS] = self._combiner_sums
        cells[CombinerCell.COEFFICIENTS] = self._new(I64_LANES + 8)
        cells[CombinerCell.SYSTEM] = system.ctypes.data
        system[SystemCell.COUNT], system[SystemCell.STRIDE] = count, I64_LANES
        system[SystemCell.COVARIANCE] = cells[CombinerCell.COVARIANCE]
        system[SystemCell.COEFFICIENTS] = cells[CombinerCell.COEFFICIENTS]
        system[SystemCell.LOADING] = _COMBINER_LOADING
        cells[CombinerCell.INPUTS] = inputs
        cells[CombinerCell.DECAY] = forgetting - COMBINER_BITS
        cells[CombinerCell.PERIOD] = period * COMBINER_BATCH
        cells[CombinerCell.SHIFT] = shift
        cells[CombinerCell.RATE] = _MEAN_RATE
        cells[CombinerCell.CLIP] = _FINAL_CLIP
        cells[CombinerCell.USED : CombinerCell.USED + count - 1] = -1
