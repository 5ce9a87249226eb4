"""``nlac selftest``: does this installation code right, in every mode?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import click

from nlac.cli import _console

# as `nlac.cli.selftest.checks.CHECKS` has them; a test compares
CHECKS = (
    "depths", "signals", "floats", "presets", "channels", "containers", "access", "damage"
)  # fmt: skip


@click.command("selftest")
@click.argument("checks", metavar="[CHECK]...", nargs=-1, type=click.Choice(CHECKS))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each check.")
@_console.verbosity_options
def command(checks: tuple[str, ...], as_json: bool) -> int:
    """Code generated signals in every mode and depth, and compare what comes back.

    All checks take some seconds. They are depths (1 to 32 bits), signals (every mode
    of a block), floats, presets (with predictors, models and coders), channels (up to
    255), containers (files, byte for byte), access (parts, pieces, threads) and damage.
    Nothing is written. The exit code is 3 if something else came back than was
    put in, 70 after any other error.

    \b
    Examples:
      nlac selftest
      nlac selftest depths floats
      nlac selftest --json | jq 'select(.ok | not)'
    """
    _console.before_coding()
    from nlac.cli.selftest.checks import CHECKS as found

    code = 0
    for name in checks or CHECKS:
        cases = list(found[name]())
        begin = time.perf_counter()
        failed: list[dict[str, Any]] = []
        with _console.progress_bar(name, " cases") as progress:
            for number, (case, work) in enumerate(cases, 1):
                failure = _failure(case, work)
                if failure is not None:
                    failed.append(failure)
                    code = _console.gravest(code, failure["exit_code"])
                if progress is not None:
                    progress(number, len(cases))
        facts = {
            "check": name, "ok": not failed, "cases": len(cases), "failed": failed,
            "seconds": round(time.perf_counter() - begin, 3),
        }  # fmt: skip
        if as_json:
            click.echo(json.dumps(facts))
        else:
            _print(facts)
    return code


def _failure(case: str, work: Callable[[], object]) -> dict[str, Any] | None:
    """Run a case; what went wrong, or None."""
    from nlac.cli.selftest.checks import Mismatch

    try:
        work()
    except Exception as error:
        if _console.ends_the_run(error):
            raise
        # whatever else it is: a generated signal is valid, so the fault is here
        code = 3 if isinstance(error, Mismatch) else 70
        message = str(error) or type(error).__name__
        return {
            "case": case, "exit_code": code, "error": type(error).__name__, "message": message
        }  # fmt: skip
    return None


def _print(facts: dict[str, Any]) -> None:
    """A line for a check, and for each failure, which is told with -q as well."""
    text = f"{facts['check']:10} {facts['cases']:3} cases  {facts['seconds']:6.2f} s  "
    if facts["ok"]:
        _console.say(text + "ok")
        return
    click.echo(text + f"{len(facts['failed'])} FAILED")
    for failure in facts["failed"]:
        click.echo(f"  {failure['case']}: {failure['error']}: {failure['message']}")
