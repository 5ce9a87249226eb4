"""``nlac config``: the configuration file."""

from __future__ import annotations

import json

import click

from nlac.cli._configuration import (
    configuration_path,
    defaults_of,
    read_sections,
)
from nlac.cli._suggest import SuggestingGroup


@click.group("config", cls=SuggestingGroup)
def command() -> None:
    """Show the configuration file, and check it.

    It has defaults of options: sections are named after commands, keys after options. The
    environment and the command line come before it.

    \b
    Examples:
      nlac config path
      nlac config show
    """


@command.command("path")
@click.pass_context
def show_path(ctx: click.Context) -> None:
    """Show where the configuration file is, or would be.

    \b
    Examples:
      $EDITOR "$(nlac config path)"
    """
    click.echo(configuration_path(ctx.find_root().params["config"]) or "none")


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Check all of the configuration file, and show what it sets.

    \b
    Examples:
      nlac config show
    """
    root = ctx.find_root()
    given = root.params["config"]
    path = configuration_path(given)
    sections = read_sections(path, must_exist=bool(given))
    defaults_of(sections, root, path)
    if as_json:
        told = {"path": None if path is None else str(path), "sections": sections}
        click.echo(json.dumps(told, default=str))
        return
    click.echo(f"# {path or 'no file'}{'' if sections else ': sets nothing'}")
    for name, keys in sections.items():
        _print(name, keys)


def _print(name: str, keys: dict[str, object]) -> None:
    click.echo(f"\n[{name}]")
    for key, value in keys.items():
        if not isinstance(value, dict):
            # what is allowed there is written alike in JSON and TOML
            click.echo(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    for key, value in keys.items():
        if isinstance(value, dict):
            _print(f"{name}.{key}", value)
