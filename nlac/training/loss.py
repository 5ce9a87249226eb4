"""The length of the code: bits of a sample under the mixture that codes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nlac.predictors.neural.features import MAX_OCTAVES

if TYPE_CHECKING:
    from torch import Tensor

# of a Gaussian, whose width the answers tell as a mean deviation
_SIGMA = math.sqrt(math.pi / 2)


def code_length(
    outputs: Tensor, error: Tensor, unit: Tensor, bits: Tensor, shares: Tensor
) -> Tensor:
    """Bits of each sample.

    Parameters
    ----------
    answers : (..., 4) float
        Of the network: shift of the location in units, octaves of three widths above the unit.
    error, unit, bits : (...) float
        As in `Crop`.
    shares : (4,) float
        Logarithms of the shares of the three parts, and of the mixture without the network.
    """
    import torch

    distance = -(error - outputs[..., 0] * unit).abs()
    log_shares = torch.log_softmax(shares, 0)
    octaves = outputs[..., 1:].clamp(-MAX_OCTAVES, MAX_OCTAVES)
    sigma = torch.exp2(octaves) * (unit * _SIGMA)[..., None]
    upper = torch.special.ndtr((distance[..., None] + 0.5) / sigma)
    lower = torch.special.ndtr((distance[..., None] - 0.5) / sigma)
    # where both round to the same number, the density does
    z = distance[..., None] / sigma
    density = torch.exp(-0.5 * z * z) / (sigma * math.sqrt(2 * math.pi))
    parts = torch.where(sigma > 8, density, upper - lower)
    network = (log_shares[:-1].exp() * parts).sum(-1)
    return -torch.log2(network + log_shares[-1].exp() * torch.exp2(-bits))
