"""Kernels of a cascade: predict a sample, then learn from it. Encoder and decoder share them.

The chain is that of MPEG-4 ALS RLS-LMS (ISO/IEC 14496-3), extended: several RLS predictors and a
combiner, cascades of NLMS stages on what is left, and final combiners of all predictions. An online
network may correct the first final combiner. `channel` is the address of a channel's cells.
"""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.predictors.cascade.cholesky import SYSTEM_CELLS, SystemCell, solve
from nlac.predictors.cascade.covariance import WindowCell, WindowStretch, batch_sums
from nlac.predictors.cascade.nlms import (
    STAGE_CELLS,
    learn_stages,
    note_output,
    predict_stage,
    store_history,
)
from nlac.predictors.cascade.rls import (
    COMBINER_CELLS,
    RLS_CELLS,
    RlsCell,
    RlsStretch,
    learn_combiner,
    learn_rls,
    note_error,
    predict_combiner,
    predict_rls,
    set_difference,
    set_inputs,
    set_target,
)
from nlac.predictors.cascade.state import CHANNEL_CELLS, ChannelCell
from nlac.predictors.lpc.parameters import PAD
from nlac.predictors.networks.online import learn_online, predict_online


@kernel
def set_lag(channel, lag):
    """Move the LTP windows `lag` frames back; 0 for none."""
    if lag == load_i64(channel, ChannelCell.LAG):
        return
    store_64(channel, ChannelCell.LAG, lag)
    ltp_taps = load_i64(channel, ChannelCell.LTP_TAPS)
    window = load_i64(channel, ChannelCell.WINDOW)
    first = 0 if lag > 0 else 2
    store_64(window, WindowCell.FIRST, np.int64(first))
    for i in range(2):
        store_64(window, WindowCell.STRETCHES + 4 * i + WindowStretch.PLACE, PAD - lag - ltp_taps)
    rls = load_i64(channel, ChannelCell.RLS)
    for k in range(load_i64(channel, ChannelCell.NUM_RLS)):
        predictor = rls + 8 * RLS_CELLS * k
        stride, count = load_i64(predictor, RlsCell.STRIDE), load_i64(predictor, RlsCell.COUNT)
        store_64(predictor, RlsCell.FIRST, np.int64(first))
        if load_i64(predictor, RlsCell.OPTIONAL) != 0:
            off = 1 if lag == 0 else 0
            if off == 0 and load_i64(predictor, RlsCell.OFF) != 0:
                # it has missed samples, so it starts anew
                covariance = load_i64(predictor, RlsCell.COVARIANCE)
                for j in range(count * stride):
                    store_64(covariance, j, np.int64(0))
                coefficients = load_i64(predictor, RlsCell.COEFFICIENTS)
                for j in range(count):
                    store_64(coefficients, j, np.int64(0))
                store_64(predictor, RlsCell.MEAN, np.int64(0))
            store_64(predictor, RlsCell.OFF, np.int64(off))
        for i in range(2):
            part = predictor + 8 * (RlsCell.STRETCHES + 5 * i)
            length = load_i64(part, RlsStretch.LENGTH)
            store_64(part, RlsStretch.PLACE, PAD - lag - (length >> 1))
            # what was learned at another lag does not hold at this one
            start = load_i64(part, RlsStretch.START)
            row = load_i64(predictor, RlsCell.COVARIANCE) + 8 * stride * start
            for j in range(length * stride):
                store_64(row, j, np.int64(0))


@kernel
def predict_sample(channel, t):
    """Write the predictions of frame t (Q8) to the channel's locations, the best first."""
    out = load_i64(channel, ChannelCell.LOCATIONS)
    rls, num_rls = load_i64(channel, ChannelCell.RLS), load_i64(channel, ChannelCell.NUM_RLS)
    combiner = load_i64(channel, ChannelCell.COMBINER)
    final_combiners = load_i64(channel, ChannelCell.FINAL_COMBINERS)
    num_combiners = load_i64(channel, ChannelCell.NUM_FINAL_COMBINERS)
    low, high = load_i64(channel, ChannelCell.LOW), load_i64(channel, ChannelCell.HIGH)
    base = np.int64(0)
    for i in range(num_rls):
        predictor = rls + 8 * RLS_CELLS * i
        value = base
        if load_i64(predictor, RlsCell.OFF) == 0:
            value = min(max(predict_rls(predictor, t), low), high)
        store_64(channel, ChannelCell.PREDICTIONS + i, value)
        if i == 0:
            base = value
        else:
            set_difference(combiner, i - 1, value - base)
    combined = base
    if num_rls > 1:
        set_inputs(combiner)
        combined = min(max(base + predict_combiner(combiner), low), high)
    store_64(channel, ChannelCell.COMBINED, combined)
    for i in range(1, num_rls):
        difference = load_i64(channel, ChannelCell.PREDICTIONS + i) - combined
        if load_i64(rls + 8 * RLS_CELLS * i, RlsCell.OFF) != 0:
            difference = np.int64(0)
        set_difference(final_combiners, i - 1, difference)
    stages, lanes = load_i64(channel, ChannelCell.STAGES), load_i64(channel, ChannelCell.LANES)
    num_stages = load_i64(channel, ChannelCell.NUM_STAGES)
    at = num_rls - 1
    stage_sum = np.int64(0)
    for k in range(load_i64(channel, ChannelCell.NUM_CASCADES)):
        before = np.int64(0)
        for i in range(k * num_stages, (k + 1) * num_stages):
            value = predict_stage(stages + 8 * STAGE_CELLS * i, t)
            set_difference(final_combiners, at + i, value)
            note_output(lanes, i, value, before)
            before += value
        if k == 0:
            stage_sum = before
    set_inputs(final_combiners)
    for i in range(num_combiners):
        value = combined + predict_combiner(final_combiners + 8 * COMBINER_CELLS * i)
        store_64(out, i, min(max(value, low), high))
    store_64(channel, ChannelCell.STAGE_SUM, stage_sum)
    store_64(out, num_combiners, min(max(combined + stage_sum, low), high))
    store_64(out, num_combiners + 1, combined)
    online = load_i64(channel, ChannelCell.ONLINE)
    if online != 0:
        newest = load_i64(load_i64(channel, ChannelCell.SAMPLES), PAD + t - 1)
        missed = predict_online(
            online, t, channel + 8 * ChannelCell.PREDICTIONS, num_rls, out, num_combiners,
            load_i64(out, num_combiners), combined, newest,
        )  # fmt: skip
        best = load_i64(out, 0) + missed
        # the location of the network is before the others
        store_64(out, -1, min(max(best, low), high))


