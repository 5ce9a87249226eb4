"""Children that Ctrl-C reaches, however the tests were started."""

from __future__ import annotations

import signal
import sys
from typing import Any


def _default() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


# for Popen: a shell that starts something in the background has it ignore SIGINT, and
# programs inherit that
AS_FROM_A_TERMINAL: dict[str, Any] = {} if sys.platform == "win32" else {"preexec_fn": _default}
