"""Predictor `lpc`: forward-adaptive linear prediction, with coefficients in the stream."""
