"""Small networks in integers, whose outputs are the same bits everywhere.

`layers` says what a network is and proves that its sums fit; `reference` is what it
computes; `step` (compiled, one sample at a time), `sweep` (compiled, many at once, of networks
without recurrence) and `bulk` (PyTorch, many at once) compute the same. `model` is the form in
which networks are kept.
"""
