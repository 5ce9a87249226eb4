"""Runs as folders: what lies in one, how it is read, listed, compared and drawn.

`folder` is the layout, `environment` describes machine and software, `checkpoints` reads and writes
weights, `card` describes a model. `table`, `compare` and `plot` show runs. Only `checkpoints` needs
PyTorch.
"""
