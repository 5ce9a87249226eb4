"""``python -m nlac``: the command line."""

from __future__ import annotations

from nlac.cli.main import main

if __name__ == "__main__":
    main()
