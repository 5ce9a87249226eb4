"""Search for value sets: plain ranges, grids and lists (spec 11.7)."""
