"""Compiled choice of a level by its logits."""

from __future__ import annotations

import math

import numpy as np

from nlac.kernels.jit import kernel


@kernel
def draw_levels(logits, temperature, top_k, top_p, uniforms, drawn):
    """Draw a level for each row of logits.

    Parameters
    ----------
    logits : (rows, levels) float32
        Outputs of a model.
    temperature : float
        Logits are divided by it; 0 takes the largest, the first of equal ones.
    top_k : int
        Number of levels to choose from; 0 for all. Of equal ones the first count.
    top_p : float
        Choose from the fewest levels whose probabilities add up to this.
    uniforms : (rows,) float64
        Random numbers in 0 to 1 (excluded).
    drawn : (rows,) int64
        Receives the levels.
    """
    levels = logits.shape[1]
    weights = np.empty(levels)
    for row in range(logits.shape[0]):
        best = 0
        for i in range(1, levels):
            if logits[row, i] > logits[row, best]:
                best = i
        drawn[row] = best
        if temperature == 0.0:
            continue
        total = 0.0
        for i in range(levels):
            weights[i] = math.exp((logits[row, i] - logits[row, best]) / temperature)
            total += weights[i]
        if 0 < top_k < levels or top_p < 1.0:
            # merge sort is stable: equal ones stay in their order
            order = np.argsort(-weights, kind="mergesort")
            count = top_k if 0 < top_k < levels else levels
            kept = 0.0
            for i in range(count):
                kept += weights[order[i]]
            wanted, sum_of_kept, used = top_p * kept, 0.0, 0
            while used < count and (used == 0 or sum_of_kept < wanted):
                sum_of_kept += weights[order[used]]
                used += 1
            for i in range(used, levels):
                weights[order[i]] = 0.0
            total = sum_of_kept
        rest = uniforms[row] * total
        for i in range(levels):
            if weights[i] > 0.0:
                drawn[row] = i  # rounding may leave a rest after the last one
                rest -= weights[i]
                if rest < 0.0:
                    break
