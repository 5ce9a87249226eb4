"""Frames fitted again, with what rounding tells of samples."""
