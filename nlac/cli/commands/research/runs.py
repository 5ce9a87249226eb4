"""``nlac runs``: what training runs are, how they went, in what they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nlac._errors import OutputExists
from nlac.cli import _console
from nlac.cli._suggest import SuggestingGroup
from nlac.cli.training.tables import text_table
from nlac.training.requirements import need_packages

if TYPE_CHECKING:
    from nlac.training.runs.folder import RunFolder

_FOLDERS = click.argument(
    "folders", metavar="[RUN]...", nargs=-1, type=click.Path(exists=True, file_okay=False)
)
_COLUMNS = ("run", "recipe", "state", "step", "steps", "criterion", "best", "seconds", "begin")


@click.group("runs", cls=SuggestingGroup)
def command() -> None:
    """List, show, compare and plot training runs.

    RUN is the folder of a run, or a folder with runs below it; without one it is runs/.
    PyTorch is not needed.

    \b
    Examples:
      nlac runs list
      nlac runs show runs/w12
      nlac runs compare runs/w12 runs/w10
      nlac runs plot runs/w12 runs/w10 -o curves.png
    """


def _found(folders: tuple[str, ...]) -> list[RunFolder]:
    need_packages("yaml")
    from nlac.training.runs.folder import find_runs

    runs = find_runs([Path(folder) for folder in folders or ("runs",)])
    if not runs:
        raise click.UsageError(f"no runs in {', '.join(folders) or 'runs'}")
    return runs


@command.command("list")
@_FOLDERS
@click.option(
    "--sort", type=click.Choice(_COLUMNS), default="begin", show_default=True, help="Order of rows."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each run.")
def list_runs(folders: tuple[str, ...], sort: str, as_json: bool) -> None:
    """List runs: recipe, state, steps, best figure in validation, time.

    \b
    Examples:
      nlac runs list
      nlac runs list --sort best archive/runs
    """
    from nlac.training.runs.table import summary

    rows = [summary(run) for run in _found(folders)]
    rows.sort(key=lambda row: (row[sort] is None, row[sort], row["run"]))
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    click.echo(text_table([[row[name] for name in _COLUMNS] for row in rows], _COLUMNS))


@command.command("show")
@_FOLDERS
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each run.")
def show(folders: tuple[str, ...], as_json: bool) -> None:
    """Show all about runs: settings, machine, data, results, files.

    \b
    Examples:
      nlac runs show runs/w12
    """
    for run in _found(folders):
        facts: dict[str, Any] = {
            "run": str(run.path),
            **run.metadata(),
            "state": run.state(),
            "config": run.config(),
            "files": sorted(
                path.relative_to(run.path).as_posix()
                for path in run.path.rglob("*")
                if path.is_file() and not path.name.startswith(".")
            ),
        }
        if as_json:
            click.echo(json.dumps(facts))
            continue
        click.echo("\n".join(_lines(facts)))


def _lines(facts: dict[str, Any], indent: str = "") -> list[str]:
    """Nested facts, a line each."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{key}", *_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and not isinstance(value[0], (int, float)):
            lines += [f"{indent}{key}", *(f"{indent}  {_item(each)}" for each in value)]
        else:
            lines.append(f"{indent}{key:<{max(1, 22 - len(indent))}} {_item(value)}")
    return lines


def _item(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else str(value)


@command.command("compare")
@_FOLDERS
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def compare(folders: tuple[str, ...], as_json: bool) -> None:
    """Show in which settings and results runs differ.

    \b
    Examples:
      nlac runs compare runs/w12 runs/w10
    """
    from nlac.training.runs.table import compared

    runs = _found(folders)
    if len(runs) < 2:
        raise click.UsageError("compare needs two runs or more")
    table = compared(runs)
    names = [str(run.path) for run in runs]
    if as_json:
        click.echo(
            json.dumps({key: dict(zip(names, row, strict=True)) for key, row in table.items()})
        )
        return
    if not table:
        _console.say("no difference")
        return
    click.echo(text_table([[key, *row] for key, row in table.items()], ["", *names]))


@command.command("plot")
@_FOLDERS
@click.option(
    "-o", "--output", default="curves.png", show_default=True, metavar="PNG|SVG",
    type=click.Path(dir_okay=False), help="Picture to write.",
)  # fmt: skip
@click.option(
    "--figure", "names", multiple=True, metavar="NAME", help="Only this figure, such as loss."
)
@click.option("-f", "--force", is_flag=True, help="Replace the picture if it exists.")
def plot(folders: tuple[str, ...], output: str, names: tuple[str, ...], force: bool) -> None:
    """Plot loss, accuracy and all other figures over the steps.

    \b
    Examples:
      nlac runs plot runs/w12 runs/w10 -o curves.png --figure loss
    """
    from nlac.training.runs.plot import plot_curves

    if Path(output).exists() and not force:
        raise OutputExists(f"{output} exists; -f replaces it")
    runs = _found(folders)
    plot_curves(runs, output, names)
    _console.say(f"{output}: {len(runs)} run{'s' if len(runs) != 1 else ''}")
