"""Code lengths: mixtures of discretised logistics, and Gaussians, over samples of some bits.

The mixture is that of Salimans et al., PixelCNN++ (arXiv 1701.05517), for one channel. Where the
paper switches between differences of sigmoids and densities, an identity is exact everywhere:
``s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

# the narrowest part of a mixture is this fraction of the step between two samples wide
_NARROWEST = 0.05


def clamp_log_scales(log_scales: Tensor, step: float) -> Tensor:
    """Keep logarithms of widths where probabilities are exact in float32."""
    return log_scales.clamp(math.log(_NARROWEST * step), 2.0)


def logistics_nll(outputs: Tensor, x: Tensor, step: float) -> Tensor:
    """Code length of samples under mixtures of discretised logistics.

    Parameters
    ----------
    outputs : (..., 3 * parts) float Tensor
        Logits of the weights, means, and logarithms of the widths (the scale of a logistic
        distribution), in units of full scale.
    x : (...) float Tensor
        Samples, multiples of `step` from -1 to 1 - `step`.
    step : float
        Distance between two neighbouring samples.

    Returns
    -------
    (...) float Tensor
        Nats. The probabilities of all samples add up to 1: the tails belong to the outermost ones.
    """
    # whatever the model computes in, small differences of sigmoids need 32 bits
    logits, means, log_scales = outputs.float().chunk(3, -1)
    scale = clamp_log_scales(log_scales, step).exp()
    x = x[..., None]
    width = step / scale
    upper = (x - means) / scale + 0.5 * width
    lower = upper - width
    inside = functional.logsigmoid(upper) + functional.logsigmoid(-lower)
    inside = inside + torch.log(-torch.expm1(-width))
    first, last = x < -1 + 0.5 * step, x > 1 - 1.5 * step
    parts = torch.where(first, functional.logsigmoid(upper), inside)
    parts = torch.where(last, functional.logsigmoid(-lower), parts)
    return -torch.logsumexp(torch.log_softmax(logits, -1) + parts, -1)


def gaussian_nll(error: Tensor, variance: Tensor, step: float) -> Tensor:
    """Code length of errors in nats, under a Gaussian that is wide beside `step`."""
    variance = variance.clamp_min(step * step / 12)  # the variance of rounding itself
    return 0.5 * (torch.log(2 * math.pi * variance) + error * error / variance) - math.log(step)


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean of (batch, times) values, over those that a mask of this shape has True."""
    if mask is None:
        return values.mean()
    return (values * mask).sum() / mask.sum().clamp_min(1)
