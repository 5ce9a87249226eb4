"""Names of cells: each cell has one name, and rows have room for all."""

from __future__ import annotations

import numpy as np
import pytest

from nlac.codec.transforms import float_kernels
from nlac.entropy import value_kernels
from nlac.entropy.adaptive_mixture import state as mixture
from nlac.entropy.value_sets import listed, plain
from nlac.kernels.jit import kernel
from nlac.kernels.memory import address
from nlac.predictors.cascade import covariance, nlms, rls, state, vectors
from nlac.predictors.lpc import kernels as lpc_kernels
from nlac.predictors.lpc import plan
from nlac.predictors.networks import online, step, sweep
from nlac.predictors.neural import base, features


@pytest.mark.parametrize(
    ("cells", "size"),
    [
        (value_kernels.SetCell, value_kernels.SET_CELLS),
        (plan.SegmentCell, plan.SEGMENT_CELLS),
        (plan.LineCell, plan.LINE_CELLS),
        (lpc_kernels.ScaleCell, lpc_kernels.SCALE_CELLS),
        (mixture.MixtureCell, mixture.MIXTURE_CELLS),
        (mixture.SharedCell, mixture.SHARED_CELLS),
        (covariance.WindowCell, covariance.WINDOW_CELLS),
        (rls.RlsCell, rls.RLS_CELLS),
        (rls.CombinerCell, rls.COMBINER_CELLS),
        (nlms.StageCell, nlms.STAGE_CELLS),
        (vectors.StageLane, vectors.STAGE_LANES),
        (state.ChannelCell, state.CHANNEL_CELLS),
        (base.ForwardCell, state.CHANNEL_CELLS),
        (features.FeatureCell, features.FEATURE_CELLS),
        (online.OnlineCell, online.ONLINE_CELLS),
        (step.LayerCell, step.LAYER_CELLS),
        (sweep.SweepCell, sweep.SWEEP_CELLS),
        (float_kernels.ParameterCell, float_kernels.PARAMETER_CELLS),
    ],
)
def test_cells_differ_and_fit(cells, size):
    assert len(cells) == len(cells.__members__)  # a second name of a value would be an alias
    assert min(cells) == 0
    assert max(cells) < size


def test_forward_rows_keep_clear_of_the_cells_of_a_cascade_that_loops_read():
    """`set_lag` and the choice of the base predictor read these cells of either kind of row."""
    assert base.ForwardCell.CASCADE == state.ChannelCell.RLS
    assert state.ChannelCell.LAG >= base.ForwardCell.SUMS + base.NUM_STAGES


@kernel
def load(rows, values, ranks, index):
    at = address(rows) + 8 * value_kernels.SET_CELLS * index
    return value_kernels.load_set(at, address(values), address(ranks))


@pytest.mark.jit
def test_a_value_set_is_loaded_cell_by_cell():
    table = value_kernels.set_table([plain(-3, 9), listed(np.array([2, 5, 11]))])
    for index, row in enumerate(table.rows):
        entry = load(*table, index)
        for cell in value_kernels.SetCell:
            assert getattr(entry, cell.name.lower()) == row[cell]
        assert entry.values == table.values.ctypes.data
        assert entry.ranks == table.ranks.ctypes.data
