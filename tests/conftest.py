"""What all tests share: Hypothesis tries the same examples on every run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "nlac",
    derandomize=True,
    database=None,
    deadline=None,  # the first example of a test may compile kernels
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("nlac")
