"""Causal networks of dilated convolutions: `cnn` over samples, `wavenet` over levels.

`stack` are the layers that both share. `front` predicts linearly before a `cnn`. `stepping` runs
them sample by sample, by the compiled loops of `kernels`.
"""
