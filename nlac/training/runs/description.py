"""All about a run, without PyTorch: settings, layers, receptive field, files, card, curves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlac._errors import CorruptStream, MissingDependency
from nlac.training.recipes.receptive import receptive_field
from nlac.training.runs.card import make_card
from nlac.training.runs.folder import RunFolder
from nlac.training.runs.table import summary

_PREFIXES = ("weights.", "average.")
_SECTIONS = ("data", "model", "train")


def describe_run(run: RunFolder) -> dict[str, Any]:
    """Describe a run.

    Returns
    -------
    dict
        What `summary` tells of it, and ``config``, ``layers`` (see `layers_of`),
        ``receptive_field`` (see `nlac.training.recipes.receptive`, or None), ``files`` (``name``
        and ``bytes`` of each), ``bytes`` of all, ``card`` (or None), ``data``, ``machine``,
        ``versions``, ``commit``, ``sessions``, ``has_weights``, and ``problem``, what could not
        be read, or None.

    Raises
    ------
    UsageError
        Its settings or its metadata cannot be read.
    """
    metadata, config = run.metadata(), run.config()
    data = metadata.get("data", {})
    weights = next((path for path in (run.best, run.last) if path.is_file()), None)
    layers, problem = [], None
    if weights is not None:
        try:
            layers = layers_of(weights)
        except (CorruptStream, MissingDependency) as error:
            problem = str(error)
    model = config.get("model")
    field = receptive_field(str(config.get("recipe")), model if isinstance(model, dict) else {})
    is_whole = all(isinstance(config.get(name), Mapping) for name in _SECTIONS)
    listed = files_of(run.path)
    return {
        **summary(run),
        "config": config,
        "layers": layers,
        "receptive_field": None if field is None else field.as_dict(data.get("rate")),
        "files": listed,
        "bytes": sum(each["bytes"] for each in listed),
        "card": make_card(run, run.path.name) if is_whole else None,
        "data": data,
        **{name: metadata.get(name) for name in ("machine", "versions", "commit", "sessions")},
        "has_weights": weights is not None,
        "problem": problem,
    }


def files_of(folder: Path) -> list[dict[str, Any]]:
    """Files of a run: ``name``, relative to its folder, and ``bytes``, by name."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file() and not path.name.startswith("."):
                name = path.relative_to(folder).as_posix()
                found.append({"name": name, "bytes": path.stat().st_size})
        except FileNotFoundError:
            # replaced at this moment by a run that goes on
            continue
    return found


def layers_of(checkpoint: Path) -> list[dict[str, Any]]:
    """Layers of a checkpoint: the modules that have weights of their own.

    Returns
    -------
    list of dict
        ``name``; ``shapes``, by name of the tensor; ``parameters``, the number of their values.

    Raises
    ------
    CorruptStream
        It is damaged, or no checkpoint.
    MissingDependency
        The package safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingDependency("safetensors not installed: pip install 'nlac[train]'") from error
    try:
        with safe_open(checkpoint, "numpy") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        raise CorruptStream(f"no checkpoint, or damaged: {error}", path=str(checkpoint)) from error
    layers: dict[str, dict[str, list[int]]] = {}
    for name, shape in shapes.items():
        prefix = next((each for each in _PREFIXES if name.startswith(each)), None)
        if prefix is None:
            continue
        module, _, tensor = name.removeprefix(prefix).rpartition(".")
        # averaged weights have the names of those that are trained
        layers.setdefault(module or tensor, {})[tensor] = list(shape)
    return [
        {
            "name": name,
            "shapes": tensors,
            "parameters": sum(_product(shape) for shape in tensors.values()),
        }
        for name, tensors in sorted(layers.items(), key=lambda item: _natural(item[0]))
    ]


def _product(shape: list[int]) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _natural(name: str) -> list[tuple[int, str]]:
    """Order in which layer 10 comes after layer 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in name.split(".")]
