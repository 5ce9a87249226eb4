"""Train the networks of `cnn` and `gru`. Training needs PyTorch; decoding never does.

`config` is the configuration of a run. `recordings` finds and augments audio, `crops` runs the
base predictor over it, `pool` draws batches. `modules` are the networks in floating point, and
`quantise` converts them to integers. `loss` is the code length, `run` trains, `board` writes
TensorBoard curves.
"""
