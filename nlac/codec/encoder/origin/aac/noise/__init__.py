"""Bands that hold a decoder's noise: which they are, and the state of its generator."""
