"""Represent floats by integers: gains, grids, exceptions (spec 11.15)."""
