"""Generation that is heard while it goes on, and training that reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")
pytest.importorskip("yaml", reason="PyYAML is not installed")
soundfile = pytest.importorskip("soundfile", reason="soundfile is not installed")

from nlac._errors import UsageError
from nlac.training.background import TrainingWish, train_in_background
from nlac.training.config.shipped import find_config
from nlac.training.generation import free_run
from nlac.training.generation.files import as_frames
from nlac.training.generation.live import AUDIO, SAMPLES, Wish, generate_live
from nlac.training.generation.sampling import Sampling
from nlac.training.runs.folder import RunFolder

SIZES = {
    "gru": {"model.units": 16, "data.frames": 256, "model.context": 128},
    "bytes": {"model.width": 16, "model.layers": 1, "model.heads": 2, "data.frames": 64},
    "mel": {"model.frames": 16, "data.frames": 3840, "model.latent": 8},
}
QUICK = {
    "train.steps": 2, "train.batch": 2, "train.workers": 0, "train.threads": 1, "train.warmup": 0,
    "data.valid_crops": 2, "data.synthetic": {"seconds": 0.5},
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.05)
        for name, sizes in SIZES.items():
            wish = TrainingWish(str(find_config(name)), str(folder / name), "", {**QUICK, **sizes})
            assert train_in_background(lambda facts: None, wish)["run_state"] == "finished"
    return folder


@pytest.mark.parametrize("name", SIZES)
def test_what_is_heard_is_what_is_made(
    name: str, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # pieces that do not divide the length, and halves of samples at their ends
    monkeypatch.setattr(free_run, "_EVERY", 301)
    told: list[dict] = []
    sizes = []

    def report(facts):
        told.append(dict(facts))
        if "frames" in facts and (tmp_path / SAMPLES).exists():
            sizes.append(((tmp_path / SAMPLES).stat().st_size, 2 * facts["frames"]))

    wish = Wish(str(runs / name), 0.1, Sampling(temperature=0.9, top_k=50, seed=4))
    made = generate_live(report, wish, str(tmp_path))
    samples, _ = soundfile.read(tmp_path / AUDIO, dtype="int16")
    assert (tmp_path / SAMPLES).read_bytes() == samples.astype("<i2").tobytes()
    assert made["frames"] == len(samples) == 1600
    assert all(size == frames for size, frames in sizes)
    if name != "mel":
        assert len(sizes) > 3
    assert made["unused"] == (["top_k"] if name == "mel" else [])
    assert {"stage": "loading the model"} in told


def test_a_beginning_changes_it(runs: Path, tmp_path: Path):
    prime = tmp_path / "prime.wav"
    tone = as_frames(0.3 * np.sin(np.arange(4000) / 7))
    soundfile.write(prime, tone.astype(np.int16), 8000)
    made = []
    for seconds, path in ((None, None), (None, prime), (0.02, prime)):
        wish = Wish(
            str(runs / "gru"), 0.05, Sampling(seed=1), prime=path and str(path),
            prime_seconds=seconds,
        )  # fmt: skip
        facts = generate_live(lambda facts: None, wish, str(tmp_path))
        made.append((facts["begins_with"], (tmp_path / AUDIO).read_bytes()))
    assert [words for words, _ in made] == [
        "nothing", "0.50 s of a recording", "0.02 s of a recording",
    ]  # fmt: skip
    assert len({data for _, data in made}) == 3


def test_wishes_that_cannot_be(runs: Path, tmp_path: Path):
    for wrong in ({"seconds": 0.0}, {"seconds": 601.0}, {"seconds": 1.0, "prime_seconds": -1.0}):
        with pytest.raises(UsageError, match="seconds"):
            Wish(str(runs / "gru"), sampling=Sampling(), **wrong)
    wish = Wish(str(runs / "gru"), 0.1, Sampling(), label="piano")
    with pytest.raises(UsageError, match="label"):
        generate_live(lambda facts: None, wish, str(tmp_path))


def test_what_there_was_when_it_was_stopped(runs: Path, tmp_path: Path):
    told: list[dict] = []
    wish = Wish(str(runs / "gru"), 1.0, Sampling(seed=5))
    generate_live(told.append, wish, str(tmp_path))
    whole, _ = soundfile.read(tmp_path / AUDIO, dtype="int16")

    def stop(facts):
        told.append(dict(facts))
        if facts.get("frames", 0) > 2000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_live(stop, wish, str(tmp_path))
    assert told[-1] == {"kept": True}
    kept, rate = soundfile.read(tmp_path / AUDIO, dtype="int16")
    assert rate == 16000
    assert np.array_equal(kept, whole[: len(kept)])
    assert 2000 < len(kept) < 16000


def test_a_short_run_has_metrics_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nlac.training.loop.results._SAMPLE_SECONDS", 0.05)
    told: list[dict] = []
    sizes = {**QUICK, **SIZES["gru"], "train.steps": 16}
    config, folder = str(find_config("gru")), str(tmp_path / "run")
    done = train_in_background(told.append, TrainingWish(config, folder, "synthetic", sizes))
    assert done["run_state"] == "finished"
    run = RunFolder(folder)
    records = run.metrics()
    assert [record["step"] for record in records] == list(range(1, 17))
    assert [record["step"] for record in records if "valid.loss" in record] == list(range(2, 17, 2))
    assert told[0] == {"stage": "opening the data"}
    assert {"lines": 16, "step": 16} in told
    # it goes on with more steps, and with the intervals that it has
    more = TrainingWish(str(run.config_path), folder, "", {"train.steps": 18}, is_new=False)
    assert train_in_background(told.append, more)["step"] == 18
    assert len(run.metrics()) == 18
    assert run.config()["train"]["valid_every"] == 2
