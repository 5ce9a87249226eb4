"""Write the folder share/: man pages, completions and the file type, as packages install them.

    python tools/make_share.py

A test compares the folder with what this would write. Run it after a change of a command's options
or help.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from nlac.cli.integration.files import shared_files

SHARE = Path(__file__).resolve().parents[1] / "share"


def main() -> None:
    """Write all files anew."""
    shutil.rmtree(SHARE, ignore_errors=True)
    for place, text in shared_files().items():
        path = SHARE / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
