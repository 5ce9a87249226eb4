"""Predictor `lpc`: forward-adaptive linear prediction whose coefficients are sent."""
