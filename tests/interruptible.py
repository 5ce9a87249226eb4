"""Children that Ctrl-C reaches, however the tests were started, and where that can be tested."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytest

# Windows sends CTRL_C_EVENT to all that share the console, the tests among them
NEEDS_SIGINT = pytest.mark.skipif(
    sys.platform == "win32", reason="NOT TESTED: SIGINT can't be sent to one process on Windows"
)


def _default() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# for Popen: a shell that starts something in the background has it ignore SIGINT, and
# programs inherit that
AS_FROM_A_TERMINAL: dict[str, Any] = {} if sys.platform == "win32" else {"preexec_fn": _default}
