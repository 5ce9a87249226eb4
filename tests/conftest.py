"""What all tests share: Hypothesis tries the same examples on every run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "nlac",
    derandomize=True,
    database=None,
    deadline=None,  # the first example of a test may compile kernels
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("nlac")


@pytest.fixture
def cascade_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of `cascade` are its own, even where an `lpc` block would be smaller."""
    from nlac.codec import cascade_block

    monkeypatch.setattr(cascade_block, "worth_trying", lambda *_arguments: False)
