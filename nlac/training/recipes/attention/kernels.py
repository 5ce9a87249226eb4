"""Compiled loop of a transformer, one byte at a time, on rings of the keys and values of a window.

Attention does not depend on the order of what it attends to, so rings need no turning.
"""

from __future__ import annotations

import math

import numpy as np

from nlac.kernels.jit import inline_kernel, kernel
from nlac.training.recipes.loops import add_product

_EPSILON = 1e-5  # of PyTorch's LayerNorm
_HALF_ROOT = math.sqrt(0.5)


@inline_kernel
def _normalise(x, scale, shift, y):
    mean, square = 0.0, 0.0
    for i in range(x.shape[0]):
        mean += x[i]
    mean /= x.shape[0]
    for i in range(x.shape[0]):
        square += (x[i] - mean) * (x[i] - mean)
    inverse = 1.0 / math.sqrt(square / x.shape[0] + _EPSILON)
    for i in range(x.shape[0]):
        y[i] = np.float32((x[i] - mean) * inverse) * scale[i] + shift[i]


@inline_kernel
def _turn(x, heads, cosines, sines):
    """Rotate the pairs of each head in place."""
    half = cosines.shape[0]
    for h in range(heads):
        at = 2 * h * half
        for i in range(half):
            a, b = x[at + i], x[at + half + i]
            x[at + i] = a * cosines[i] - b * sines[i]
            x[at + half + i] = a * sines[i] + b * cosines[i]


# products and sums may be fused, as in `add_product`
@kernel(fastmath={"contract"})
def advance_transformer(
    inputs, angles, normals, projections, projection_bias, out, out_bias, wide, wide_bias, narrow,
    narrow_bias, last, last_bias, heads, keys, values, position, outputs,
):  # fmt: skip
    """Run all layers over the inputs of one sequence.

    Parameters
    ----------
    inputs : (times, width) float32
        Vectors of the bytes and their places.
    angles : (times, 2, size / 2) float32
        Cosines and sines of the positions.
    normals : (2 * layers + 1, 2, width) float32
        Scale and shift of the normalisations: two for each layer, and the last.
    projections, out, wide, narrow : (layers, inputs, outputs) float32
        Matrices of the layers, each with its bias, (layers, outputs).
    last, last_bias : (width, outputs), (outputs,) float32
        Output layer.
    heads : int
        Heads of the attention.
    keys, values : (layers, heads, size, window), (layers, heads, window, size) float32
        Rings.
    position : int
        Number of inputs before the first.
    outputs : (times, outputs) float32
        Receives the outputs.
    """
    layers, _, size, window = keys.shape
    width = heads * size
    normal = np.empty(width, np.float32)
    parts = np.empty(3 * width, np.float32)
    mixed = np.empty(width, np.float32)
    scores = np.empty(window, np.float32)
    dense = np.empty(wide.shape[2], np.float32)
    x = np.empty(width, np.float32)
    factor = np.float32(size**-0.5)
    for t in range(inputs.shape[0]):
        now = position + t
        at, filled = now % window, min(now + 1, window)
        x[:] = inputs[t]
        for i in range(layers):
            _normalise(x, normals[2 * i, 0], normals[2 * i, 1], normal)
            parts[:] = projection_bias[i]
            add_product(projections[i], normal, width, parts)
            _turn(parts[:width], heads, angles[t, 0], angles[t, 1])
            _turn(parts[width : 2 * width], heads, angles[t, 0], angles[t, 1])
            mixed[:] = 0.0
            for h in range(heads):
                query = parts[h * size : (h + 1) * size]
                own_keys, own_values = keys[i, h], values[i, h]
                for c in range(size):
                    own_keys[c, at] = parts[width + h * size + c]
                    own_values[at, c] = parts[2 * width + h * size + c]
                # keys stand channel by channel, so that this loop has no reduction
                scores[:filled] = 0.0
                for c in range(size):
                    weight = query[c] * factor
                    row = own_keys[c]
                    for k in range(filled):
                        scores[k] += weight * row[k]
                top = scores[0]
                for k in range(1, filled):
                    top = max(top, scores[k])
                total = np.float32(0.0)
                for k in range(filled):
                    scores[k] = math.exp(scores[k] - top)
                    total += scores[k]
                goal = mixed[h * size : (h + 1) * size]
                for k in range(filled):
                    share = scores[k] / total
                    for c in range(size):
                        goal[c] += share * own_values[k, c]
            x += out_bias[i]
            add_product(out[i], mixed, width, x)
            _normalise(x, normals[2 * i + 1, 0], normals[2 * i + 1, 1], normal)
            dense[:] = wide_bias[i]
            add_product(wide[i], normal, width, dense)
            for j in range(len(dense)):
                value = dense[j]
                dense[j] = 0.5 * value * (1.0 + math.erf(value * _HALF_ROOT))
            x += narrow_bias[i]
            add_product(narrow[i], dense, len(dense), x)
        _normalise(x, normals[2 * layers, 0], normals[2 * layers, 1], normal)
        goal = outputs[t]
        goal[:] = last_bias
        add_product(last, normal, width, goal)
