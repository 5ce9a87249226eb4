"""Kernels that a built wheel holds as machine code: library, levels of processors, calls.

Nothing here needs numba. ``tools/ahead`` makes the library.
"""
