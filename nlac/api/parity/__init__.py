"""Parity against damage: `protecting` adds it to streams, `repairing` uses it."""
