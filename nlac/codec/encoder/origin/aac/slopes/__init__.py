"""Slopes of windows: which of them the frames of a stretch have."""
