"""Runs, models and datasets by the names that clients know; nothing outside of the folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlac._errors import NlacError
from nlac.training.runs.folder import RunFolder, find_runs
from nlac.web.files.refs import inside, missing
from nlac.web.settings import Settings

if TYPE_CHECKING:
    from nlac.training.data.dataset import Dataset

RUNS, MODELS, DATA = "runs", "models", "data"
_KEPT = 4  # datasets that stay open


class Shelves:
    """What the server's folders hold.

    A name is that of a folder of the settings, a colon, and a path below it: ``runs:first``.

    Parameters
    ----------
    settings : Settings
        Of the server.
    """

    def __init__(self, settings: Settings) -> None:
        self._folders = {RUNS: settings.runs, MODELS: settings.models, DATA: settings.data}
        self._datasets: dict[str, tuple[float, Dataset]] = {}
        self._models: dict[tuple[Path, float], dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def runs_folder(self) -> Path | None:
        """Where new runs are made."""
        return self._folders[RUNS]

    def runs(self) -> Iterator[tuple[str, RunFolder]]:
        """Yield all runs with their names, those that lie in both folders once."""
        seen = set()
        for kind in (RUNS, MODELS):
            folder = self._folders[kind]
            if folder is None or not folder.is_dir():
                continue
            for run in find_runs([folder]):
                if (place := run.path.resolve()) not in seen:
                    seen.add(place)
                    yield f"{kind}:{run.path.relative_to(folder).as_posix()}", run

    def run(self, name: str) -> RunFolder:
        """Find a run.

        Raises
        ------
        HTTPException
            404: there is none of that name.
        """
        return RunFolder(self._below(name, (RUNS, MODELS), "metadata.json").parent)

    def shown_path(self, name: str) -> str:
        """Path of a run, as a command names it beside the server's folder."""
        kind, _, relative = name.partition(":")
        folder = self._folders[kind]
        shown = "" if folder is None else folder.resolve().name
        return shown if relative == "." else f"{shown}/{relative}"

    def models(self) -> Iterator[tuple[str, Path]]:
        """Yield the models that are shipped or lie in NLAC_MODELS, and those of the folder."""
        from nlac.predictors.networks.models import SUFFIX, model_files

        seen = set()
        for path in model_files():
            seen.add(path.resolve())
            yield path.stem, path
        folder = self._folders[MODELS]
        if folder is not None and folder.is_dir():
            for path in sorted(folder.rglob(f"*{SUFFIX}")):
                if path.resolve() not in seen:
                    yield f"{MODELS}:{path.relative_to(folder).as_posix()}", path

    def model_facts(self, name: str, path: Path) -> dict[str, Any]:
        """Describe a model; what is known of an unchanged file is not read again."""
        from nlac.predictors.neural.models import describe_model
        from nlac.training.recipes.receptive import ReceptiveField

        key = path, path.stat().st_mtime
        if key not in self._models:
            self._models[key] = describe_model(path)
        found = self._models[key]
        field = ReceptiveField(
            found["samples"],
            "a state that keeps something of all samples before" if found["samples"] is None
            else "dilated causal convolutions over what the base predictor knows",
            2,
            tuple(layer["dilation"] for layer in found["layers"] if layer["taps"] > 1),
        )  # fmt: skip
        # models are for every sample rate
        return {**found, "id": name, "receptive_field": field.as_dict(None)}

    def datasets(self) -> Iterator[str]:
        """Yield the names of all datasets: the built-in one, and those of the folder."""
        from nlac.training.data.dataset import SYNTHETIC, find_datasets

        yield SYNTHETIC
        folder = self._folders[DATA]
        if folder is not None and folder.is_dir():
            for name in find_datasets(folder):
                yield f"{DATA}:{name}"

    def dataset_folder(self, name: str) -> str:
        """Folder of a dataset, as configurations name it.

        Raises
        ------
        HTTPException
            404: there is none of that name.
        """
        from nlac.training.data.dataset import SYNTHETIC
        from nlac.training.data.shards import MANIFEST

        if name == SYNTHETIC:
            return SYNTHETIC
        return str(self._below(name, (DATA,), MANIFEST).parent)

    def dataset(self, name: str) -> Dataset:
        """Open a dataset.

        Raises
        ------
        HTTPException
            404: there is none of that name.
        NlacError
            It is damaged.
        """
        from nlac.training.data.dataset import SYNTHETIC, open_dataset
        from nlac.training.data.shards import MANIFEST

        folder = self.dataset_folder(name)
        changed = 0.0 if name == SYNTHETIC else Path(folder, MANIFEST).stat().st_mtime
        with self._lock:
            found = self._datasets.pop(name, None)
            if found is None or found[0] != changed:
                found = changed, open_dataset(folder, verify=False)
            self._datasets[name] = found
            while len(self._datasets) > _KEPT:
                del self._datasets[next(iter(self._datasets))]
        return found[1]

    def dataset_facts(self, name: str) -> dict[str, Any]:
        """Describe a dataset.

        Raises
        ------
        NlacError
            It is damaged.
        """
        from nlac.training.data.dataset import dataset_facts

        facts = dataset_facts(self.dataset(name))
        return {**facts, "id": name, "skipped": len(facts["skipped"])}

    def _below(self, name: str, kinds: tuple[str, ...], file: str) -> Path:
        """A file in what a name stands for."""
        kind, _, relative = name.partition(":")
        folder = self._folders.get(kind)
        if kind not in kinds or folder is None or not relative:
            raise missing(name)
        return inside(folder, file if relative == "." else f"{relative}/{file}")


def gathered(found: Iterator[Any], describe: Any) -> tuple[list[Any], list[str]]:
    """Descriptions of all that can be described, and what is wrong with the others."""
    made, problems = [], []
    for each in found:
        try:
            made.append(describe(each))
        except (NlacError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            name = each if isinstance(each, str) else each[0]
            told = error if isinstance(error, NlacError) else type(error).__name__
            problems.append(f"{name}: {told}")
    return made, problems
