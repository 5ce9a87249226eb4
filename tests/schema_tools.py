"""Compare what commands print with ``--json`` with the schemas in docs/schemas."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

SCHEMAS = Path(__file__).resolve().parents[1] / "docs" / "schemas"


@functools.cache
def validator(name: str) -> Any:
    """Validator of a schema, ``formats/NAME`` of a file; None where jsonschema is not installed."""
    try:
        from jsonschema import Draft202012Validator
    except ImportError:
        return None
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def commands_with_json(
    command: click.Command, context: click.Context, name: str = ""
) -> Iterator[str]:
    """Names of schemas of all commands below a group that have ``--json``."""
    if any("--json" in parameter.opts for parameter in command.params):
        yield name
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from commands_with_json(found, context, f"{name}-{inner}".lstrip("-"))


def documents(text: str) -> list[Any]:
    """One document, or one a line; other lines are messages."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def check_output(arguments: list[str], stdout: str, stderr: str = "") -> None:
    """Compare what a command printed with its schema, if it was told to print JSON.

    Parameters
    ----------
    arguments : list of str
        Of the command line.
    stdout, stderr : str
        What it printed; JSON is on stderr where stdout carries audio.
    """
    text = stdout if stdout.startswith("{") else stderr
    if "--json" not in arguments or not text.strip() or arguments[0] in ("bench", "--config"):
        return
    names = ["-".join(arguments[:count]) for count in (3, 2, 1)]
    name = next((name for name in names if (SCHEMAS / f"{name}.json").is_file()), names[-1])
    schema = validator(name)
    if schema is not None:
        for document in documents(text):
            schema.validate(document)
