"""Several options as one argument of a command, and those that most bundles have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any

import click

Command = Callable[..., object]
Decorator = Callable[[Command], Command]

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line for each file."
)
force_option = click.option("-f", "--force", is_flag=True, help="Replace outputs that exist.")


def output_option(help_text: str) -> Decorator:
    """Option that names an output."""
    return click.option("-o", "--output", metavar="PATH", help=help_text)


def mtime_option(help_text: str) -> Decorator:
    """Option by which a complete output gets the time of its input, which is the default."""
    return click.option(
        "--preserve-mtime/--no-preserve-mtime", default=True, show_default=True, help=help_text
    )


def bundled(bundle: type[Any], *options: Decorator) -> Decorator:
    """Add options to a command, which gets their values as one argument, `options`.

    Parameters
    ----------
    bundle : type
        A dataclass with a field for each option.
    options : callables
        Decorators that add them, in the order in which help has them.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def with_bundle(**given: Any) -> object:
            values = {field.name: given.pop(field.name) for field in fields(bundle)}
            return command(options=bundle(**values), **given)

        decorated: Command = with_bundle
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
