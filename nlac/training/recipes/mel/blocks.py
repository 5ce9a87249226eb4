"""Parts of the mel autoencoder."""

from __future__ import annotations

from torch import Tensor, nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
_HEADS = 4


def halving(inputs: int, outputs: int, activation: str, dropout: float) -> nn.Sequential:
    """Convolution to half the bands and frames, batch normalisation, activation, dropout."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
        nn.BatchNorm2d(outputs),
        ACTIVATIONS[activation](),
        nn.Dropout2d(dropout),
    )


def doubling(inputs: int, outputs: int, activation: str, dropout: float) -> nn.Sequential:
    """Transposed convolution to twice the bands and frames, and the same after it."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
        nn.BatchNorm2d(outputs),
        ACTIVATIONS[activation](),
        nn.Dropout2d(dropout),
    )


class ResidualBlock(nn.Module):
    """Two convolutions beside a residual connection (He et al., arXiv 1512.03385)."""

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
            ACTIVATIONS[activation](),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.BatchNorm2d(channels),
        )
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) for the same."""
        return self.activation(x + self.inner(x))


class Attention(nn.Module):
    """Every place of a map attends to all others, beside a residual connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.normal = nn.LayerNorm(channels)
        self.attention = nn.MultiheadAttention(channels, _HEADS, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, bands, frames) for the same."""
        places = x.flatten(2).transpose(1, 2)
        normal = self.normal(places)
        mixed = self.attention(normal, normal, normal, need_weights=False)[0]
        return x + mixed.transpose(1, 2).reshape(x.shape)
