"""A search in a folder: its storage, its workers, and what came out.

::

    config.yaml       settings that every trial begins with, and the space
    study.db          all trials (SQLite), or study.journal
    trials/00000/     a run for each trial, as `nlac train` makes them
    best.yaml         settings of the best trial
    trials.json       all trials: state, value, settings
    importance.png    what mattered
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlac._errors import MissingDependency, UsageError
from nlac._leftovers import is_locked, lock
from nlac.training.config.experiment import Experiment, differences, make_experiment
from nlac.training.config.files import overridden, read_yaml, write_yaml
from nlac.training.runs.folder import write_json
from nlac.training.tuning.space import TuneSettings, make_tune_settings

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

_NAME = "nlac"


class StudyFolder:
    """A search in a folder; one that is there is continued.

    Parameters
    ----------
    path : str or Path
        The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_path = self.path / "config.yaml"

    def begin(self, experiment: Experiment) -> None:
        """Write the settings.

        Raises
        ------
        UsageError
            The folder has a search with other settings.
        """
        make_tune_settings(experiment)
        values = experiment.as_dict()
        if self.config_path.is_file():
            found = differences(read_yaml(self.config_path), values)
            if found:
                told = "; ".join(f"{k} was {a!r}, now {b!r}" for k, (a, b) in found.items())
                raise UsageError(
                    f"{self.path} is a search with other settings: {told}; another folder (--out) "
                    "begins a new one"
                )
            return
        self.path.mkdir(parents=True, exist_ok=True)
        write_yaml(self.config_path, values)

    def experiment(self) -> Experiment:
        """Settings that every trial begins with."""
        return make_experiment(read_yaml(self.config_path))

    def experiment_of(self, values: dict[str, Any]) -> Experiment:
        """Settings of a trial, without the space."""
        sections = overridden(read_yaml(self.config_path), values)
        sections.pop("tune", None)
        return make_experiment(sections)

    def trial_path(self, number: int) -> Path:
        """Folder of the run of a trial."""
        return self.path / "trials" / f"{number:05d}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Context in which no other process may search in the folder.

        Raises
        ------
        UsageError
            Another process does.
        """
        path = self.path / ".lock"
        if is_locked(path):
            raise UsageError(f"{self.path}: another process is searching here")
        with open(path, "wb") as file:
            lock(file.fileno())
            yield

    def open(self, seed: int) -> Study:
        """Open the study; its sampler is seeded.

        Raises
        ------
        MissingDependency
            Optuna is not installed.
        """
        try:
            import optuna
        except ImportError as error:
            raise MissingDependency("optuna is not installed: pip install 'nlac[train]'") from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        experiment = self.experiment()
        settings = make_tune_settings(experiment)
        lower = experiment.kind.figures[experiment.kind.criterion].better == "lower"
        sampler: Any = optuna.samplers.RandomSampler(seed=seed)
        if settings.sampler == "tpe":
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=settings.startup)
        pruner: Any = optuna.pruners.NopPruner()
        if settings.pruner == "median":
            pruner = optuna.pruners.MedianPruner(n_startup_trials=settings.startup)
        return optuna.create_study(
            storage=self._storage(settings),
            sampler=sampler,
            pruner=pruner,
            study_name=_NAME,
            direction="minimize" if lower else "maximize",
            load_if_exists=True,
        )

    def _storage(self, settings: TuneSettings) -> Any:
        if settings.storage == "sqlite":
            return f"sqlite:///{self.path.resolve() / 'study.db'}"
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        return JournalStorage(JournalFileBackend(str(self.path / "study.journal")))


def requeue_unfinished(study: Study) -> int:
    """End trials that no process trains any more, and put their settings in line again.

    Returns
    -------
    int
        How many.
    """
    from optuna.trial import TrialState

    left = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in left:
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    return len(left)


def num_done(study: Study) -> int:
    """Trials that have come to an end, by themselves or pruned."""
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))


def write_findings(folder: StudyFolder, study: Study) -> None:
    """Write the table of trials, and the best settings."""
    trials = [_facts(trial, folder) for trial in study.get_trials(deepcopy=False)]
    write_json(folder.path / "trials.json", trials)
    best = best_trial(study)
    if best is not None:
        write_yaml(folder.path / "best.yaml", folder.experiment_of(best.params).as_dict())


def best_trial(study: Study) -> FrozenTrial | None:
    """The best trial; None if none is complete."""
    try:
        return study.best_trial
    except ValueError:
        return None


def _facts(trial: FrozenTrial, folder: StudyFolder) -> dict[str, Any]:
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value,
        "settings": trial.params,
        "run": os.path.relpath(folder.trial_path(trial.number), folder.path),
        "error": trial.user_attrs.get("error", ""),
    }
