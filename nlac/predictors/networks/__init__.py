"""Small networks in integers, whose outputs are the same bits on every machine.

`layers` defines networks and proves that their sums fit. `reference` defines their outputs. `step`
(compiled, one sample at a time), `sweep` (compiled, many samples at once, without recurrence) and
`torch_runner` (PyTorch, many samples at once) compute the same outputs. `serialization` and
`models` are the forms in which networks are stored. `online` is a network that learns while coding.
"""
