"""Blocks that hold what a lossy stream held: quantised spectra, synthesised again in integers."""
