"""Fill in the tables of docs/recipes: shapes at every layer, sizes, parameters.

    python tools/recipe_tables.py

A table stands between the comments `<!-- shapes NAME -->`, or `<!-- sizes NAME -->`, and
`<!-- end -->`, where NAME.yaml is in recipes/. Shapes are those that the layers of the model really
give for one crop, so a test can compare the pages with the code.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from nlac.training.config.experiment import Experiment, read_experiment
from nlac.training.recipes.predictor import SamplePredictor

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs/recipes").glob("*.md"))
TABLE = re.compile(r"(<!-- (shapes|sizes) ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class Row(NamedTuple):
    """A part of a model: its name, its kind, the shape that it gives, its parameters."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


def main() -> None:
    """Fill in all pages."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text), encoding="utf-8")


def filled(text: str) -> str:
    """Text of a page with its tables as they should be."""
    makers = {"shapes": shapes_table, "sizes": sizes_table}
    return TABLE.sub(lambda m: m[1] + makers[m[2]](m[3]) + m[4], text)


def shapes_table(name: str) -> str:
    """Table of the layers of a configuration."""
    model, inputs = _model(name)
    lines = ["| Part | Kind | Gives | Parameters |", "| --- | --- | --- | ---: |"]
    lines.append(f"| input | | {_shape(inputs.shape)} | |")
    found = rows(model, inputs)
    for row in _joined(found):
        told = f"{row.parameters:,}" if row.parameters else ""
        lines.append(f"| `{row.name}` | {row.kind} | {_shape(row.shape)} | {told} |")
    total = sum(row.parameters for row in found)
    lines.append(f"| all | | | {total:,} |")
    return "\n".join(lines) + "\n"


def sizes_table(name: str) -> str:
    """Table of a configuration and the one in full size beside it."""
    lines = [
        "| Configuration | Parameters | Looks back | Crop |",
        "| --- | ---: | ---: | ---: |",
    ]
    for each in (name, f"{name}-full"):
        experiment, model = _experiment(each)
        count = sum(parameter.numel() for parameter in model.parameters())
        rate = getattr(experiment.settings.model, "rate", 0)
        crop = experiment.settings.data.frames
        if isinstance(model, SamplePredictor):
            codes = model.representation.codes_per_sample
            back = f"{model.receptive_field // codes:,} samples"
        else:
            back = f"{crop:,} samples, {crop / rate:g} s"
        lines.append(f"| `recipes/{each}.yaml` | {count:,} | {back} | {crop:,} samples |")
    return "\n".join(lines) + "\n"


def rows(model: nn.Module, inputs: torch.Tensor) -> list[Row]:
    """Parts of a model in the order in which they run, and parameters that stand alone."""
    found: dict[str, Row] = {}

    def listen(name: str, part: nn.Module) -> None:
        def hear(part: nn.Module, given: Any, made: Any) -> None:
            made = made[0] if isinstance(made, tuple) else made
            count = sum(parameter.numel() for parameter in part.parameters())
            # what has no weights counts where it changes the shape
            if count or made.shape != given[0].shape:
                kind = type(part).__name__
                found.setdefault(name, Row(name, kind, tuple(made.shape), count))

        part.register_forward_hook(hear)

    whole = (nn.MultiheadAttention,)
    inside = {f"{name}.{inner}" for name, part in model.named_modules() if isinstance(part, whole)
              for inner, _ in part.named_modules() if inner}  # fmt: skip
    for name, part in model.named_modules():
        if name and name not in inside and (isinstance(part, whole) or not list(part.children())):
            listen(name, part)
    with torch.no_grad():
        model(inputs)
    alone = [
        Row(name, "Parameter", tuple(parameter.shape), parameter.numel())
        for name, parameter in model.named_parameters()
        if name.rpartition(".")[0] not in found and not any(name.startswith(f"{n}.") for n in found)
    ]
    return [*found.values(), *alone]


def _joined(found: list[Row]) -> list[Row]:
    """Rows with those of equal layers, such as blocks.0 and blocks.1, joined."""
    layers: list[tuple[str, list[Row]]] = []
    for row in found:
        match = re.match(r"(.*?\b(?:layers|blocks)\.\d+)\.", row.name)
        layer = match[1] if match else row.name
        if layers and layers[-1][0] == layer:
            layers[-1][1].append(row)
        else:
            layers.append((layer, [row]))
    joined: list[Row] = []
    begin = 0
    while begin < len(layers):
        end = begin + 1
        while end < len(layers) and _inner(layers[end]) == _inner(layers[begin]):
            end += 1
        first, last = layers[begin][0], layers[end - 1][0]
        many = f"{first} to {last.rpartition('.')[2]}" if end > begin + 1 else first
        for row in layers[begin][1]:
            name = many + row.name.removeprefix(first)
            joined.append(row._replace(name=name, parameters=row.parameters * (end - begin)))
        begin = end
    return joined


def _inner(layer: tuple[str, list[Row]]) -> list[Row]:
    return [row._replace(name=row.name.removeprefix(layer[0])) for row in layer[1]]


def _experiment(name: str) -> tuple[Experiment, nn.Module]:
    experiment = read_experiment(ROOT / f"recipes/{name}.yaml")
    return experiment, experiment.recipe().build().eval()


def _model(name: str) -> tuple[nn.Module, torch.Tensor]:
    """Model of a configuration, and one crop as it takes it."""
    experiment, model = _experiment(name)
    settings, frames = experiment.settings.model, experiment.settings.data.frames
    silence = torch.zeros(1, frames)
    if isinstance(model, SamplePredictor):
        return model, model.representation.encode(silence.long())
    if hasattr(model, "spectrum"):
        return model, model.spectrum(silence)
    return model, silence[:, None].expand(1, settings.channels, frames)


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


if __name__ == "__main__":
    sys.exit(main())
