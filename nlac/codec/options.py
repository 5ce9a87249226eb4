"""Alias of `nlac.codec.encoder.options`, kept for callers of the earlier name."""

from nlac.codec.encoder.options import EncodeOptions

__all__ = ["EncodeOptions"]
