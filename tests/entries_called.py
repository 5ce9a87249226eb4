"""Whether the tests call all entries of the library of compiled kernels."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from nlac.kernels.ahead import entry
from nlac.kernels.ahead.loader import loaded


class EntriesCalled:
    """Plug-in that fails a session of all tests in which the package did not call an entry.

    An entry that nothing calls is dead weight in every wheel. Calls by tests don't count.
    """

    def __init__(self) -> None:
        self._called: set[int] = set()
        native = entry._Call.__init__

        def watched(call: Any, found: Any, number: int, *rest: Any) -> None:
            native(call, found, number, *rest)
            function = call.function

            def counted(*arguments: Any) -> Any:
                # above are the entry and its caller
                if sys._getframe(2).f_globals["__name__"].startswith("nlac."):
                    self._called.add(number)
                return function(*arguments)

            call.function = counted

        entry._Call.__init__ = watched  # type: ignore[method-assign]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand on what this process called, or judge what all did."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["entries"] = sorted(self._called)
        elif _is_whole(session.config) and not session.testsfailed:
            missing = [
                f"{name}, of types {kinds}"
                for name, calls in loaded().entries.items()
                for number, kinds, *_ in calls
                if number not in self._called
            ]
            if missing:
                print("\nno test comes by these entries of kernels:", *missing, sep="\n")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what another process called."""
        self._called |= set(getattr(node, "workeroutput", {}).get("entries", ()))


def _is_whole(config: pytest.Config) -> bool:
    """Whether no argument chooses some of the tests."""
    chosen = config.option.keyword or config.option.markexpr or config.option.maxfail
    return not chosen and config.args_source is not pytest.Config.ArgsSource.ARGS
