"""The options of encoding, under the name by which they were known at first."""

from nlac.codec.encoder.options import EncodeOptions

__all__ = ["EncodeOptions"]
