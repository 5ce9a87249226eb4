"""Tags of original files, shown as tags without being stored a second time."""

from __future__ import annotations

from typing import Final

# where tags are that are stored as such
STORED: Final = "tags"
