"""Recipes of models of this package: what joins each to data, loss and figures.

`samples` has those that predict sample after sample, `continuation` and `mel` the others.
"""
