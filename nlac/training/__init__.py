"""Training of the networks of `cnn` and `gru`; needs PyTorch, which decoding never does.

`config` says what is trained, on what and how; `recordings` finds and augments audio,
`crops` lets a front run over it; `modules` are the networks in floating point, `quantise`
makes them integers; `loss` is the length of the code; `run` trains, and
`board` draws its curves.
"""
