"""Encoder of predictor `lpc`: segments, windows, coefficients."""
