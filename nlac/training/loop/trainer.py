"""The training loop: steps, validation, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch

from nlac._errors import NlacError, UsageError
from nlac.training.config.experiment import Experiment
from nlac.training.loop import devices
from nlac.training.loop.beginning import make_state
from nlac.training.loop.devices import to_device
from nlac.training.loop.means import Means
from nlac.training.loop.processes import Processes
from nlac.training.loop.records import Records, Report, Tell, describe_record, numbers_of
from nlac.training.loop.results import write_results
from nlac.training.loop.resuming import check_data, check_resumable
from nlac.training.loop.validation import validate
from nlac.training.recipes.base import part_of
from nlac.training.runs import folder as runs
from nlac.training.runs.checkpoints import (
    best_weights,
    write_checkpoint,
)
from nlac.training.runs.environment import describe, now
from nlac.training.runs.folder import RunFolder

Progress = Callable[[int, int], None]
_FEW_LICENCES = 3  # are told on the terminal


class Trainer:
    """Training of an experiment in a folder. A run that is there is resumed, exactly.

    Parameters
    ----------
    experiment : Experiment
        What to train, and how.
    folder : str or Path
        Folder of the run; see `nlac.training.runs.folder`.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; see `choose_device`.
    processes : Processes, optional
        All processes that share each step; see `joined`.
    tell : callable
        Called with lines that say what is being done.
    report : callable
        Called with each line of metrics: ``step``, ``seconds``, ``rate``, and figures of training
        and validation as ``train.NAME`` and ``valid.NAME``.

    Raises
    ------
    UsageError
        The folder has a run with other settings or data, or is in use; the data cannot be opened.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: str | Path,
        device: str = "",
        *,
        processes: Processes | None = None,
        tell: Tell = lambda text: None,
        report: Report = lambda record: None,
    ) -> None:
        self.experiment, self.settings = experiment, experiment.train
        self.processes = processes or Processes()
        self.run_folder = RunFolder(folder)
        several = self.processes.count > 1
        self.device = devices.choose_device(device, self.processes.local_rank if several else None)
        devices.prepare_device(self.device, self.settings.threads)
        self.processes.use(self.device)
        if self.settings.batch % (self.processes.count * self.settings.accumulate):
            raise UsageError(
                f"train.batch: {self.settings.batch}; a multiple of processes times "
                f"train.accumulate, {self.processes.count} x {self.settings.accumulate}"
            )
        if self.run_folder.exists():
            check_resumable(self.run_folder, experiment)
        # no process may write what another still has to read
        self.processes.wait()
        self._records = Records(self.run_folder if self.processes.is_first else None, tell, report)
        self.recipe = experiment.recipe()
        tell(f"recipe {experiment.name}: opening the data")
        self.feed = self.recipe.open()
        self.facts = dict(self.feed.facts)
        check_data(self.run_folder, self.facts)
        self.state = make_state(self.recipe, self.settings, self.run_folder, self.feed, self.device)

    def run(
        self,
        *,
        until: int | None = None,
        progress: Progress = lambda done, total: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Train to the end.

        Parameters
        ----------
        until : int, optional
            Step to stop before; a checkpoint is written.
        progress : callable
            Called after each step with the steps done and the number of steps.
        stop : callable
            Asked after each step whether to write a checkpoint and return.

        Returns
        -------
        str
            State of the run: ``finished``, ``stopped early`` or ``interrupted``.

        Raises
        ------
        NlacError
            The loss is not finite.
        UsageError
            Another process trains in the folder.
        """
        is_first = self.processes.is_first
        if is_first:
            self.run_folder.create()
        end = min(self.settings.steps, until if until is not None else self.settings.steps)
        with (
            self.run_folder.locked() if is_first else nullcontext(),
            self._records.opened(self.state.step),
            self._described(),
        ):
            reached = self._loop(end, progress, stop)
            self._records.metadata(state=reached, end=now(), results=self._results())
            if is_first and reached in (runs.FINISHED, runs.STOPPED):
                self._finish()
        self.processes.wait()
        return reached

    @contextmanager
    def _described(self) -> Iterator[None]:
        """Write settings and metadata at the begin, and the state if something fails."""
        before = self.run_folder.metadata()
        session = {"begin": now(), "step": self.state.step, "device": str(self.device)}
        if self.processes.is_first:
            self.run_folder.write_config(self.experiment.as_dict())
        self._records.metadata(
            **describe(),
            recipe=self.experiment.kind.name,
            device=devices.describe_device(self.device),
            processes=self.processes.count,
            seed=self.settings.seed,
            parameters=sum(p.numel() for p in self.state.model.parameters()),
            data=self.facts,
            criterion=self.recipe.criterion,
            begin=before.get("begin", session["begin"]),
            end=None,
            state=runs.RUNNING,
            sessions=[*before.get("sessions", []), session],
        )
        self._say_what_is_done()
        try:
            yield
        except BaseException as error:
            state = runs.FAILED if isinstance(error, Exception) else runs.INTERRUPTED
            self._records.metadata(state=state, end=now())
            self._records.note(f"{state}: {type(error).__name__}: {error}")
            raise

    def _say_what_is_done(self) -> None:
        settings, facts = self.settings, self.facts
        count = sum(p.numel() for p in self.state.model.parameters())
        together = f", {self.processes.count} processes" if self.processes.count > 1 else ""
        named = facts.get("licences", [])
        licences = "; ".join(named) or "no licence named"
        if len(named) > _FEW_LICENCES:
            licences = f"{len(named)} licences; metadata.json has them"
        self._records.say(
            f"{count:,} parameters on {devices.describe_device(self.device)}{together}, "
            f"{settings.precision}"
        )
        self._records.say(f"data: {facts.get('recordings', 0):,} recordings ({licences})")
        begin = f"from step {self.state.step} " if self.state.step else ""
        self._records.say(f"training {begin}to step {settings.steps}, in {self.run_folder.path}")

    def _loop(self, end: int, progress: Progress, stop: Callable[[], bool]) -> str:
        state, settings = self.state, self.settings
        validation = self.feed.validation()
        batches = self.feed.batches(
            state.step, settings.workers, self.processes.rank, self.processes.count
        )
        earlier, begin = state.seconds, time.perf_counter()
        is_interrupted = False
        while state.step < end and not is_interrupted and not self._is_stuck():
            try:
                batch = next(batches)
            except RuntimeError:
                # a signal may also have ended the processes that load data
                if not stop():
                    raise
                is_interrupted = True
                break
            is_interrupted = self._step(batch, stop)
            state.seconds = earlier + time.perf_counter() - begin
            progress(state.step, settings.steps)
            step = state.step
            is_last = step == settings.steps
            is_valid = step % settings.valid_every == 0 or is_last
            is_best = False
            if is_valid or step % settings.log_every == 0:
                is_best = self._note(validation if is_valid else None)
            if is_best or step % settings.save_every == 0:
                self._save(is_best)
            if settings.keep_every and step % settings.keep_every == 0:
                self._write(self.run_folder.kept(step))
        self._save(False)
        if is_interrupted:
            return runs.INTERRUPTED
        if self._is_stuck():
            return runs.STOPPED
        return runs.FINISHED if state.step >= settings.steps else runs.INTERRUPTED

    def _is_stuck(self) -> bool:
        return bool(self.settings.patience) and self.state.waited > self.settings.patience

    def _step(self, batch: Any, stop: Callable[[], bool]) -> bool:
        """Do a step, and tell whether any process is to stop after it."""
        state, settings, recipe, processes = self.state, self.settings, self.recipe, self.processes
        model, optimiser = state.model, state.optimiser
        parts = [part_of(batch, i, settings.accumulate) for i in range(settings.accumulate)]
        weights = [recipe.weight(part) for part in parts]
        total, stops = processes.sum([sum(weights), float(stop())])
        for group in optimiser.param_groups:
            group["lr"] = state.schedule.rate(state.step)
        devices.seed_all(settings.seed, state.step, processes.rank)
        model.train()
        recipe.before_step(model, state.step, settings.steps)
        optimiser.zero_grad()
        for part, weight in zip(parts, weights, strict=True):
            with devices.autocast(self.device, settings.precision):
                loss, figures = recipe.loss(model, to_device(part, self.device))
            # so the gradient is that of the whole batch, however it is divided
            state.scaler.scale(loss * (weight / max(total, 1.0))).backward()
            state.means.add({**figures, "loss": loss}, weight)
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        processes.sum_gradients(parameters)
        processes.average_buffers(model)
        if settings.clip:
            state.scaler.unscale_(optimiser)
            torch.nn.utils.clip_grad_norm_(parameters, settings.clip)
        state.scaler.step(optimiser)
        state.scaler.update()
        if state.average:
            state.average.update(state.step)
        state.step += 1
        return bool(stops)

    def _note(self, validation: Any) -> bool:
        """Write a line of metrics, with a validation if there are batches for one.

        Returns
        -------
        bool
            Whether the validation was the best so far.
        """
        state = self.state
        figures = self.recipe.summarise(state.means.values(self.processes))
        state.means = Means()
        record: dict[str, Any] = {
            "step": state.step,
            "seconds": round(state.seconds, 1),
            "rate": state.schedule.rate(state.step - 1),
            **{f"train.{name}": value for name, value in figures.items()},
        }
        if not math.isfinite(figures["loss"]):
            raise NlacError(
                f"step {state.step}: the loss is {figures['loss']}; a lower train.rate, a "
                "train.warmup or a lower train.clip may help"
            )
        is_best = False
        if validation is not None:
            found = validate(
                state, self.recipe, validation, self.device, self.settings, self.processes
            )
            record |= {f"valid.{name}": value for name, value in found.items()}
            is_best = self._rank(found)
            state.schedule.validated(is_best)
        self._records.metrics(record)
        self._records.note(describe_record(self.recipe, record))
        return is_best

    def _rank(self, figures: dict[str, float]) -> bool:
        state, name = self.state, self.recipe.criterion
        if name not in figures:
            # as before the second of two stages
            return False
        sign = 1 if self.recipe.figures[name].better == "lower" else -1
        value = sign * figures[name]
        is_best = value < state.best
        if is_best:
            state.best, state.best_step, state.waited = value, state.step, 0
        else:
            state.waited += 1
        return is_best

    def _save(self, is_best: bool) -> None:
        if not self.processes.is_first:
            return
        if is_best:
            numbers = {"step": self.state.step, "best": self.state.best}
            write_checkpoint(self.run_folder.best, self.state.weights(), numbers)
        self._write(self.run_folder.last)

    def _write(self, path: Path) -> None:
        if self.processes.is_first:
            write_checkpoint(path, self.state.tensors(), self.state.numbers())

    def _results(self) -> dict[str, Any]:
        """Steps, time, and the figures of the best validation."""
        state = self.state
        found: dict[str, Any] = {"step": state.step, "seconds": round(state.seconds, 1)}
        for record in self.run_folder.metrics():
            if record["step"] == state.best_step:
                found |= {"best_step": state.best_step, **numbers_of(record, "valid.")}
        return found

    def _finish(self) -> None:
        """Write results, with the best weights."""
        model = self.state.model
        if self.run_folder.best.is_file():
            model.load_state_dict(best_weights(self.run_folder.path))
        model.eval()
        for name in write_results(self.run_folder, self.recipe, model, self.feed, self.device):
            self._records.note(f"wrote {name}")
