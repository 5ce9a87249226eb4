"""The codec's own networks, for the predictors `cnn` and `gru`, as a recipe.

`settings` are their settings. `recordings` finds and augments audio, `crops` runs the base
predictor over it, `pool` draws batches. `modules` are the networks in floating point, and
`quantise` converts them to integers. `loss` is the code length, `recipe` joins all of it for the
training loop, and `export` makes model files.
"""
