"""Train a network: steps, validation, checkpoints, export."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.func import functional_call

from nlac._errors import UsageError
from nlac._output import open_output
from nlac.bench.corpus import Item
from nlac.predictors.networks.models import Model, open_model
from nlac.predictors.networks.torch_runner import pick_device
from nlac.training.board import board
from nlac.training.config import Config, make_config
from nlac.training.crops import Crop
from nlac.training.loss import code_length
from nlac.training.modules import Cnn, Gru, adopt, make_module
from nlac.training.pool import Batch, Pool, valid_crops
from nlac.training.quantise import from_network, raw_features, rounded_parameters, to_network
from nlac.training.recordings import find_recordings

CHECKPOINT, METRICS, CONFIG = "checkpoint.safetensors", "metrics.jsonl", "config.json"
_TOGETHER = 4  # crops validated at a time
_FLOOR = 0.02  # of the learning rate, at the end
_FIRST_SHARES = (-1.5, -1.0, -1.5, 0.5)
Report = Callable[[dict[str, Any]], None]
Progress = Callable[[int, int], None]


class Trainer:
    """A training run in a folder. An interrupted run is resumed.

    Parameters
    ----------
    config : Config
        Configuration of the run.
    folder : str or Path
        Folder of checkpoints and metrics. The run resumes from a checkpoint in it.
    device : {"cpu", "cuda", "auto"}
        Device to train on.

    Raises
    ------
    UsageError
        The folder has a run of another configuration.
    """

    def __init__(self, config: Config, folder: str | Path, device: str = "cpu") -> None:
        self.config = config
        self.folder = Path(folder)
        self.device = pick_device(device)
        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        # exported weights are the mean, in `ema`
        self.module = make_module(config)
        if config.start:
            _begin_with(self.module, config.start)
        self.module.to(self.device)
        self.shares = torch.tensor(_FIRST_SHARES, device=self.device, requires_grad=True)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(self.module.parameters()), "weight_decay": config.decay},
                {"params": [self.shares], "weight_decay": 0.0},
            ],
            lr=config.rate,
        )
        self.ema = {k: v.detach().clone() for k, v in self._parameters().items()}
        self.step = 0
        self.best, self.best_step = math.inf, 0
        self.best_ema = dict(self.ema)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._resume()
        self._forget_later_metrics()

    def run(
        self,
        report: Report = lambda record: None,
        until: int | None = None,
        progress: Progress = lambda done, total: None,
    ) -> None:
        """Train to the end, or to a given step.

        Parameters
        ----------
        report : callable
            Called with each line of metrics.
        until : int, optional
            Step to stop before; a checkpoint is written.
        progress : callable
            Called after each step with the steps done and the number of steps.
        """
        config = self.config
        train, valid = find_recordings(config.corpus, config.categories, config.avoid)
        pool, held_out = Pool(train, config), valid_crops(valid, config)
        end = min(config.steps, until if until is not None else config.steps)
        with board(self.folder, self.step) as show:

            def show_and_report(record: dict[str, Any]) -> None:
                show(record)
                report(record)

            self._run(pool, held_out, end, show_and_report, progress)

    def _run(
        self, pool: Pool, held_out: list[Crop], end: int, report: Report, progress: Progress
    ) -> None:
        config = self.config
        begin, total, base = time.perf_counter(), 0.0, 0.0
        while self.step < end and not self._is_stuck():
            length, plain = self._train(pool.batch(self.step))
            total, base = total + length, base + plain
            self.step += 1
            progress(self.step, end)
            if self.step % config.valid_every == 0 or self.step == config.steps:
                record = {
                    "step": self.step,
                    "seconds": round(time.perf_counter() - begin, 1),
                    "train": total / base,
                    "valid": self._validate(held_out),
                    "network_share": 1 - torch.softmax(self.shares, 0)[-1].item(),
                }
                total = base = 0.0
                self._note(record, report)
            if self.step % config.save_every == 0:
                self.save()
        self.save()

    def _is_stuck(self) -> bool:
        waited = (self.step - self.best_step) // self.config.valid_every
        return bool(self.config.patience) and waited > self.config.patience

    def _tensors(self, *arrays: NDArray[np.float32]) -> list[Tensor]:
        return [torch.from_numpy(array).to(self.device) for array in arrays]

    def _parameters(self) -> dict[str, Tensor]:
        return dict(self.module.named_parameters())

    def _rate(self) -> float:
        done = self.step / self.config.steps
        return self.config.rate * (_FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * done)))

    def _train(self, batch: Batch) -> tuple[float, float]:
        config = self.config
        is_quantised = self.step >= config.steps * (1 - config.quantised)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        parameters = self._parameters()
        if is_quantised:
            parameters = rounded_parameters(parameters)
        features = raw_features(batch.features).to(self.device)
        short = config.bfloat16 and not is_quantised
        with torch.autocast(self.device, torch.bfloat16, enabled=short):
            outputs = functional_call(self.module, parameters, (features, is_quantised))
        kept = slice(config.burn_in, None)
        error, unit, bits = self._tensors(*(n[:, kept] for n in batch[1:]))
        loss = code_length(outputs[:, kept].float(), error, unit, bits, self.shares).mean()
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self.module.parameters()), config.clip)
        self.optimizer.step()
        # at first a mean over few steps
        momentum = min(config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self._parameters().items():
                self.ema[name].lerp_(value, 1 - momentum)
        return loss.item(), float(batch.bits[:, kept].mean())

    @torch.no_grad()
    def _validate(self, crops: list[Crop]) -> float:
        """Code length with the network relative to that without, under the averaged weights."""
        parameters = rounded_parameters(self.ema)
        total = base = 0.0
        for some in _alike(crops):
            features = raw_features(np.stack([crop.features for crop in some])).to(self.device)
            outputs = functional_call(self.module, parameters, (features, True))
            for crop, output in zip(some, outputs, strict=True):
                error, unit, bits = self._tensors(crop.error, crop.unit, crop.bits)
                total += code_length(output, error, unit, bits, self.shares).sum().item()
                base += float(crop.bits.sum())
        return total / base

    def _note(self, record: dict[str, Any], report: Report) -> None:
        if record["valid"] < self.best:
            self.best, self.best_step = record["valid"], self.step
            self.best_ema = {k: v.clone() for k, v in self.ema.items()}
        with open(self.folder / METRICS, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        report(record)

    def save(self) -> None:
        """Write a checkpoint. The previous one is kept until the new one is complete."""
        tensors = {"shares": self.shares.detach()}
        for prefix, group in (
            ("weights", self._parameters()), ("ema", self.ema), ("best", self.best_ema)
        ):
            tensors |= {f"{prefix}.{k}": v.detach().contiguous().clone() for k, v in group.items()}
        for i, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{k}": v.clone() for k, v in state.items()}
        numbers = {
            "step": self.step, "best": self.best, "best_step": self.best_step,
            "config": self.config.as_dict(),
        }
        (self.folder / CONFIG).write_text(json.dumps(self.config.as_dict(), indent=1))
        new = self.folder / (CHECKPOINT + ".new")
        save_file(tensors, new, {"run": json.dumps(numbers)})
        new.replace(self.folder / CHECKPOINT)

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        numbers = _metadata(path)
        if make_config(numbers["config"]) != self.config:
            raise UsageError(f"{self.folder} has a run of another configuration")
        tensors = load_file(path, self.device)
        with torch.no_grad():
            self.shares.copy_(tensors["shares"])
            for name, value in self._parameters().items():
                value.copy_(tensors[f"weights.{name}"])
        self.ema = {k: tensors[f"ema.{k}"] for k in self.ema}
        self.best_ema = {k: tensors[f"best.{k}"] for k in self.ema}
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                state.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": state})
        self.step, self.best, self.best_step = (numbers[k] for k in ("step", "best", "best_step"))

    def _forget_later_metrics(self) -> None:
        """Drop the metrics of steps after the checkpoint, which will be trained again."""
        path = self.folder / METRICS
        if not path.is_file():
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        # the last line may be incomplete
        whole = [line for line in lines if line.endswith("\n")]
        kept = [line for line in whole if json.loads(line)["step"] <= self.step]
        if kept != lines:
            with open_output(path, force=True) as file:
                file.write("".join(kept).encode())


def _alike(crops: list[Crop]) -> Iterator[list[Crop]]:
    """Group crops of equal length, a few at a time, which takes hardly longer than one."""
    for _, group in groupby(sorted(crops, key=_length), key=_length):
        alike = list(group)
        for i in range(0, len(alike), _TOGETHER):
            yield alike[i : i + _TOGETHER]


def _length(crop: Crop) -> int:
    return len(crop.error)


def _metadata(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        numbers: dict[str, Any] = json.loads(file.metadata()["run"])
    return numbers


def _checkpoint(folder: str | Path) -> Path:
    path = Path(folder) / CHECKPOINT
    if not path.is_file():
        raise UsageError(f"{folder} has no checkpoint")
    return path


def _best_weights(path: Path) -> dict[str, Tensor]:
    """Weights of a run that were best in validation."""
    prefix = "best."
    tensors = load_file(path).items()
    return {k.removeprefix(prefix): v for k, v in tensors if k.startswith(prefix)}


def _begin_with(module: Cnn | Gru, start: str) -> None:
    """Initialise a module with the weights of a run or of a model."""
    try:
        if Path(start).is_dir():
            weights = _best_weights(_checkpoint(start))
        else:
            weights = from_network(open_model(start).network)
        adopt(module, weights)
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"{start}: cannot start with this network: {error}") from error


def export(folder: str | Path, name: str) -> Model:
    """Export the best model of a run so far, by validation.

    Raises
    ------
    UsageError
        The folder has no checkpoint.
    """
    path = _checkpoint(folder)
    numbers = _metadata(path)
    config = make_config(numbers["config"])
    module = make_module(config)
    module.load_state_dict(_best_weights(path))
    train, _ = find_recordings(config.corpus, config.categories, config.avoid)
    card = {
        "name": name,
        "predictor": config.predictor,
        "front": config.front,
        "licence": config.licence,
        "training": {k: v for k, v in config.as_dict().items() if k not in ("corpus", "start")},
        "data": _data(train),
        "metrics": {"step": numbers["best_step"], "bits_relative_to_front": numbers["best"]},
    }
    return Model(to_network(module), card)


def _data(items: list[Item]) -> dict[str, Any]:
    licences = sorted({item.licence for item in items if item.licence})
    return {"recordings": len(items), "licences": licences}
