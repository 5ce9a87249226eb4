"""Tools of other folders are importable; the example package is at hand as a predictor."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nlac.predictors import registry

sys.path.append(str(Path(__file__).resolve().parents[1] / "codec"))
PLUGIN = Path(__file__).resolve().parents[1] / "predictors" / "plugin"


# a module at a time: not to be seen by the tests of other folders
@pytest.fixture(scope="module")
def plugin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(PLUGIN), *sys.path])
        patch.setattr(registry, "_registered", {})
        yield
