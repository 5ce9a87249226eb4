"""Lists the entries: which kernels the package's Python calls, and with arguments of which types.

    python tools/ahead/record.py [PYTEST ARGUMENTS]

Runs the tests, all by default, with kernels that are compiled just in time, and writes what they
came by to `entries.json`. Calls by tests themselves, and by other kernels, don't count. The tests
of a built wheel compare: an entry that is missing is a TypeError, and one that nothing calls makes
the session fail (tests/conftest.py).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LISTED = HERE / "entries.json"
_FOLDER = "NLAC_RECORDED_ENTRIES"


def pytest_configure() -> None:
    """Watch calls, in each process of pytest."""
    from descriptors import describe
    from numba.core import dispatcher

    compile_for_args = dispatcher.Dispatcher._compile_for_args
    path = Path(os.environ[_FOLDER], str(os.getpid()))

    # called once for each list of types, also where code is kept on disk
    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.startswith("nlac."):
            function = self.py_func
            kinds = [describe(self.typeof_pyval(each)) for each in arguments]
            entry = [f"{function.__module__}:{function.__qualname__}", kinds]
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        return compile_for_args(self, *arguments, **named)

    dispatcher.Dispatcher._compile_for_args = watched


def _merged(entries: list[Any]) -> list[Any]:
    """Entries whose types differ in read-only arrays alone become one."""
    from descriptors import merge

    found: list[Any] = []
    for name, kinds in entries:
        for other in found:
            if other[0] == name and len(other[1]) == len(kinds):
                both = [merge(a, b) for a, b in zip(other[1], kinds, strict=True)]
                if None not in both:
                    other[1] = both
                    break
        else:
            found.append([name, kinds])
    return sorted(found, key=json.dumps)


def main() -> int:
    """Record."""
    import pytest

    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"NLAC_JIT": "1", _FOLDER: folder}
        # this source tree, also in processes of pytest-xdist, which import this module, too
        places = [str(HERE), str(HERE.parents[1])]
        sys.path[:0] = places
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [*places, *filter(None, [os.environ.get("PYTHONPATH")])]
        )
        arguments = sys.argv[1:] or ["-n", "auto", "--dist", "loadfile"]
        failed = pytest.main(["-q", "-p", "record", "-m", "not jit", *arguments])
        lines = [line for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    if failed:
        print("tests failed: the list stays as it was")
        return 1
    entries = _merged([json.loads(line) for line in sorted(set(lines))])
    LISTED.write_text(text_of(entries), encoding="utf-8")
    print(f"{len(entries)} entries")
    return 0


def text_of(entries: list[Any]) -> str:
    """Write a list of entries, one in a line."""
    return "[\n" + ",\n".join(" " + json.dumps(entry) for entry in entries) + "\n]\n"


if __name__ == "__main__":
    sys.exit(main())
