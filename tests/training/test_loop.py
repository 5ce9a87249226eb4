"""The training loop: exact resumption, parts of a step, schedules, stopping, what it writes."""

from __future__ import annotations

import json
import math
import sys
import wave

import pytest
from training_tools import tiny, without_times

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac._errors import CorruptStream, MissingDependency, NlacError, UsageError
from nlac.training.config.train import TrainSettings
from nlac.training.loop import devices
from nlac.training.loop.schedules import Schedule
from nlac.training.loop.trainer import Trainer
from nlac.training.runs.checkpoints import read_checkpoint, weights_of

KINDS = {
    "plain": {},
    "adamw": {"train__optimiser": "adamw", "train__decay": 0.1, "train__ema": 0.9},
    "plateau": {"train__schedule": "plateau", "train__fall_patience": 0, "train__valid_every": 1},
    "warm": {"train__schedule": "step", "train__fall_every": 3, "train__warmup": 4},
    "parts": {"train__accumulate": 2, "train__clip": 0.01},
    "bfloat16": {"train__precision": "bfloat16"},
    "float16": {"train__precision": "float16"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_is_the_same_bit_for_bit(kind, tmp_path):
    experiment = tiny(**KINDS[kind])
    whole = Trainer(experiment, tmp_path / "whole")
    assert whole.run() == "finished"
    # ended by a caller, and after a checkpoint: what came after it is trained again
    Trainer(experiment, tmp_path / "parts").run(until=5)
    stopped = Trainer(experiment, tmp_path / "parts")
    kept = (tmp_path / "parts/checkpoints/last.safetensors").read_bytes()
    assert stopped.run(stop=lambda: stopped.state.step == 9) == "interrupted"
    (tmp_path / "parts/checkpoints/last.safetensors").write_bytes(kept)
    with open(stopped.run_folder.metrics_path, "a") as file:
        file.write('{"step": 11, "sec')
    again = Trainer(experiment, tmp_path / "parts")
    assert again.state.step == 5
    assert again.run() == "finished"
    for name in ("last", "best"):
        tensors, numbers = read_checkpoint(tmp_path / f"whole/checkpoints/{name}.safetensors")
        others, same = read_checkpoint(tmp_path / f"parts/checkpoints/{name}.safetensors")
        assert tensors.keys() == others.keys()
        for key, value in tensors.items():
            assert torch.equal(value, others[key]), key
        assert {**numbers, "seconds": 0} == {**same, "seconds": 0}
    records = whole.run_folder.metrics()
    assert without_times(records) == without_times(again.run_folder.metrics())
    assert len(again.run_folder.metadata()["sessions"]) == 3


def test_a_step_in_parts_is_the_same_step(tmp_path):
    """Parts have different numbers of unmasked samples, which count alike."""
    losses = []
    for accumulate in (1, 2, 4):
        experiment = tiny(train__accumulate=accumulate, model__dropout=0.0, train__log_every=1)
        trainer = Trainer(experiment, tmp_path / str(accumulate))
        trainer.run()
        losses.append([r["train.loss"] for r in trainer.run_folder.metrics()])
    for other in losses[1:]:
        assert other == pytest.approx(losses[0], rel=1e-5)


def test_other_settings_do_not_resume(tmp_path):
    Trainer(tiny(), tmp_path / "run").run(until=2)
    with pytest.raises(UsageError) as error:
        Trainer(tiny(model__order=5, train__rate=0.5, train__steps=20), tmp_path / "run")
    for part in ("model.order was 8, now 5", "train.rate was 0.01, now 0.5", "train.steps"):
        assert part in str(error.value)
    assert "train.steps was" not in str(error.value)
    # what may differ
    longer = Trainer(tiny(train__steps=20, train__save_every=7), tmp_path / "run")
    assert longer.run() == "finished"
    assert longer.run_folder.config()["train"]["steps"] == 20
    with pytest.raises(UsageError, match=r"trained on the data .* can only be resumed with"):
        Trainer(tiny(train__steps=20, data__folder="other"), tmp_path / "run")


def test_a_folder_is_for_one_process(tmp_path):
    pytest.importorskip("fcntl", reason="NOT TESTED: no locks here")
    trainer = Trainer(tiny(), tmp_path / "run")

    def meddle(done: int, total: int) -> None:
        assert trainer.run_folder.state() == "running"
        with pytest.raises(UsageError, match="another process is training"):
            Trainer(tiny(), tmp_path / "run").run()

    trainer.run(until=1, progress=meddle)
    assert trainer.run_folder.state() == "interrupted"
    # as if it had been killed
    trainer.run_folder.write_metadata({**trainer.run_folder.metadata(), "state": "running"})
    assert trainer.run_folder.state() == "killed"


def test_what_a_run_writes(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told: list = []
    experiment = tiny(train__keep_every=6, train__ema=0.9)
    trainer = Trainer(experiment, tmp_path / "run", tell=told.append)
    trainer.run()
    run = trainer.run_folder
    assert {p.name for p in run.checkpoints.iterdir()} == {
        "best.safetensors", "last.safetensors", "step-00000006.safetensors",
        "step-00000012.safetensors",
    }  # fmt: skip
    records = run.metrics()
    assert [r["step"] for r in records] == [3, 4, 6, 8, 9, 12]
    assert [r["step"] for r in records if "valid.loss" in r] == [4, 8, 12]
    assert records[0]["rate"] < 0.01
    metadata = run.metadata()
    assert metadata["data"]["licences"] == ["CC0-1.0"]
    assert (metadata["state"], metadata["seed"]) == ("finished", 1)
    assert metadata["versions"]["torch"] == torch.__version__
    best = min((r for r in records if "valid.loss" in r), key=lambda r: r["valid.loss"])
    assert metadata["results"]["loss"] == best["valid.loss"]
    assert metadata["results"]["best_step"] == best["step"]
    results = json.loads((run.results / "metrics.json").read_text())
    assert results["results"] == metadata["results"]
    with wave.open(str(run.results / "predictions.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 64)
    assert (run.results / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "3 recordings (CC0-1.0)" in " ".join(told)
    assert "step 12" in run.log_path.read_text()
    events = EventAccumulator(str(run.tensorboard))
    events.Reload()
    curve = [(event.step, event.value) for event in events.Scalars("valid.loss")]
    validated = [(r["step"], r["valid.loss"]) for r in records if "valid.loss" in r]
    assert curve == [(step, pytest.approx(value)) for step, value in validated]
    # the averaged weights are the best ones, not those of the optimiser
    step = weights_of(run.kept(12))
    tensors, _ = read_checkpoint(run.kept(12))
    name = "layers.0.weight"
    assert torch.equal(step[name], tensors["average." + name])
    assert not torch.equal(step[name], tensors["weights." + name])


def test_training_goes_without_tensorboard(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    trainer = Trainer(tiny(), tmp_path / "run")
    trainer.run(until=1)
    assert not trainer.run_folder.tensorboard.exists()


def test_training_learns(tmp_path):
    """The sines have a power of 0.125; what remains is less than a tenth of that."""
    experiment = tiny(
        train__steps=400, train__valid_every=400, model__dropout=0.0, train__threads=1
    )  # fmt: skip
    trainer = Trainer(experiment, tmp_path / "run")
    trainer.run()
    assert trainer.run_folder.metrics()[-1]["valid.loss"] < 0.0125


def test_progress_tells_each_step(tmp_path):
    done: list = []
    Trainer(tiny(), tmp_path / "run").run(progress=lambda *numbers: done.append(numbers), until=2)
    Trainer(tiny(), tmp_path / "run").run(progress=lambda *numbers: done.append(numbers))
    assert done == [(step, 12) for step in range(1, 13)]


def test_patience_ends_training(tmp_path):
    # with no rate nothing gets better
    experiment = tiny(
        train__steps=40, train__valid_every=1, train__patience=2, train__rate=1e-30
    )  # fmt: skip
    trainer = Trainer(experiment, tmp_path / "run")
    assert trainer.run() == "stopped early"
    assert trainer.state.step == 4
    assert trainer.run_folder.metadata()["state"] == "stopped early"


def test_a_loss_that_is_not_finite_ends_training(tmp_path):
    experiment = tiny(train__rate=1e30, train__clip=0.0, train__log_every=1)
    with pytest.raises(NlacError, match=r"step \d+: the loss is (nan|inf); a lower train.rate"):
        Trainer(experiment, tmp_path / "run").run()
    assert json.loads((tmp_path / "run/metadata.json").read_text())["state"] == "failed"


def test_a_run_may_begin_with_the_weights_of_another(tmp_path):
    first = Trainer(tiny(), tmp_path / "first")
    first.run()
    weights = weights_of(first.run_folder.best)
    for start in (tmp_path / "first", first.run_folder.best):
        second = Trainer(tiny(train__start=str(start)), tmp_path / "second")
        for name, value in second.state.model.state_dict().items():
            assert torch.equal(value, weights[name])
    with pytest.raises(UsageError, match=r"train.start: .* do not fit"):
        Trainer(tiny(train__start=str(tmp_path / "first"), model__width=8), tmp_path / "third")
    with pytest.raises(UsageError, match="no such checkpoint"):
        Trainer(tiny(train__start="none"), tmp_path / "third")
    (tmp_path / "bad.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(CorruptStream, match=r"bad.safetensors: no checkpoint, or damaged"):
        Trainer(tiny(train__start=str(tmp_path / "bad.safetensors")), tmp_path / "third")


def test_schedules():
    def rates(**settings: object) -> list[float]:
        schedule = Schedule(TrainSettings(rate=1.0, steps=10, **settings))  # type: ignore[arg-type]
        return [schedule.rate(step) for step in range(10)]

    assert rates(schedule="constant") == [1.0] * 10
    assert rates(schedule="constant", warmup=4)[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    cosine = rates(schedule="cosine", floor=0.1)
    assert cosine[5] == pytest.approx(0.55)
    assert cosine[9] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.cos(0.9 * math.pi)))
    assert rates(schedule="step", fall_every=4, fall_factor=0.1, floor=0.05) == pytest.approx(
        [1.0] * 4 + [0.1] * 4 + [0.05] * 2
    )
    schedule = Schedule(TrainSettings(rate=1.0, schedule="plateau", fall_patience=1))
    told = []
    for is_best in (True, False, False, False, False, True):
        schedule.validated(is_best)
        told.append(schedule.rate(0))
    assert told == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_devices(monkeypatch):
    monkeypatch.delenv("AUDIO_DEVICE", raising=False)
    assert devices.choose_device("cpu").type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.choose_device().type == "cpu"
    with pytest.raises(MissingDependency, match="cuda:1: PyTorch finds no GPU"):
        devices.choose_device("cuda:1")
    monkeypatch.setenv("AUDIO_DEVICE", "tpu")
    with pytest.raises(UsageError, match="device: tpu; auto, cpu, cuda or cuda:N"):
        devices.choose_device()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("AUDIO_DEVICE", "cuda:1")
    assert str(devices.choose_device()) == "cuda:1"
    assert str(devices.choose_device("auto", 1)) == "cuda:1"
    with pytest.raises(MissingDependency, match="there are 2, from cuda:0 on"):
        devices.choose_device("cuda:2")


def test_generators_depend_on_the_seed_only():
    import random

    import numpy as np

    def drawn(*numbers: int) -> tuple:
        devices.seed_all(*numbers)
        return torch.rand(2).tolist(), random.random(), np.random.random()

    assert drawn(1, 2, 0) == drawn(1, 2, 0)
    assert len({str(drawn(*n)) for n in ((1, 2, 0), (1, 2, 1), (1, 3, 0), (2, 2, 0))}) == 4


def test_a_figure_that_some_batches_lack_is_the_mean_of_the_others():
    from nlac.training.loop.means import Means
    from nlac.training.loop.processes import Processes

    means = Means()
    means.add({"loss": 4.0, "rare": 10.0}, 1.0)
    means.add({"loss": 1.0}, 2.0)
    assert means.values(Processes()) == {"loss": 2.0, "rare": 10.0}
    again = Means()
    again.restore(means.state())
    again.add({"rare": 4.0}, 2.0)
    assert again.values(Processes()) == {"loss": 2.0, "rare": 6.0}
