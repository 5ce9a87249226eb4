"""Groups of commands that say what a mistyped command may have been meant to be."""

from __future__ import annotations

import click


class SuggestingGroup(click.Group):
    """A group that suggests, as click does for options."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with; see `click.Group`."""
        name = args[0]
        known = self.list_commands(ctx)
        if name in known or name.startswith("-"):
            return super().resolve_command(ctx, args)
        import difflib

        # the beginning of a name is likelier meant than what merely looks alike
        begun = [each for each in known if each.startswith(name)]
        close = begun or difflib.get_close_matches(name, known, 1, 0.6)
        hint = f"did you mean {close[0]}?" if close else f"one of {', '.join(known)}"
        raise click.UsageError(f"no such command: {name}; {hint}", ctx)
