"""Makes the tools of this folder importable; a tiny corpus, and runs on it."""

import sys
import wave
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from training_tools import SMALL, sound

from nlac.training.config.experiment import make_experiment


@pytest.fixture
def corpus(tmp_path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = ["file\tcategory\tsplit\tlicence"]
    for i, split in enumerate(("train", "train", "valid", "test")):
        with wave.open(str(folder / f"{i}.wav"), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(16000)
            out.writeframes(sound(i).astype("<i2").tobytes())
        lines.append(f"{i}.wav\tmusic\t{split}\tCC0")
    (folder / "MANIFEST.tsv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(params=["cnn", "gated", "gru"])
def experiment(request, corpus):
    kind = {"predictor": "cnn", "gated": request.param == "gated"}
    if request.param == "gru":
        kind = {"predictor": "gru", "depth": 1}
    return make_experiment({"corpus": str(corpus), **SMALL, **kind})
