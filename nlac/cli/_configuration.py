"""The configuration file: defaults of options, below the environment and the command line.

A section is a command, and its keys are the long names of options::

    [encode]
    preset = "high"
    tag = ["ENCODEDBY=me"]

    [model.list]
    json = true
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from nlac._errors import UsageError

VARIABLE = "NLAC_CONFIG"
# options that do something else than the command
_ONCE = {"help", "version"}


def default_path() -> Path:
    """Where the configuration file is looked for without ``NLAC_CONFIG``."""
    if sys.platform == "win32":
        folder = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        given = os.environ.get("XDG_CONFIG_HOME", "")
        folder = given if os.path.isabs(given) else Path.home() / ".config"
    return Path(folder) / "nlac" / "config.toml"


def configuration_path(given: str | None) -> Path | None:
    """Path of the file to read: the one given, of which a blank one stands for none."""
    if given is not None:
        return Path(given) if given else None
    return default_path()


def read_sections(path: Path | None, *, must_exist: bool) -> dict[str, Any]:
    """Read the file; there are no sections if there is none.

    Raises
    ------
    UsageError
        It is no TOML, or it was asked for and is not there.
    """
    if path is None:
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            raise UsageError(f"{path}: there is no such configuration file") from None
        return {}
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}") from error
    import tomllib

    try:
        return tomllib.loads(text)
    except ValueError as error:
        # of TOML, or of a number with thousands of digits
        raise UsageError(f"{path}: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: lists or tables are nested too deeply") from error


def defaults_of(
    sections: Mapping[str, Any], root: click.Context, path: Path | None, only: str | None = None
) -> dict[str, Any]:
    """Defaults in the form of click's ``default_map``, checked.

    Parameters
    ----------
    sections : mapping
        From `read_sections`.
    root : click.Context
        Context of the group of all commands.
    path : path
        The file, for messages.
    only : str, optional
        Check the keys of this command's section, and give its defaults alone; names of sections
        are checked anyway.

    Raises
    ------
    UsageError
        A section, key or value that does not do, named with what is allowed.
    """
    group = root.command
    assert isinstance(group, click.Group)
    known = group.list_commands(root)
    for name in sections:
        if name not in known:
            raise UsageError(f"{path}: [{name}]: no such section; {_hint(name, known)}")
    found = {}
    for name, keys in sections.items():
        if only in (None, name):
            found[name] = _command_defaults(group, root, name, keys, f"{path}: [{name}]")
    return found


def _command_defaults(
    group: click.Group, parent: click.Context, name: str, keys: Any, where: str
) -> dict[str, Any]:
    command = group.get_command(parent, name)
    assert command is not None
    if not isinstance(keys, dict):
        raise UsageError(f"{where}: a section is needed, not a value")
    context = click.Context(command, parent, name)
    found = {}
    options = dict(_options(command))
    inner = command.list_commands(context) if isinstance(command, click.Group) else []
    for key, value in keys.items():
        if key in inner:
            assert isinstance(command, click.Group)
            told = f"{where[:-1]}.{key}]"
            found[key] = _command_defaults(command, context, key, value, told)
        elif key in options:
            parameter = options[key]
            assert parameter.name is not None
            found[parameter.name] = _value(parameter, value, context, f"{where} {key}")
        else:
            raise UsageError(f"{where} {key}: no such key; {_hint(key, [*options, *inner])}")
    return found


def _options(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    """Options of a command by their key."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            key = max(parameter.opts, key=len).lstrip("-")
            if key not in _ONCE:
                yield key, parameter


def _value(parameter: click.Option, value: Any, context: click.Context, where: str) -> Any:
    if parameter.is_flag:
        if not isinstance(value, bool):
            raise UsageError(f"{where} = {value!r}: true or false is needed")
        return value
    several = parameter.multiple or parameter.nargs != 1
    if isinstance(value, list) != several or isinstance(value, (dict, bool)):
        needed = "a list" if several else "one text or number"
        raise UsageError(f"{where} = {value!r}: {needed} is needed")
    try:
        parameter.type_cast_value(context, value)
    except click.BadParameter as error:
        raise UsageError(f"{where}: {error.message.rstrip('.')}") from error
    except OverflowError as error:
        raise UsageError(f"{where} = {value!r}: a whole number is needed") from error
    return value


def _hint(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean {close[0]}?" if close else f"one of {', '.join(sorted(known))}"
