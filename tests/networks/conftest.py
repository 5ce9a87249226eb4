"""Makes the tools of this folder and of others importable; the devices that networks run on."""

import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "golden"), str(FOLDER.parent / "codec")]


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """Every device of PyTorch that networks may run on."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("NOT TESTED: networks on a GPU (CUDA), for PyTorch finds none here")
    return str(request.param)
