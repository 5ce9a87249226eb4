"""A protected stream, and the same without parity."""

from __future__ import annotations

import pytest
from parity_tools import make_stream, protect


@pytest.fixture(scope="session")
def plain() -> bytes:
    return make_stream(60_000)


@pytest.fixture(scope="session")
def protected(plain) -> bytes:
    return protect(plain)
