"""Joins bytes and predictors: blocks, streams, seeking, threads, recovery."""
