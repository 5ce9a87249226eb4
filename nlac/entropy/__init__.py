"""Entropy coding: integer codes, range coder, distributions, mixtures, value sets."""
