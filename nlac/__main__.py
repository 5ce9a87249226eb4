"""The command, installed or as ``python -m nlac``.

Ctrl-C is answered before the command line itself is imported, which takes a while.
"""

from __future__ import annotations

from nlac.cli import _interrupt, _streams


def main() -> None:
    """Entry point of the installed command."""
    try:
        _interrupt.install()
        _streams.secure()
        from nlac.cli.main import cli

        cli.main(prog_name="nlac")
    except KeyboardInterrupt:
        _interrupt.leave()
    except Exception:
        # what an import makes of the interrupt
        if _interrupt.happened():
            _interrupt.leave()
        raise


if __name__ == "__main__":
    main()
