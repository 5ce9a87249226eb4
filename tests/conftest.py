"""What all tests share: Hypothesis tries the same examples on every run."""

from __future__ import annotations

import os

import pytest
from entries_called import EntriesCalled
from hypothesis import HealthCheck, settings

from nlac.kernels.mode import MODE, Mode

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


def pytest_configure(config: pytest.Config) -> None:
    """Watch which of the compiled kernels are called, where the whole suite runs."""
    if MODE is Mode.AHEAD:
        config.pluginmanager.register(EntriesCalled())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what only makes sense with numba to a session of its own."""
    if MODE is Mode.JIT:
        return
    reason = "needs kernels that are compiled just in time (NLAC_JIT=1)"
    for item in items:
        if item.get_closest_marker("jit"):
            item.add_marker(pytest.mark.skip(reason=reason))
