"""Sizes in bytes on the command line: ``500M``, ``2G``."""

from __future__ import annotations

import re

import click

_SIZE = r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?"
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size_option(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Turn the value of an option into bytes; K, M, G and T are powers of 1024."""
    if value is None:
        return None
    match = re.fullmatch(_SIZE, value.strip(), re.IGNORECASE | re.ASCII)
    num_bytes = int(float(match[1]) * 1024 ** _POWERS[match[2].lower()]) if match else 0
    if not num_bytes:
        raise click.BadParameter(f"{value!r} is no size such as 500M or 2G.", ctx, param)
    return num_bytes


def padding_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Turn the value of ``--padding`` into bytes; 0 is one, too."""
    if value is not None and value.strip() == "0":
        return 0
    return size_option(ctx, param, value)


memory_option = click.option(
    "--memory",
    callback=size_option,
    metavar="SIZE",
    help="Memory to use at most (500M, 2G): fewer threads run then; half of what is free by "
    "default.",
)
