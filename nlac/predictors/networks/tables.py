"""Tables of sigmoid and tanh: part of the format, and never computed at run time.

Spec, section "Networks"; ``tools/make_gate_tables.py`` makes the file.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

ENTRIES = 4096  # for -8 to 8 in steps of 1/256


@cache
def _tables() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    data = files("nlac.predictors.networks").joinpath("gates.bin").read_bytes()
    tables = np.frombuffer(data, "<i2").astype(np.int16).reshape(2, ENTRIES)
    tables.setflags(write=False)
    return tables[0], tables[1]


def sigmoid_table() -> NDArray[np.int16]:
    """1 / (1 + e**-u), Q15."""
    return _tables()[0]


def tanh_table() -> NDArray[np.int16]:
    """tanh u, Q15."""
    return _tables()[1]