@kernel
def learn_sample(channel, t, sample):
    """Update all parts with the sample of frame t; `solve_due` completes it."""
    place = PAD + t
    store_64(load_i64(channel, ChannelCell.SAMPLES), place, sample)
    down = load_i64(channel, ChannelCell.DOWN)
    if down > 0:
        store_64(load_i64(channel, ChannelCell.SCALED), place, sample >> down)
    truth = sample << 8
    out = load_i64(channel, ChannelCell.LOCATIONS)
    rls, num_rls = load_i64(channel, ChannelCell.RLS), load_i64(channel, ChannelCell.NUM_RLS)
    combiner = load_i64(channel, ChannelCell.COMBINER)
    final_combiners = load_i64(channel, ChannelCell.FINAL_COMBINERS)
    for i in range(num_rls):
        predictor = rls + 8 * RLS_CELLS * i
        if load_i64(predictor, RlsCell.OFF) == 0:
            note_error(predictor, abs(truth - load_i64(channel, ChannelCell.PREDICTIONS + i)))
    due = np.int64(0)
    combined = load_i64(channel, ChannelCell.COMBINED)
    residual = truth - combined
    if num_rls > 1:
        set_target(combiner, truth - load_i64(channel, ChannelCell.PREDICTIONS))
        due += learn_combiner(combiner, abs(residual))
    num_combiners = load_i64(channel, ChannelCell.NUM_FINAL_COMBINERS)
    set_target(final_combiners, residual)
    for i in range(num_combiners):
        error = abs(truth - load_i64(out, i))
        due += learn_combiner(final_combiners + 8 * COMBINER_CELLS * i, error)
    history_shift = load_i64(channel, ChannelCell.HISTORY_SHIFT)
    learn_stages(
        load_i64(channel, ChannelCell.STAGES), load_i64(channel, ChannelCell.LANES),
        load_i64(channel, ChannelCell.NUM_CASCADES), load_i64(channel, ChannelCell.NUM_STAGES),
        t, residual, history_shift,
    )  # fmt: skip
    store_history(load_i64(channel, ChannelCell.RESIDUALS), t, residual, history_shift)
    online = load_i64(channel, ChannelCell.ONLINE)
    if online != 0:
        learn_online(online, t, truth - load_i64(out, 0))
    batch = load_i64(channel, ChannelCell.BATCH)
    if (t + 1) & (batch - 1) == 0:
        window = load_i64(channel, ChannelCell.WINDOW)
        batch_sums(window, t + 1 - batch)
        index = (t + 1) // batch
        for i in range(num_rls):
            predictor = rls + 8 * RLS_CELLS * i
            if load_i64(predictor, RlsCell.OFF) == 0:
                due += learn_rls(predictor, window, index)
    store_64(channel, ChannelCell.DUE, due)


@kernel
def solve_due(rows, channels):
    """Solve the systems of all channels that are due, those of two channels together.

    `rows` is the address of the channels' cells. New coefficients are not needed before a
    channel's next sample, so this is called after all channels have learned from a frame.
    """
    for c in range(channels):
        channel = rows + 8 * CHANNEL_CELLS * c
        if load_i64(channel, ChannelCell.DUE) == 0:
            continue
        store_64(channel, ChannelCell.DUE, np.int64(0))
        systems = load_i64(channel, ChannelCell.SYSTEMS)
        count = load_i64(channel, ChannelCell.NUM_RLS) + 1
        count += load_i64(channel, ChannelCell.NUM_FINAL_COMBINERS)
        for i in range(count):
            system = systems + 8 * SYSTEM_CELLS * i
            if load_i64(system, SystemCell.DUE) == 0:
                continue
            partner = np.int64(0)
            if c + 1 < channels:
                others = load_i64(channel + 8 * CHANNEL_CELLS, ChannelCell.SYSTEMS)
                partner = _partner(system, others + 8 * SYSTEM_CELLS * i)
            solve(system, partner)
            store_64(system, SystemCell.DUE, np.int64(0))


@kernel
def _partner(system, other):
    """Return the other system if it can be solved with this one, and is due then; else 0.

    It is marked as no longer due.
    """
    for cell in (SystemCell.DUE, SystemCell.COUNT, SystemCell.FIRST, SystemCell.STRIDE):
        if load_i64(system, cell) != load_i64(other, cell):
            return np.int64(0)
    store_64(other, SystemCell.DUE, np.int64(0))
    return other
