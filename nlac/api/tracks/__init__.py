"""Tracks: `split` divides a recording by its cue sheet, `join` makes one of several."""
