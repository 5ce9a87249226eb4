"""Amounts of parity on the command line: ``2%``."""

from __future__ import annotations

import re

import click

_AMOUNT = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?%?"


def amount_option(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Turn per cent into a fraction."""
    if value is None:
        return None
    from nlac.parity.layout import MAX_AMOUNT, MIN_AMOUNT

    match = re.fullmatch(_AMOUNT, value.strip())
    amount = float(match[1]) / 100 if match else 0.0
    if not MIN_AMOUNT <= amount <= MAX_AMOUNT:
        raise click.BadParameter(f"{value!r} is no amount from 1% to 20%.", ctx, param)
    return amount
