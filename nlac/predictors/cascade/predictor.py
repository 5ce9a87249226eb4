"""The cascade's step: predict a sample, learn from it.  The same for encoder and decoder."""

from __future__ import annotations

import numpy as np

from nlac.kernels.jit import kernel
from nlac.kernels.memory import load_i64, store_64
from nlac.predictors.cascade.covariance import FIRST as W_FIRST
from nlac.predictors.cascade.covariance import PARTS, PLACE, batch_sums
from nlac.predictors.cascade.nlms import (
    L_HISTORY,
    L_OUTPUT,
    STAGE,
    learn_stage,
    predict_stage,
    store_history,
)
from nlac.predictors.cascade.rls import (
    E_COEFFICIENTS,
    E_COUNT,
    E_COVARIANCE,
    E_FIRST,
    E_MEAN,
    E_OFF,
    E_OPTIONAL,
    E_PARTS,
    E_STRIDE,
    EXPERT,
    P_LENGTH,
    P_PLACE,
    P_START,
    S_COUNT,
    STACK,
    learn_expert,
    learn_stack,
    note_error,
    predict_expert,
    predict_stack,
    set_input,
)
from nlac.predictors.cascade.state import (
    C_AROUND,
    C_BATCH,
    C_DOWN,
    C_EXPERTS,
    C_FINALS,
    C_HIGH,
    C_LAG,
    C_LOCATIONS,
    C_LOW,
    C_NUM_CASCADES,
    C_NUM_EXPERTS,
    C_NUM_FINALS,
    C_NUM_STAGES,
    C_ONLINE,
    C_PLAIN,
    C_RESIDUALS,
    C_SAMPLES,
    C_SCALED,
    C_STACK,
    C_STACKED,
    C_STAGES,
    C_UNIT,
    C_WINDOW,
)
from nlac.predictors.lpc.parameters import PAD
from nlac.predictors.networks.online import learn_online, predict_online


@kernel
def set_lag(channel, lag):
    """Let the windows at the earlier occurrence lie `lag` frames back; 0 for none."""
    if lag == load_i64(channel, C_LAG):
        return
    store_64(channel, C_LAG, lag)
    around = load_i64(channel, C_AROUND)
    window = load_i64(channel, C_WINDOW)
    first = 0 if lag > 0 else 2
    store_64(window, W_FIRST, np.int64(first))
    for i in range(2):
        store_64(window, PARTS + 4 * i + PLACE, PAD - lag - around)
    rls = load_i64(channel, C_EXPERTS)
    for k in range(load_i64(channel, C_NUM_EXPERTS)):
        expert = rls + 8 * EXPERT * k
        stride, count = load_i64(expert, E_STRIDE), load_i64(expert, E_COUNT)
        store_64(expert, E_FIRST, np.int64(first))
        if load_i64(expert, E_OPTIONAL) != 0:
            off = 1 if lag == 0 else 0
            if off == 0 and load_i64(expert, E_OFF) != 0:
                # it has missed what went by
                covariance = load_i64(expert, E_COVARIANCE)
                for j in range(count * stride):
                    store_64(covariance, j, np.int64(0))
                coefficients = load_i64(expert, E_COEFFICIENTS)
                for j in range(count):
                    store_64(coefficients, j, np.int64(0))
                store_64(expert, E_MEAN, np.int64(0))
            store_64(expert, E_OFF, np.int64(off))
        for i in range(2):
            part = expert + 8 * (E_PARTS + 5 * i)
            length = load_i64(part, P_LENGTH)
            store_64(part, P_PLACE, PAD - lag - (length >> 1))
            # what was learnt at another lag says nothing of this one
            row = load_i64(expert, E_COVARIANCE) + 8 * stride * load_i64(part, P_START)
            for j in range(length * stride):
                store_64(row, j, np.int64(0))


@kernel
def _clamp(channel, value):
    return min(max(value, load_i64(channel, C_LOW)), load_i64(channel, C_HIGH))


