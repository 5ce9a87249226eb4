"""Choose gains and grids for the channels of a block of floats (spec 11.15).

A channel that is exact, or follows one gain throughout, is a single run. Any other is cut into
windows of 16,384 frames. Each window takes the gain or a grid, by dynamic programming, so that runs
follow a fade, a decay over many octaves, or a passage that was never processed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nlac._typing import F64, U32, FloatSamples, IntSamples
from nlac.codec.encoder.floats import search
from nlac.codec.transforms.float_kernels import make_plane, misfits
from nlac.codec.transforms.floats import (
    Channel,
    Gain,
    Grids,
    _kernel_rows,
    _write_channels,
    parameter_row,
)

_WINDOW = 16384
_CHANGE_BITS = 16000.0  # cost of a change of grid, which disturbs the prediction
_NEVER = 1e18
_FEW = 1 / 32


def choose(patterns: U32) -> tuple[list[Channel], NDArray[np.int32], list[bool]]:
    """Choose gain, grids and runs of each channel, and compute the integer planes.

    Parameters
    ----------
    patterns : (channels, frames) uint32
        Bit patterns of the floats.

    Returns
    -------
    channels : list of Channel
        Gain, grids and runs.
    planes : (channels, frames) int32
        Integer planes.
    exceptions : list of bool
        Whether a channel has samples that its integers do not give exactly.
    """
    frames = patterns.shape[1]
    fields = [search.decompose(row) for row in patterns]
    planes = np.zeros(patterns.shape, np.int32)
    found: dict[int, Channel] = {}
    # one unit for all channels where possible, so that equal channels stay equal
    exact = [each for each in fields if len(each.magnitude) and each.span <= search.EXACT_BITS]
    unit = min((each.lowest for each in exact), default=0)
    mixed: dict[int, _Windows] = {}
    for i, whole in enumerate(fields):
        if not len(whole.magnitude):
            found[i] = Channel(Gain(1, unit), None, ((frames, None),))
        elif whole.span <= search.EXACT_BITS:
            lowest = unit if whole.top - unit <= search.EXACT_BITS else whole.lowest
            found[i] = Channel(Gain(1, lowest), None, ((frames, None),))
            planes[i] = np.ldexp(whole.value, -lowest)
        else:
            windows = _Windows(patterns[i], whole)
            if windows.misfits <= _FEW * frames:
                found[i] = Channel(windows.gain, None, ((frames, None),))
                planes[i] = windows.plane
            else:
                windows.estimate()
                mixed[i] = windows
    for i, path in _paths(mixed).items():
        found[i] = mixed[i].describe(path)
        _fill(planes[i], patterns[i], mixed[i], found[i])
    exceptions = []
    for i, whole in enumerate(fields):
        gain = found[i].gain
        some = not whole.plain.all()
        if gain:
            row = np.array(parameter_row(gain, Grids(0, 0), False, 0), np.int64)
            begin = 0
            for end, grid in found[i].runs:
                if grid is None:
                    run = slice(begin, end)
                    missed = misfits(patterns[i, run], planes[i, run], gain.exponent, row)
                    some = some or sum(missed) > 0
                begin = end
        if i not in mixed:
            _hold(planes[i], patterns[i])
        exceptions.append(bool(some))
    return [found[i] for i in range(len(fields))], planes, exceptions


class _Windows:
    """Windows of a channel that is not exact throughout, and its gain if it seems to have one."""

    def __init__(self, patterns: U32, whole: search.FloatFields) -> None:
        self._patterns = patterns
        self._whole = whole
        self._pieces: list[search.FloatFields] = []
        self.gain: Gain | None = None
        self.plane = np.zeros(0, np.int64)
        self.misfits = len(patterns)
        self.costs: list[search.Costs | None] = []
        self.gain_costs: list[float] = []
        self._try(search.find_gain(whole))

    def _try(self, found: search.GainCandidate | None) -> None:
        if found is None:
            return
        step = float(np.ldexp(float(found.multiplier), found.exponent))
        limit = search.MAX_GAIN_INTEGER - 1
        plane = np.clip(np.rint(self._whole.value / step), -limit, limit).astype(np.int64)
        gain = Gain(found.multiplier, found.exponent)
        missed = sum(self._missed(gain, plane, 0, len(plane)))
        if missed < self.misfits:
            self.gain, self.plane, self.misfits = gain, plane, missed

    def _missed(
        self, gain: Gain, plane: NDArray[np.int64], begin: int, end: int
    ) -> tuple[int, int]:
        row = np.array(parameter_row(gain, Grids(0, 0), False, 0), np.int64)
        run = slice(begin, end)
        near, far = misfits(self._patterns[run], plane[run], gain.exponent, row)
        return int(near), int(far)

    def estimate(self) -> None:
        """Estimate the bits of each window on each grid, and with the gain."""
        frames = len(self._patterns)
        starts = range(0, frames, _WINDOW)
        self._pieces = [self._whole.window(start, start + _WINDOW) for start in starts]
        if self.gain is None:
            candidates = [
                gain
                for piece in self._pieces
                if len(piece.magnitude)
                and piece.span > search.EXACT_BITS
                and (gain := search.find_gain(piece)) is not None
            ]
            # a long multiplier is unlikely to fit by chance
            for gain in sorted(candidates, key=lambda g: -g.multiplier)[:3]:
                self._try(gain)
        for start, piece in zip(starts, self._pieces, strict=True):
            costs = search.grid_costs(piece) if len(piece.magnitude) else None
            self.costs.append(costs)
            gain_cost = _NEVER if self.gain is None else 0.0
            if costs is not None and self.gain is not None:
                step = np.log2(float(self.gain.multiplier)) + self.gain.exponent
                near, far = self._missed(self.gain, self.plane, start, start + _WINDOW)
                share = np.array([[float(near + far)]]), np.array([[float(len(piece.plain))]])
                gain_cost = float(costs.plane(np.array([step]))[0]) + 3.0 * near + 36.0 * far
                gain_cost += float(search.entropy(*share)[0])
            self.gain_costs.append(gain_cost)

    def table(self, lowest: int, states: int) -> F64:
        """Bits of each window on the grids from exponent `lowest` on, and, last, with the gain."""
        table = np.zeros((len(self.costs), states))
        for row, costs, gain in zip(table, self.costs, self.gain_costs, strict=True):
            row[-1] = gain
            if costs is not None:
                at = np.arange(states - 1) + lowest - costs.finest
                row[:-1] = costs.grids[np.clip(at, 0, len(costs.grids) - 1)]
                row[:-1][at < 0] = _NEVER
        return table

    def describe(self, path: list[int | None]) -> Channel:
        """Merge the windows' states (exponent of a grid, or None for the gain) to runs."""
        runs: list[tuple[int, int | None]] = []
        for index, state in enumerate(path):
            if runs and runs[-1][1] == state:
                runs.pop()
            runs.append((min((index + 1) * _WINDOW, len(self._patterns)), state))
        on_grids = [
            piece
            for piece, state in zip(self._pieces, path, strict=True)
            if state is not None and len(piece.magnitude)
        ]
        grids = None
        if any(state is not None for state in path):
            zeros = min((int(piece.zeros.min()) for piece in on_grids), default=0)
            grids = Grids(zeros, min((piece.lowest for piece in on_grids), default=0))
        return Channel(self.gain if None in path else None, grids, tuple(runs))


