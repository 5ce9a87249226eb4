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


@pytest.fixture
def own_models(monkeypatch):
    """No model that another test made is known."""
    from nlac.predictors.networks import models

    monkeypatch.setattr(models, "_added", {})


@pytest.fixture(params=["cnn-rls", "gru-high", "gru-lpc"])
def made(request, tmp_path) -> Path:
    """A model file of a random network, which answers wildly."""
    from tiny_networks import tiny_network

    from nlac.predictors.networks.models import Model

    kind, front = request.param.split("-")
    path = tmp_path / f"{request.param}.nlacm"
    path.write_bytes(Model(tiny_network(kind), {"name": path.stem, "front": front}).to_bytes())
    return path
