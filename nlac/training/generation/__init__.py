"""Generation: a model's samples fed back to it.

`sampling` draws a value from a model's outputs, `free_run` feeds it back. `divergence` compares a
free run with the recording that it began with, and `plot` draws the comparison. `audio` makes audio
with the run of any recipe, and `files` reads and writes it.
"""