@kernel
def predict_sample(channel, t):
    """Put the predictions of frame t (Q8) into the channel's locations; the first is the best."""
    out = load_i64(channel, C_LOCATIONS)
    rls, num_experts = load_i64(channel, C_EXPERTS), load_i64(channel, C_NUM_EXPERTS)
    stack, final_combiners = load_i64(channel, C_STACK), load_i64(channel, C_FINALS)
    num_finals = load_i64(channel, C_NUM_FINALS)
    low, high = load_i64(channel, C_LOW), load_i64(channel, C_HIGH)
    base = np.int64(0)
    for i in range(num_experts):
        expert = rls + 8 * EXPERT * i
        value = base
        if load_i64(expert, E_OFF) == 0:
            value = min(max(predict_expert(expert, t), low), high)
        store_64(channel, C_PLAIN + 1 + i, value)
        if i == 0:
            base = value
        else:
            set_input(stack, i - 1, value - base)
    stacked = base
    if num_experts > 1:
        stacked = min(max(base + predict_stack(stack), low), high)
    store_64(channel, C_STACKED, stacked)
    for i in range(1, num_experts):
        difference = load_i64(channel, C_PLAIN + 1 + i) - stacked
        if load_i64(rls + 8 * EXPERT * i, E_OFF) != 0:
            difference = np.int64(0)
        set_input(final_combiners, i - 1, difference)
    stages = load_i64(channel, C_STAGES)
    num_stages = load_i64(channel, C_NUM_STAGES)
    at = num_experts - 1
    plain = np.int64(0)
    for i in range(load_i64(channel, C_NUM_CASCADES) * num_stages):
        value = predict_stage(stages + 8 * STAGE * i, t)
        set_input(final_combiners, at + i, value)
        if i < num_stages:
            plain += value
    for i in range(num_finals):
        value = min(max(stacked + predict_stack(final_combiners + 8 * STACK * i), low), high)
        store_64(out, i, value)
    store_64(channel, C_PLAIN, plain)
    store_64(out, num_finals, min(max(stacked + plain, low), high))
    store_64(out, num_finals + 1, stacked)
    online = load_i64(channel, C_ONLINE)
    if online != 0:
        newest = load_i64(load_i64(channel, C_SAMPLES), PAD + t - 1)
        missed = predict_online(
            online, t, channel + 8 * (C_PLAIN + 1), num_experts, out, num_finals,
            load_i64(out, num_finals), stacked, newest,
        )  # fmt: skip
        best = load_i64(out, 0) + missed
        # its place is before the others'
        store_64(out, -1, min(max(best, low), high))


@kernel
def learn_sample(channel, t, sample):
    """Learn from the sample of frame t."""
    place = PAD + t
    store_64(load_i64(channel, C_SAMPLES), place, sample)
    down = load_i64(channel, C_DOWN)
    if down > 0:
        store_64(load_i64(channel, C_SCALED), place, sample >> down)
    truth = sample << 8
    out = load_i64(channel, C_LOCATIONS)
    rls, num_experts = load_i64(channel, C_EXPERTS), load_i64(channel, C_NUM_EXPERTS)
    stack, final_combiners = load_i64(channel, C_STACK), load_i64(channel, C_FINALS)
    for i in range(num_experts):
        expert = rls + 8 * EXPERT * i
        if load_i64(expert, E_OFF) == 0:
            note_error(expert, abs(truth - load_i64(channel, C_PLAIN + 1 + i)))
    stacked = load_i64(channel, C_STACKED)
    residual = truth - stacked
    if num_experts > 1:
        set_input(stack, num_experts - 1, truth - load_i64(channel, C_PLAIN + 1))
        learn_stack(stack, abs(residual))
    num_finals = load_i64(channel, C_NUM_FINALS)
    set_input(final_combiners, load_i64(final_combiners, S_COUNT) - 1, residual)
    for i in range(num_finals):
        learn_stack(final_combiners + 8 * STACK * i, abs(truth - load_i64(out, i)))
    unit = load_i64(channel, C_UNIT)
    stages, num_stages = load_i64(channel, C_STAGES), load_i64(channel, C_NUM_STAGES)
    for k in range(load_i64(channel, C_NUM_CASCADES)):
        value = residual
        for i in range(num_stages):
            stage = stages + 8 * STAGE * (k * num_stages + i)
            learn_stage(stage, t, value)
            if i > 0:
                store_history(load_i64(stage, L_HISTORY), t, value, unit)
            value -= load_i64(stage, L_OUTPUT)
    store_history(load_i64(channel, C_RESIDUALS), t, residual, unit)
    online = load_i64(channel, C_ONLINE)
    if online != 0:
        learn_online(online, t, truth - load_i64(out, 0))
    batch = load_i64(channel, C_BATCH)
    if (t + 1) & (batch - 1) == 0:
        window = load_i64(channel, C_WINDOW)
        batch_sums(window, t + 1 - batch)
        index = (t + 1) // batch
        for i in range(num_experts):
            expert = rls + 8 * EXPERT * i
            if load_i64(expert, E_OFF) == 0:
                learn_expert(expert, window, index)
