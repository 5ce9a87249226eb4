"""Log-mel bands as a layer, normalised by statistics that are kept with the model."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from nlac._errors import UsageError
from nlac.training.recipes.spectral_losses import magnitudes
from nlac.training.signal.spectra import MelSettings, mel_filters, mel_spread

_QUIETEST, _NARROWEST = 1e-5, 1e-3


class LogMel(nn.Module):
    """Audio to normalised log-mel bands and back to plain ones.

    Bands are those of `nlac.training.signal.spectra.log_mel`. The mean and deviation of each band
    are buffers: 0 and 1 until `fit` has seen data.

    Parameters
    ----------
    settings : MelSettings
        Bands.
    """

    def __init__(self, settings: MelSettings) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("filters", torch.from_numpy(mel_filters(settings)).float())
        self.register_buffer("spread", torch.from_numpy(mel_spread(settings)).float())
        self.register_buffer("mean", torch.zeros(settings.bands))
        self.register_buffer("deviation", torch.ones(settings.bands))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, bands, frames) normalised bands of (batch, times) audio in -1 to 1."""
        return self.normalised(self.plain(x))

    def plain(self, x: Tensor) -> Tensor:
        """Natural logarithms of the mean amplitudes in bands."""
        magnitude = magnitudes(x, self.settings.size, self.settings.hop)
        amplitude = self.filters @ magnitude * (4 / self.settings.size)
        return torch.log(amplitude.clamp_min(_QUIETEST))

    def normalised(self, bands: Tensor) -> Tensor:
        """Subtract the mean, divide by the deviation."""
        return (bands - self.mean[:, None]) / self.deviation[:, None]

    def denormalised(self, bands: Tensor) -> Tensor:
        """Inverse of `normalised`."""
        return bands * self.deviation[:, None] + self.mean[:, None]

    @torch.no_grad()
    def fit(self, pieces: Iterable[Tensor]) -> None:
        """Set mean and deviation to those of some (batch, times) audio."""
        count, total, squares = 0, torch.zeros(()), torch.zeros(())
        for piece in pieces:
            bands = self.plain(piece).double()
            count += bands.shape[0] * bands.shape[2]
            total = total + bands.sum((0, 2))
            squares = squares + (bands * bands).sum((0, 2))
        if not count:
            raise UsageError("no audio to normalise by")
        mean = total / count
        variance = (squares / count - mean * mean).clamp_min(_NARROWEST**2)
        self.mean.copy_(mean)
        self.deviation.copy_(variance.sqrt())
