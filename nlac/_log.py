"""The logger of the package.

The library only ever logs to the logger ``"nlac"`` and below it, and leaves it
to the program what becomes of that; the command line shows it on stderr.
"""

from __future__ import annotations

import logging

logger = logging.getLogger("nlac")
logger.addHandler(logging.NullHandler())
