"""Encoder of the predictor `lpc`: segments, windows, coefficients."""
