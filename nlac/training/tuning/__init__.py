"""Search for good settings with Optuna.

`space` is what the section `tune` of a configuration says, `study` is a search in a folder,
`worker` trains its trials, and `plot` draws what mattered.
"""
