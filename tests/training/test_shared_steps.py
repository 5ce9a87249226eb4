"""Training in processes of its own: two that share each step, and one that is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interruptible import AS_FROM_A_TERMINAL, NEEDS_SIGINT
from training_tools import tiny, without_times

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from nlac.training.config.files import write_yaml
from nlac.training.loop.trainer import Trainer
from nlac.training.runs.checkpoints import read_checkpoint
from nlac.training.runs.folder import RunFolder

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "AUDIO_DEVICE": "cpu"}


def config(tmp_path: Path, **changes: object) -> Path:
    experiment = tiny(**changes)
    write_yaml(tmp_path / "tiny.yaml", experiment.as_dict())
    return tmp_path / "tiny.yaml"


def test_two_processes_are_one_with_the_double_batch(tmp_path):
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("NOT TESTED: PyTorch without Gloo")
    settings = {
        "train__steps": 10, "train__batch": 8, "train__log_every": 1, "model__dropout": 0.0,
        "train__threads": 1, "train__valid_every": 5,
    }  # fmt: skip
    one = Trainer(tiny(**settings), tmp_path / "one")
    one.run()
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "nlac", "train", str(config(tmp_path, **settings)), "-o", str(tmp_path / "two"),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 processes") == 1
    two = RunFolder(tmp_path / "two")
    assert two.metadata()["processes"] == 2
    records, others = one.run_folder.metrics(), two.metrics()
    assert [r["step"] for r in others] == list(range(1, 11))
    for key in ("train.loss", "valid.loss", "train.absolute"):
        ours = [r[key] for r in records if key in r]
        assert [r[key] for r in others if key in r] == pytest.approx(ours, rel=0, abs=1e-5)
    weights, _ = read_checkpoint(one.run_folder.last)
    theirs, _ = read_checkpoint(two.last)
    for name, value in weights.items():
        torch.testing.assert_close(theirs[name], value, rtol=0, atol=1e-5)


@NEEDS_SIGINT
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_has_a_checkpoint_and_goes_on(number, tmp_path):
    settings = {"train__steps": 400, "train__save_every": 10000, "train__threads": 1}
    path, folder = config(tmp_path, **settings), RunFolder(tmp_path / "runs/tiny")
    command = [sys.executable, "-m", "nlac", "train", str(path)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **AS_FROM_A_TERMINAL,
    ) as process:  # fmt: skip
        deadline = time.monotonic() + 60
        while not folder.metrics_path.is_file():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "ending after this step, with a checkpoint" in error
    assert f"nlac train --resume {Path('runs/tiny')}" in out
    assert folder.state() == "interrupted"
    _, numbers = read_checkpoint(folder.last)
    assert 3 <= numbers["step"] < 400
    done = subprocess.run(
        [*command[:4], "--resume", "runs/tiny"], cwd=tmp_path, env=ENVIRONMENT,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"training from step {numbers['step']} to step 400" in done.stdout
    whole = Trainer(tiny(**settings), tmp_path / "whole")
    whole.run()
    assert without_times(folder.metrics()) == without_times(whole.run_folder.metrics())
