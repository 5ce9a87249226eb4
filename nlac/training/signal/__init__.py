"""Signals on their way into a model and out of it.

`companding` and `emphasis` make 16-bit samples the codes of a small alphabet, `representation` is
either of these as one object. `spectra` has windows, spectra and mel bands; `griffin_lim` makes
audio of magnitudes, and `noise_gate` cleans it.
"""
