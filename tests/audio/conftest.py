"""Let the tests here import their helper modules, however pytest was started; FLAC files."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of `library` are, and what tests make of them."""
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="session")
def library(folder: Path) -> dict[str, Path]:
    """FLAC files, by name."""
    from flac_library import make_library

    return make_library(folder)
