"""``nlac eval`` on runs of every recipe that were just trained, by the command line."""

from __future__ import annotations

import json
import wave

import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from test_experiments import QUICK, RECIPES, SMALL
from training_tools import SMALL as CODEC

from nlac.cli.main import cli
from nlac.training.config.experiment import make_experiment, read_experiment
from nlac.training.loop.trainer import Trainer


def trained(name: str, folder):
    experiment = read_experiment(RECIPES / f"{name}.yaml", {**QUICK, **SMALL[name]})
    Trainer(experiment, folder).run()
    return folder


def call(*arguments):
    return CliRunner().invoke(cli, ["eval", *map(str, arguments)], prog_name="nlac")


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    monkeypatch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.02)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["cnn", "gru", "wavenet", "bytes"])
def test_sample_predictors(name, tmp_path):
    run = trained(name, tmp_path / "run")
    done = call(run, "lpc8", "synthetic", "--limit", "0.1", "--json", "--device", "cpu")
    assert done.exit_code == 0, done.output
    results = json.loads(done.stdout)
    codec, lpc = results["codecs"][:2]
    assert (codec["label"], codec["kind"], codec["call"]) == ("run", "run", f"recipe {name}")
    figures = codec["figures"]
    assert figures["recordings"] == lpc["figures"]["recordings"] == 14
    assert figures["samples"] == lpc["figures"]["samples"] == 14 * 1600
    assert figures["bits_are"] == "ideal"
    # after four steps nothing is learnt, but no sample takes more than a few bits too many
    assert 1 < figures["bits_per_sample"] < 24
    extra = figures["bits_per_sample"] - figures["cross_entropy"]
    assert extra > 1 if name in ("gru", "wavenet") else extra == 0
    for key in ("mse", "mae", "residual_entropy", "samples_per_second", "prediction_gain"):
        assert figures[key] is not None
    told = json.loads((run / "results/metrics.json").read_text())
    assert told["evaluation"]["figures"]["run"] == figures
    assert told["recipe"] == name
    with wave.open(str(run / "results/predictions.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (16000, 1600)


def test_audio_models_and_pictures(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run = trained("mel", tmp_path / "mel")
    done = call(run, "lpc8", "synthetic", "--limit", "0.3", "--plot", "pictures")
    assert done.exit_code == 0, done.output
    for heading in ("LSD dB", "MCD dB", "Fréchet", "bits/sample"):
        assert heading in done.stdout
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"mel-curves.png", "mel-residual.png", "lpc8-waveform.png"} <= names
    assert {"residual.png", "waveform.png", "spectrograms.png", "curves.png"} <= {
        path.name for path in (run / "results").iterdir()
    }
    done = call(run, "synthetic", "--plot", "pictures")
    assert done.exit_code == 5
    assert "pictures is not empty" in str(done.exception) + done.output + done.stderr


def test_continuation(tmp_path):
    run = trained("continuation", tmp_path / "run")
    done = call(run, "lpc8", "synthetic", "--limit", "0.5", "--json")
    # the built-in set is made at the rate of the run
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)["codecs"][0]["figures"]
    for key in ("log_spectral_distance", "continuation_log_spectral_distance",
                "continuation_frechet_distance"):  # fmt: skip
        assert figures[key] > 0


def test_networks_of_the_codec_are_coded_exactly(tmp_path):
    changes = {"predictor": "cnn", "gated": False, "corpus": "synthetic", "front": "lpc"}
    Trainer(make_experiment({**CODEC, **changes}), tmp_path / "net").run()
    done = call(tmp_path / "net", "synthetic", "--limit", "0.3", "--json")
    assert done.exit_code == 0, done.output
    codec = json.loads(done.stdout)["codecs"][0]
    assert (codec["kind"], codec["figures"]["bits_are"]) == ("run", "coded")


def test_wrong_use(tmp_path):
    run = trained("gru", tmp_path / "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/config.yaml").write_text("recipe: gru\n")
    for arguments, message in (
        ((run,), "no recordings"),
        (("nothing", "synthetic"), "nothing: no such file"),
        ((tmp_path / "empty", "synthetic"), "no run with a checkpoint"),
        ((run, "synthetic", "--device", "tpu"), "device: tpu"),
        ((run, "synthetic", "--split", "other"), "split other"),
    ):
        done = call(*arguments)
        assert done.exit_code == 2, done.output
        assert message in done.stderr
