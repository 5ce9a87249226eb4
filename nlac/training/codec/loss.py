"""Code length: bits of a sample under the mixture that codes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nlac.predictors.neural.features import MAX_OCTAVES

if TYPE_CHECKING:
    from torch import Tensor

# ratio of standard deviation and mean absolute deviation of a Gaussian
_SIGMA = math.sqrt(math.pi / 2)


def code_length(
    outputs: Tensor, error: Tensor, unit: Tensor, bits: Tensor, shares: Tensor
) -> Tensor:
    """Bits of each sample.

    Parameters
    ----------
    outputs : (..., 4) float
        Outputs of the network: shift of the location in units, three widths in octaves above the
        unit.
    error, unit, bits : (...) float
        As in `Crop`.
    shares : (4,) float
        Logarithms of the weights of the network's three parts, and of the mixture without the
        network, up to a constant.
    """
    import torch

    distance = -(error - outputs[..., 0] * unit).abs()
    log_shares = torch.log_softmax(shares, 0)
    octaves = outputs[..., 1:].clamp(-MAX_OCTAVES, MAX_OCTAVES)
    sigma = torch.exp2(octaves) * (unit * _SIGMA)[..., None]
    upper = torch.special.ndtr((distance[..., None] + 0.5) / sigma)
    lower = torch.special.ndtr((distance[..., None] - 0.5) / sigma)
    # for wide parts both round to the same number: take the density
    z = distance[..., None] / sigma
    density = torch.exp(-0.5 * z * z) / (sigma * math.sqrt(2 * math.pi))
    parts = torch.where(sigma > 8, density, upper - lower)
    network = (log_shares[:-1].exp() * parts).sum(-1)
    return -torch.log2(network + log_shares[-1].exp() * torch.exp2(-bits))
