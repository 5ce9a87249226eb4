"""The product of a vector and a matrix, for compiled loops that run a network sample by sample."""

from __future__ import annotations

from nlac.kernels.jit import kernel


# products and sums may be fused, which processors do in one instruction
@kernel(forceinline=True, fastmath={"contract"})
def add_product(weights, x, count, y):
    """``y += x[:count] @ weights[:count]``, `count` being a multiple of 4.

    Four rows at a time: y is loaded and stored a quarter as often, and the loop over it has no
    reduction, so the compiler makes vectors of it as it stands. Sums are made in one order.
    """
    for i in range(0, count, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for j in range(y.shape[0]):
            y[j] += (
                weights[i, j] * a + weights[i + 1, j] * b
                + weights[i + 2, j] * c + weights[i + 3, j] * d
            )  # fmt: skip
