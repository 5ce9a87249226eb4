"""What all tests share: Hypothesis tries the same examples on every run."""

from __future__ import annotations

import os

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

# whoever runs the tests may have a configuration file
os.environ["NLAC_CONFIG"] = ""


@pytest.fixture
def cascade_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of `cascade` and of networks are their own, even where `lpc` would be smaller."""
    from nlac.codec.encoder.lpc import fallback

    monkeypatch.setattr(fallback, "worth_trying", lambda *_arguments: False)
