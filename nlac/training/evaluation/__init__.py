"""Predictors, codecs and models that make audio, compared on the same recordings.

`metrics` compares samples and counts bits, `spectral` compares how signals sound. `recordings`
reads what is evaluated; a `method` measures one recording: `baselines`, `codecs`, and the models of
`runs`, in `networks` and `audio`. `evaluate` does all of it, `figures` adds up, `report` and
`pictures` show it.
"""
