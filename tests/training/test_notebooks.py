"""The notebooks in docs/ run, from top to bottom, and say what they did."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")
plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")

from training_tools import sound

from nlac.training import write_audio

FOLDER = Path(__file__).parents[2] / "docs/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(path: Path) -> list[dict]:
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def run(path: Path, **constants: object) -> dict:
    """Run the cells of a notebook; returns its names."""
    names: dict = {"__name__": "__main__"}
    for number, cell in enumerate(cells(path), 1):
        source = "".join(cell["source"])
        for name, value in constants.items():
            source = re.sub(rf"^{name} = \S+", f"{name} = {value!r}", source, flags=re.M)
        exec(compile(source, f"{path.name}, cell {number}", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_are_stored_with_their_outputs(path: Path):
    counts = [cell["execution_count"] for cell in cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in cells(path) for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream", "display_data"}
    text = path.read_text(encoding="utf-8")
    assert "/tmp" not in text
    assert "stderr" not in text


def test_a_new_recipe_is_short_and_learns(capsys):
    names = run(FOLDER / "add-your-own-predictor.ipynb")
    assert len(names["RECIPE"].strip().splitlines()) < 80
    assert len(names["CONFIG"].strip().splitlines()) < 20
    told = capsys.readouterr().out
    for part in ("window.py: ", "7,113 parameters", "bits a sample", "after 0.25 s of a recording"):
        assert part in told
    curve = [record["valid.bits"] for record in names["records"] if "valid.bits" in record]
    assert curve[-1] < curve[0] - 0.5
    assert Path("notebook-runs/made.wav").is_file()
    # the recordings that no weights predict
    window, lpc = np.mean(names["rows"]["drums"], axis=0)
    assert window < lpc
    assert len(plt.get_fignums()) == 2


def test_predictors_are_compared(capsys):
    names = run(FOLDER / "compare-predictors.ipynb", SECONDS=1.0)
    total = names["total"]
    assert list(total) == [
        "LPC 8", "LPC 16", "LPC 32", "nlac fast", "nlac standard", "cnn", "wavenet",
    ]  # fmt: skip
    assert total["nlac standard"] < total["LPC 32"] < total["LPC 8"] < 16
    assert total["cnn"] < 9
    assert "84 recordings, 14 to compare on, 8000 Hz" in capsys.readouterr().out


def test_predictors_are_compared_on_recordings(capsys, tmp_path: Path):
    (tmp_path / "recordings").mkdir()
    for number in range(6):
        samples = sound(number, 24000) / 32768
        write_audio(tmp_path / f"recordings/{number}.wav", samples, 16000)
    names = run(FOLDER / "compare-predictors.ipynb", RECORDINGS="recordings", SECONDS=1.0)
    assert "6 recordings, 1 to compare on, 8000 Hz" in capsys.readouterr().out
    assert len(names["bits"]["cnn"]) == 1
