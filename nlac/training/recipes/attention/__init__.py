"""Transformers over sample bytes: `layers` are their parts, `bytes` the model, `stepping`."""