def _paths(mixed: dict[int, _Windows]) -> dict[int, list[int | None]]:
    """States of all windows by channel; equal in all channels if that costs little more."""
    costs = [cost for windows in mixed.values() for cost in windows.costs if cost is not None]
    if not costs:
        return {}
    lowest = min(cost.finest for cost in costs)
    states = max(cost.finest + len(cost.grids) for cost in costs) - lowest + 1
    tables = {i: windows.table(lowest, states) for i, windows in mixed.items()}
    apart = {i: search.best_path(table, _CHANGE_BITS) for i, table in tables.items()}
    together, total = search.best_path(
        np.sum(list(tables.values()), axis=0), _CHANGE_BITS * len(tables)
    )
    paths = {i: path for i, (path, _) in apart.items()}
    if total <= 1.002 * sum(cost for _, cost in apart.values()):
        paths = dict.fromkeys(paths, together)
    return {
        i: [lowest + state if state < states - 1 else None for state in path]
        for i, path in paths.items()
    }


def _fill(plane: NDArray[np.int32], patterns: U32, windows: _Windows, channel: Channel) -> None:
    begin = 0
    for end, grid in channel.runs:
        run = slice(begin, end)
        if grid is None:
            plane[run] = windows.plane[run]
            _hold(plane[run], patterns[run])
        else:
            make_plane(patterns[run], grid, plane[run])
        begin = end


def _hold(plane: NDArray[np.int32], patterns: U32) -> None:
    """Give infinities and NaNs the integer before them, which is cheap to predict."""
    wild = (patterns & 0x7F800000) == 0x7F800000
    if wild.any():
        source = np.where(wild, 0, np.arange(1, plane.size + 1))
        plane[:] = np.concatenate([[0], plane])[np.maximum.accumulate(source)]


def split(samples: FloatSamples) -> tuple[IntSamples, bytes]:
    """Split floats into integers and side data (spec 11.15).

    Parameters
    ----------
    samples : (frames, channels) float32
        Any bit patterns.

    Returns
    -------
    integers : (frames, channels) int32
        Integer planes.
    side : bytes
        Side data, from which `join` restores the floats.
    """
    from nlac.codec.transforms import float_kernels as steps
    from nlac.codec.transforms.float_loops import encode_side

    patterns = np.ascontiguousarray(samples.T).view(np.uint32)
    channels, planes, exceptions = choose(patterns)
    rows, runs = _kernel_rows(channels, exceptions)
    models = np.empty(2 * steps.MODELS, np.int64)
    # one word a sample is nearly always enough
    for room in (1, steps.WORDS_PER_SAMPLE):
        words = np.empty(room * patterns.size + 64, np.uint32)
        count = encode_side(patterns, planes, rows, runs, models, words)
        if count >= 0:
            break
    side = _write_channels(channels, exceptions) + words[:count].astype("<u4").tobytes()
    return np.ascontiguousarray(planes.T), side
