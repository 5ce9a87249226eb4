"""The training loop, for every recipe.

`trainer` is the loop, and `beginning` makes what it changes. `devices` chooses where to compute,
and seeds; `processes` shares a step among several processes. `optimisers` and `schedules` change
the weights, `average` keeps their moving average. `means` adds up figures, and `validation`
computes those of held-out data. `state` is what a checkpoint holds, `resuming` compares settings,
`stopping` hears signals. `records` writes what a run tells (`board` for TensorBoard), `results`
what is there at its end.
"""
