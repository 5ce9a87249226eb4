"""Checks of `nlac selftest`: generated signals through every mode, depth and container."""
