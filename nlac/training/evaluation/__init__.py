"""Figures of predictors and of generated audio.

`metrics` compares samples and counts bits, `spectral` compares how signals sound.
"""
